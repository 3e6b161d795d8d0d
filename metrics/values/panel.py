"""What the page of a metric shows of its measured values, in a handful of queries."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from metrics.models import MeasuredValue, Metric
from metrics.values.plot import Mark, grouped, plot

# Shown without a choice of time, and at most in one.
LATEST, MOST = 120, 500
# By what values are split is read off so many of the newest.
LOOKED_AT, MOST_SPLITS = 2_000, 20
MOST_MARKS = 50
TIMES: tuple[tuple[str, int | None], ...] = (("", None), ("31", 31), ("92", 92), ("366", 366))


def panel(metric: Metric, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The plot, its table and the choices. `asked` is the query of the page: `days` and `split` (the number of a choice)."""
    splits = _splits(metric)
    number = asked.get("split", "0")
    split = splits[int(number)] if number.isascii() and number.isdigit() and int(number[:3]) < len(splits) else None
    split = split if split is not None else (splits[0] if splits else {})
    days = dict(TIMES).get(asked.get("days", ""))
    rows = MeasuredValue.objects.filter(metric=metric, dimensions=split).select_related("sent_by").order_by("-at")
    if days is not None:
        rows = rows.filter(at__gte=now - timedelta(days=days))
    newest = list(rows[: (LATEST if days is None else MOST) + 1])
    more, newest = len(newest) > (LATEST if days is None else MOST), newest[: LATEST if days is None else MOST]
    whole = not split
    found: dict[str, Any] = {
        "any": bool(splits),
        "values": [{"one": one, "value": grouped(one.value), "outside": False} for one in newest],
        "more": more,
        "split": _words(split),
        "times": _links(asked, "days", [(name, _told(length)) for name, length in TIMES]),
        "splits": _links(asked, "split", [(str(at) if at else "", _words(one)) for at, one in enumerate(splits)]),
        "low": grouped(metric.range_low) if metric.range_low is not None else "",
        "high": grouped(metric.range_high) if metric.range_high is not None else "",
    }
    if not newest:
        return found
    incidents = import_string(settings.METRIC_MARKS)(metric.pk, newest[-1].at, MOST_MARKS)
    low, high = (metric.range_low, metric.range_high) if whole else (None, None)
    found["plot"] = drawn = plot(
        [(one.at, one.value) for one in reversed(newest)],
        low=low, high=high, incidents=incidents, versions=_versions(metric, newest[-1].at), until=now,
    )  # fmt: skip
    outside = {dot.at for dot in drawn.dots if dot.outside}
    for row in found["values"]:
        row["outside"] = row["one"].at in outside
    found["outside"] = len(outside)
    marks = [mark for group in (*drawn.incidents, *drawn.versions) for mark in group.marks]
    found["marks"] = sorted(marks, key=lambda one: one.at, reverse=True)
    return found


def _splits(metric: Metric) -> list[dict[str, str]]:
    """By what the newest values are split; not at all comes first."""
    newest = MeasuredValue.objects.filter(metric=metric).order_by("-at", "-id").values("dimensions")[:LOOKED_AT]
    found: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for row in newest:
        found.setdefault(tuple(sorted(row["dimensions"].items())), row["dimensions"])
    return [found[key] for key in sorted(found)[:MOST_SPLITS]]


def _words(split: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in sorted(split.items())) if split else _("not split")


def _told(days: int | None) -> str:
    return _("latest %d") % LATEST if days is None else _("%d days") % days


def _links(asked: Mapping[str, str], name: str, choices: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Links of this page with another choice; the other choice stays."""
    kept = {other: value for other in ("days", "split") if other != name and (value := asked.get(other, "")).isalnum()}
    chosen = asked.get(name, "")
    known = chosen if chosen in dict(choices) else ""
    found = []
    for value, label in choices:
        query = "&".join(f"{key}={text}" for key, text in (kept | ({name: value} if value else {})).items())
        found.append({"href": f"?{query}#values", "label": label, "current": value == known})
    return found


def _versions(metric: Metric, since: datetime) -> list[Mark]:
    """The versions of the definition since an instant, the newest few."""
    history: Any = Metric.history.model
    rows = history._default_manager.filter(id=metric.pk, history_date__gte=since).order_by("-version")
    page = metric.get_absolute_url()
    return [
        Mark(
            at=made,
            label=f"v{version}",
            title=_("Version %(version)d: %(summary)s") % {"version": version, "summary": summary},
            address=f"{reverse('entry-diff', args=['metrics', metric.key])}?from={version - 1}&to={version}"
            if version > 1
            else f"{page}?tab=versions",
        )
        for version, made, summary in rows.values_list("version", "history_date", "change__summary")[:MOST_MARKS]
    ]
