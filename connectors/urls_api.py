"""Addresses of connectors under /api/v1/."""

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from connectors.allowlist.api import AllowlistViewSet
from connectors.backfills.api import BackfillJobViewSet, DrillViewSet, PartViewSet
from connectors.diagram.api import ArchitectureViewSet
from connectors.importing.api import ImportViewSet, ServerJsonViewSet
from connectors.maintenance_api import MaintenanceViewSet
from connectors.syncs.urls_api import urlpatterns as sync_urlpatterns
from connectors.task_api import TaskViewSet
from connectors.tools.api import ToolViewSet, TryViewSet
from connectors.versions_api import ConnectorMoreViewSet

router = SimpleRouter()
router.register("tasks", TaskViewSet, basename="api-task")
router.register("maintenance", MaintenanceViewSet, basename="api-maintenance")
_allowlist = AllowlistViewSet.as_view
_job = BackfillJobViewSet.as_view
_TOOLS = "connectors/<str:key>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("connectors/import/", ImportViewSet.as_view({"post": "create"})),
    path("connectors/<str:key>/server.json", ServerJsonViewSet.as_view({"get": "retrieve"})),
    path("allowlist/", _allowlist({"get": "list"}), name="api-allowlist-list"),
    path("allowlist/bundle/", _allowlist({"get": "bundle"})),
    path("allowlist/keys/", _allowlist({"get": "keys"})),
    # As runtimes ask it, and as everything else here is called; described once.
    path("allowlist/decide", _allowlist({"post": "decide"}, schema=None)),
    path("allowlist/decide/", _allowlist({"post": "decide"})),
    path("backfills/<str:key>/job/", _job({"get": "job"})),
    path("backfills/<str:key>/log/", _job({"get": "log"})),
    path("backfills/<str:key>/partitions/", PartViewSet.as_view({"get": "list"})),
    path("backfills/<str:key>/partitions/<int:number>/", PartViewSet.as_view({"post": "create"})),
    *(
        path(f"backfills/<str:key>/{act}/", _job({"post": act}))
        for act in ("claim", "pause", "resume", "cancel", "retry", "verify")
    ),
    path("syncs/<str:key>/drills/", DrillViewSet.as_view({"get": "list", "post": "create"})),
    path("connectors/<str:key>/compare/", ConnectorMoreViewSet.as_view({"get": "compare"})),
    path("connectors/<str:key>/consumers/", ConnectorMoreViewSet.as_view({"get": "consumers"})),
    path("architecture/", ArchitectureViewSet.as_view({"get": "show"})),
    # No connector has the key “probe”.
    path("connectors/probe/", TryViewSet.as_view({"post": "create"})),
    path(f"{_TOOLS}/tools/", ToolViewSet.as_view({"get": "retrieve"})),
    path(f"{_TOOLS}/tools/<path:name>/", ToolViewSet.as_view({"get": "tool"})),
    path(f"{_TOOLS}/probe/", ToolViewSet.as_view({"post": "probe"})),
    path(f"{_TOOLS}/repin/", ToolViewSet.as_view({"post": "repin"})),
    path(f"{_TOOLS}/quarantine/", ToolViewSet.as_view({"post": "quarantine"})),
    path(f"{_TOOLS}/quarantine/lift/", ToolViewSet.as_view({"post": "lift"})),
    *router.urls,
    *sync_urlpatterns,
]
