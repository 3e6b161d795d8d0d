"""The page and the API of the watchlist."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.web.views.base import PageView
from portal.web.views.listing import csv_response
from severity.watchlist.reads import CSV, WatchlistAnswer, answers, watched
from severity.watchlist.rollup import DAYS


class Watchlist(PageView):
    """How each server behaves, as it was observed."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The table, or all of it as CSV with `?format=csv`."""
        if request.GET.get("format") == "csv":
            return csv_response("watchlist", list(CSV), ([one[name] for name in CSV] for one in answers(self.now)))  # type: ignore[literal-required]
        found = watched(self.now)
        context = {
            "rows": [
                {
                    "one": one,
                    "month": one.by_days.get(30) or one.by_days[max(one.by_days)],
                    "rates": [_percent(one.by_days[days].slip_rate if days in one.by_days else None) for days in DAYS],
                }
                for one in found
            ],
            "columns": [
                {"label": _("Server")}, {"label": _("Observed by")}, {"label": _("Tasks, 30 days"), "numeric": True},
                {"label": _("Slip rate 7 / 30 / 90 days")}, {"label": _("Lost / expired / failed")},
                {"label": _("Cancels honoured")}, {"label": _("Looks every")}, {"label": _("Forgets early / never")},
                {"label": _("To acknowledge / resolve")},
            ],
            "crumbs": [{"label": _("MCP tasks"), "href": reverse("tasks")}, {"label": _("Watchlist")}],
        }  # fmt: skip
        return render(request, "severity/watchlist.html", context)


def _percent(rate: float | None) -> int | None:
    return None if rate is None else round(rate * 100)


class WatchlistViewSet(PortalViewSet):
    """`/api/v1/watchlist/`."""

    answers = {"list": {200: WatchlistAnswer}}

    def list(self, request: Request) -> Response:
        """Each server over 7, 30 and 90 days, the one that slips most first; not in pages."""
        return Response({"results": answers(self.now()), "next": None, "previous": None})
