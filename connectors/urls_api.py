"""Addresses of connectors under /api/v1/."""

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from connectors.allowlist_api import AllowlistViewSet
from connectors.importing.api import ImportViewSet, ServerJsonViewSet
from connectors.task_api import TaskViewSet

router = SimpleRouter()
router.register("allowlist", AllowlistViewSet, basename="api-allowlist")
router.register("tasks", TaskViewSet, basename="api-task")

urlpatterns: list[URLPattern | URLResolver] = [
    path("connectors/import/", ImportViewSet.as_view({"post": "create"})),
    path("connectors/<str:key>/server.json", ServerJsonViewSet.as_view({"get": "retrieve"})),
    *router.urls,
]
