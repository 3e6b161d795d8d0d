"""Reads that pages share."""

from datetime import datetime

from metrics.values.plot import Mark
from portal.people.models import User
from severity.models import Incident
from severity.rules import Level


def counters(user: User) -> dict[str, int]:
    """The rail's and the bar's numbers, in one query."""
    counts = Incident.objects.counts()
    return {
        "incidents": sum(counts.values()),
        "v3": counts[Level.V3],
        "v2": counts[Level.V2],
    }


def marks_of_metric(metric_id: int, since: datetime, most: int) -> list[Mark]:
    """The incidents of a metric since an instant, the newest first, as marks of its plot."""
    rows = Incident.objects.filter(subject_kind="metric", subject_id=metric_id, opened_at__gte=since).order_by("-id")
    return [
        Mark(
            at=one.opened_at,
            label=one.human_id,
            title=f"{one.human_id} {one.level.name}: {one.title}",
            address=one.get_absolute_url(),
            tone=one.level.name,
        )
        for one in rows.only("id", "opened_at", "severity", "title")[:most]
    ]
