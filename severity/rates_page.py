"""The page of rates: open by level over time, mean times to acknowledge and to resolve, as lines, tables and CSV."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.web.views.base import PageView
from portal.web.views.listing import csv_response
from severity.rates import WEEK, WINDOWS, Group, groups, lasting, together, weekly
from severity.rates_plot import Lines, lines
from severity.rules import Level

CSV = ("week", "severity", "owner", "opened", "acknowledged", "mtta_minutes", "resolved", "mttr_minutes")
LEVELS = tuple(reversed(Level))


class Rates(PageView):
    """How many, and how long."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """One window of time, 30 days unless asked; the groups as CSV with `?format=csv`."""
        asked = request.GET.get("days", "")
        days = int(asked) if asked in {str(one) for one in WINDOWS} else 30
        found = groups(now=self.now, days=days)
        if request.GET.get("format") == "csv":
            return csv_response("incident-rates", list(CSV), self._csv(found))
        points = lasting(now=self.now, days=days)
        weeks = [self.now - timedelta(days=days) + number * WEEK for number in range(-(-days // 7))]
        context = {
            "days": days,
            "windows": [{"days": one, "current": one == days} for one in WINDOWS],
            "any": bool(found) or any(any(point.counts) for point in points),
            "open_plot": lines(
                [point.at for point in points],
                {level.name: [float(point.counts[level]) for point in points] for level in LEVELS},
            ),
            "points": points[::-1],
            "levels": [level.name for level in LEVELS],
            "mtta": self._means(weeks, found, "to_acknowledge"),
            "mttr": self._means(weeks, found, "to_resolve"),
            "weeks": weekly(found),
            "by_level": together(found, "level")[::-1],
            "by_owner": together(found, "owner"),
            "crumbs": [{"label": _("Incidents"), "href": reverse("incidents")}, {"label": _("Rates")}],
        }
        return render(request, "severity/rates.html", context)

    @staticmethod
    def _means(weeks: Sequence[datetime], found: list[Group], name: str) -> Lines:
        """Hours, week by week and level by level."""
        values: dict[str, Sequence[float | None]] = {}
        for level in LEVELS:
            by_week: dict[Any, Any] = dict(together([one for one in found if one.level == level], "week"))
            seconds = [getattr(by_week[week], name) if week in by_week else None for week in weeks]
            values[level.name] = [None if one is None else one / 3600 for one in seconds]
        return lines(weeks, values)

    @staticmethod
    def _csv(found: list[Group]) -> Iterator[list[object]]:
        for one in found:
            times = one.times
            means = [None if mean is None else round(mean / 60, 1) for mean in (times.to_acknowledge, times.to_resolve)]
            yield [one.week, one.level.name, one.owner, times.opened, times.taken, means[0], times.ended, means[1]]
