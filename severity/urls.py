"""Addresses of the pages of incidents, claims and releases."""

from django.urls import URLPattern, path, re_path

from severity.board import Board
from severity.claims.pages import ClaimList, ClaimPage
from severity.incident_page import Declare, IncidentPage
from severity.pages import IncidentList
from severity.rates_page import Rates
from severity.releases import pages as releases
from severity.routing import pages as routing
from severity.sla.pages import SlaWatch
from severity.table.pages import SeverityTest
from severity.watchlist.pages import Watchlist

RELEASE = r"(?P<key>[rR]-[A-Za-z0-9.-]{1,58})"

urlpatterns: list[URLPattern] = [
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/board/", Board.as_view(), name="incident-board"),
    path("incidents/declare/", Declare.as_view(), name="incident-declare"),
    path("incidents/rates/", Rates.as_view(), name="incident-rates"),
    path("severity-table/test/", SeverityTest.as_view(), name="severity-test"),
    path("incidents/<str:pk>/", IncidentPage.as_view(), name="incident"),
    path("settings/routes/", routing.Routes.as_view(), name="routes"),
    path("settings/routes/new/", routing.RoutePage.as_view(), name="route-new"),
    path("settings/routes/<slug:name>/", routing.RoutePage.as_view(), name="route"),
    path("settings/silences/", routing.Silences.as_view(), name="silences"),
    path("settings/who-hears/", routing.WhoHears.as_view(), name="who-hears"),
    path("watchlist/", Watchlist.as_view(), name="watchlist"),
    path("sla/", SlaWatch.as_view(), name="sla"),
    path("claims/", ClaimList.as_view(), name="claims"),
    path("claims/<str:pk>/", ClaimPage.as_view(), name="claim"),
    # Not under releases/: there, it would be the page of a release of that key.
    path("compare/releases/", releases.Compare.as_view(), name="releases-compare"),
    re_path(r"^releases/(?P<key>R-[A-Za-z0-9.-]{1,58})/$", releases.Redirected.as_view(), name="release-written"),
    re_path(rf"^releases/{RELEASE}/promote/$", releases.Promote.as_view(), name="release-promote"),
    re_path(rf"^releases/{RELEASE}/ask/$", releases.Ask.as_view(), name="release-ask"),
    re_path(rf"^releases/{RELEASE}/matrix/$", releases.Matrix.as_view(), name="release-matrix"),
    re_path(rf"^releases/{RELEASE}/frozen/(?P<stage>[a-z]{{3,7}})/$", releases.Frozen.as_view(), name="release-frozen"),
    re_path(
        rf"^releases/{RELEASE}/rows/(?P<dimension>[a-z_]{{3,24}})/$", releases.SetRow.as_view(), name="release-row"
    ),
]
