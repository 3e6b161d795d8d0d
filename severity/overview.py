"""What the overview page shows of incidents and deadlines."""

from datetime import datetime, timedelta
from typing import Any

from connectors.models import KnownTool, Verification
from portal.operations.models import Heartbeat
from portal.operations.signs import BROKER, LONGEST_GAP, WATCH
from portal.operations.ticks import SCHEDULER
from portal.people.models import User
from severity.models import Incident, next_deadlines
from severity.releases.reads import next_release
from severity.rules import Level
from severity.sla.reading import counts as sla_counts
from severity.sweep import HEARTBEAT

LATE = timedelta(seconds=10)
UNWATCHED = 2 * LONGEST_GAP
DRIFT_OF = timedelta(hours=24)
SHOWN = 8


def blocks(*, user: User, now: datetime) -> dict[str, Any]:
    """Counts by severity, what nobody has taken on, the next deadlines, and whether the watcher itself lives."""
    counts, sla = Incident.objects.counts(), sla_counts()
    return {
        "incident_counts": [
            {"level": level.name, "count": counts[level], "href": f"/incidents/?severity={level.name}"}
            for level in reversed(Level)
        ],
        "open_count": sum(counts.values()),
        "unacknowledged": list(Incident.objects.visible().unacknowledged()[:5]),
        "open_incidents": list(Incident.objects.visible().unresolved().by_urgency()[:SHOWN]),
        "deadlines": list(next_deadlines(6)),
        "sla": {"at_risk": sla["late"] + sla["soon"], **sla},
        "next_release": next_release(),
        "held_tools": list(
            KnownTool.objects.filter(drift_since__gte=now - DRIFT_OF, quarantined=True)
            .select_related("connector")
            .defer("connector__document")
            .order_by("-drift_since")[:SHOWN]
        ),
        "held_connectors": list(
            Verification.objects.filter(quarantined_at__gte=now - DRIFT_OF)
            .select_related("connector")
            .defer("connector__document")
            .order_by("-quarantined_at")[:SHOWN]
        ),
        "watcher": watcher(now),
    }


def watcher(now: datetime) -> dict[str, Any]:
    """How the portal itself does, in one query: the last sweep, and what the watch over the portal found last.

    `found` is what `severity.watching.tick` returns, None if nobody has looked lately. Of the scheduler and of the broker's
    queue the last that is known, with its instant.
    """
    rows = {row.name: row for row in Heartbeat.objects.filter(name__in=(HEARTBEAT, WATCH, SCHEDULER, BROKER))}
    swept, watched, scheduler = rows.get(HEARTBEAT), rows.get(WATCH), rows.get(SCHEDULER)
    kept = watched is not None and now - watched.at <= UNWATCHED
    return {
        "at": swept.at if swept else None,
        "late": swept is None or now - swept.at > LATE,
        "looked_at": watched.at if watched else None,
        "found": watched.detail if watched is not None and kept else None,
        "scheduler_at": scheduler.at if scheduler else None,
        "broker": rows.get(BROKER),
    }
