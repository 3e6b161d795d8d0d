"""Addresses of connectors under /api/v1/."""

from rest_framework.routers import SimpleRouter

from connectors.allowlist_api import AllowlistViewSet

router = SimpleRouter()
router.register("allowlist", AllowlistViewSet, basename="api-allowlist")

urlpatterns = router.urls
