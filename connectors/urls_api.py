"""Addresses of connectors under /api/v1/."""

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from connectors.allowlist.api import AllowlistViewSet
from connectors.importing.api import ImportViewSet, ServerJsonViewSet
from connectors.task_api import TaskViewSet

router = SimpleRouter()
router.register("tasks", TaskViewSet, basename="api-task")
_allowlist = AllowlistViewSet.as_view

urlpatterns: list[URLPattern | URLResolver] = [
    path("connectors/import/", ImportViewSet.as_view({"post": "create"})),
    path("connectors/<str:key>/server.json", ServerJsonViewSet.as_view({"get": "retrieve"})),
    path("allowlist/", _allowlist({"get": "list"}), name="api-allowlist-list"),
    path("allowlist/bundle/", _allowlist({"get": "bundle"})),
    path("allowlist/keys/", _allowlist({"get": "keys"})),
    # As runtimes ask it, and as everything else here is called; described once.
    path("allowlist/decide", _allowlist({"post": "decide"}, schema=None)),
    path("allowlist/decide/", _allowlist({"post": "decide"})),
    *router.urls,
]
