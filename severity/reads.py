"""Reads that pages share."""

from portal.people.models import User
from severity.models import Incident
from severity.rules import Level


def counters(user: User) -> dict[str, int]:
    """The rail's and the bar's numbers, in one query."""
    counts = Incident.objects.counts()
    return {
        "incidents": counts[Level.V1] + counts[Level.V2] + counts[Level.V3],
        "v3": counts[Level.V3],
        "v2": counts[Level.V2],
    }
