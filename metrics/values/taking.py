"""Taking measured values: each place of a metric once, a correction told, all of a request or nothing.

New values leave no audit line, for each row says itself who sent it and when. A correction replaces what stood, as in a ledger
that is restated when a late invoice comes in: to refuse it would leave a number that everybody knows is wrong. What stood
before is in the audit log, one line a correction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from metrics.models import MeasuredValue, Metric
from metrics.values.rules import AHEAD, MOST_POINTS, Bounds, Point, outside, plain, points_of
from portal.audit.models import AuditLine
from portal.audit.services import line
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.registry.models import STANDING
from portal.roles import Permission

# By the index of the places: never all that stands at these instants.
_KNOWN = """
SELECT given.number, known.id, known.value
FROM unnest(%(at)s::timestamptz[], %(dimensions)s::text[]) WITH ORDINALITY AS given (at, dimensions, number)
JOIN metrics_measuredvalue known
  ON known.metric_id = %(metric)s AND known.at = given.at AND known.dimensions = given.dimensions::jsonb
"""
_CORRECT = """
UPDATE metrics_measuredvalue v SET value = given.value, received_at = %(now)s, sent_by_id = %(sender)s
FROM unnest(%(ids)s::bigint[], %(values)s::numeric[]) AS given (id, value)
WHERE v.id = given.id
"""


@dataclass(frozen=True)
class Taken:
    """What became of the points: how many are new, were there already, replaced another value; how many are out of range."""

    version: int
    new: int
    repeated: int
    corrected: int
    outside: int


def kept_from(now: datetime) -> datetime:
    """The instant before which values are not kept."""
    return now - timedelta(days=settings.METRIC_VALUES_DAYS)


def bounds_of(metric: Metric, now: datetime) -> Bounds:
    """What a metric takes now: from the first day of its definition on, as long as values are kept."""
    since, kept = str(metric.document["since"]), kept_from(now)
    begins = datetime.combine(date.fromisoformat(since), time.min, tzinfo=ZoneInfo(settings.TIME_ZONE))
    defined = begins >= kept
    told = (
        _("The metric is defined so since %(day)s: what was measured before is another number.") % {"day": since}
        if defined
        else _("Values are kept for %d days.") % settings.METRIC_VALUES_DAYS
    )
    return Bounds(frozenset(metric.document["dimensions"]), begins if defined else kept, now + AHEAD, told)


@transaction.atomic
def take(*, actor: Actor, key: str, unit: str, points: Sequence[object], now: datetime) -> Taken:
    """Keep points as they were sent: `{"at", "value", "dimensions"}`. All of them, or none with the reasons.

    Raises Missing for an unknown key, Conflict for a retired one, Invalid for another unit or for points that are wrong.
    """
    sender = require(actor, Permission.REPORT_VALUES)
    # Those who send for one metric take turns; nobody changes its definition meanwhile.
    metric = Metric.objects.select_for_update(no_key=True).filter(key=key[:60]).first()
    if metric is None:
        raise Missing("no_such_metric", _("There is no metric “%s”.") % key[:60])
    if metric.state not in STANDING:
        raise Conflict("retired", _("“%s” is retired: nothing is measured by it any more.") % metric.key)
    if unit != metric.unit:
        message = _("“%(key)s” is told in %(unit)s, not in “%(given)s”; convert the values where they are measured.")
        message %= {"key": metric.key, "unit": metric.unit, "given": unit[:40]}
        raise Invalid("unit", message, [Problem("unit", message, "unit")])
    if len(points) > MOST_POINTS:
        message = _("At most %d points at once; send the others after them.") % MOST_POINTS
        raise Invalid("too_many", message, [Problem("points", message, "too_many")])
    sound, problems = points_of(points, bounds_of(metric, now))
    if problems:
        raise Invalid("points", _("Nothing was taken: some points are wrong."), problems)
    known = _known(metric, sound)
    new = [one for one in sound if one.place not in known]
    replaced = [(one, *known[one.place]) for one in sound if one.place in known and known[one.place][1] != one.value]
    MeasuredValue.objects.bulk_create(
        MeasuredValue(
            metric=metric, at=one.at, dimensions=one.dimensions, value=one.value, received_at=now, sent_by=sender
        )
        for one in new
    )
    if replaced:
        with connection.cursor() as cursor:
            values = [point.value for point, _id, _before in replaced]
            ids = [number for _point, number, _before in replaced]
            cursor.execute(_CORRECT, {"now": now, "sender": sender.pk, "ids": ids, "values": values})
        AuditLine.objects.bulk_create(
            line(
                actor=actor, action="metric.correct", kind="metric", key=metric.key, now=now,
                detail=_told(point, before),
            )
            for point, _id, before in replaced
        )  # fmt: skip
    changed = new + [point for point, _id, _before in replaced]
    if any(not one.dimensions for one in changed):
        Metric.objects.filter(pk=metric.pk).update(judge_at=now)
    return Taken(
        version=metric.version,
        new=len(new),
        repeated=len(points) - len(changed),
        corrected=len(replaced),
        outside=sum(not one.dimensions and outside(one.value, metric.range_low, metric.range_high) for one in sound),
    )


def _known(metric: Metric, points: Sequence[Point]) -> dict[tuple[datetime, str], tuple[int, Decimal]]:
    """Place → number and value of what stands there already."""
    given: dict[str, Any] = {
        "metric": metric.pk,
        "at": [one.at for one in points],
        "dimensions": [one.place[1] for one in points],
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, given)
        return {points[number - 1].place: (row, value) for number, row, value in cursor.fetchall()}


def _told(point: Point, before: Decimal) -> str:
    where = "".join(f" {name}={value}" for name, value in sorted(point.dimensions.items()))
    return f"{point.at.isoformat()}{where}: {plain(before)} → {plain(point.value)}"
