"""Addresses of incidents, claims, releases and the severity table under /api/v1/."""

from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from severity.api import IncidentViewSet
from severity.claims.api import ClaimViewSet
from severity.releases.api import ReleaseViewSet
from severity.routing.api import RouteViewSet, SilenceViewSet, WhoHearsViewSet
from severity.sla.api import SlaViewSet
from severity.table.api import DryRunViewSet
from severity.watchlist.pages import WatchlistViewSet

router = SimpleRouter()
router.register("incidents", IncidentViewSet, basename="api-incident")
router.register("claims", ClaimViewSet, basename="api-claim")
router.register("routes", RouteViewSet, basename="api-route")
router.register("watchlist", WatchlistViewSet, basename="api-watchlist")
router.register("sla", SlaViewSet, basename="api-sla")
router.register("silences", SilenceViewSet, basename="api-silence")
_release = ReleaseViewSet.as_view

urlpatterns: list[URLPattern | URLResolver] = [
    # Not under releases/: there, it would be the release of that key.
    path("import/releases/", _release({"post": "from_ci"})),
    # As a pipeline asks it, and as everything else here is called; described once.
    path("releases/<str:key>/gate", _release({"get": "gate"}, schema=None)),
    path("releases/<str:key>/gate/", _release({"get": "gate"})),
    path("releases/<str:key>/matrix/", _release({"get": "matrix"})),
    path("releases/<str:key>/rows/", _release({"get": "rows", "post": "say"})),
    path("releases/<str:key>/attestations/", _release({"get": "attestations", "post": "attest"})),
    path("releases/<str:key>/promotions/", _release({"get": "promotions"})),
    path("releases/<str:key>/decisions/", _release({"get": "decisions"})),
    path("releases/<str:key>/promote/", _release({"post": "promote"})),
    path("severity-table/dry-run/", DryRunViewSet.as_view({"post": "create"})),
    path("who-hears/", WhoHearsViewSet.as_view({"post": "create"})),
    *router.urls,
]
