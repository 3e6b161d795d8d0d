"""Addresses of connectors under /api/v1/."""

from rest_framework.routers import SimpleRouter

from connectors.allowlist_api import AllowlistViewSet
from connectors.task_api import TaskViewSet

router = SimpleRouter()
router.register("allowlist", AllowlistViewSet, basename="api-allowlist")
router.register("tasks", TaskViewSet, basename="api-task")

urlpatterns = router.urls
