"""Addresses of incidents under /api/v1/."""

from rest_framework.routers import SimpleRouter

from severity.api import IncidentViewSet

router = SimpleRouter()
router.register("incidents", IncidentViewSet, basename="api-incident")

urlpatterns = router.urls
