"""What the overview page shows of incidents and deadlines."""

from datetime import datetime, timedelta
from typing import Any

from portal.operations.models import Heartbeat
from portal.people.models import User
from severity.models import Incident, next_deadlines
from severity.releases.reads import next_release
from severity.rules import Level
from severity.sweep import HEARTBEAT

LATE = timedelta(seconds=10)
SHOWN = 8


def blocks(*, user: User, now: datetime) -> dict[str, Any]:
    """Counts by severity, what nobody has taken on, the next deadlines, and whether the watcher itself lives."""
    counts = Incident.objects.counts()
    beat = Heartbeat.objects.filter(name=HEARTBEAT).first()
    return {
        "incident_counts": [
            {"level": level.name, "count": counts[level], "href": f"/incidents/?severity={level.name}&open=true"}
            for level in reversed(Level)
        ],
        "open_count": sum(counts.values()),
        "unacknowledged": list(Incident.objects.visible().unacknowledged()[:5]),
        "open_incidents": list(Incident.objects.visible().unresolved().by_urgency()[:SHOWN]),
        "deadlines": list(next_deadlines(6)),
        "next_release": next_release(),
        "watcher": {"at": beat.at if beat else None, "late": beat is None or now - beat.at > LATE},
    }
