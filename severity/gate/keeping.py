"""What workers do about the gate by themselves: note readiness once an hour, and forget answers nobody asks for any more."""

from datetime import timedelta

from portal.operations.services import beat, database_now
from severity.gate.services import forget, note_all
from severity.models import GateDecision

EVERY = timedelta(minutes=55)


def tick() -> dict[str, int]:
    """Once an hour, whichever worker comes first."""
    now = database_now()
    if GateDecision.objects.filter(way="clock", at__gt=now - EVERY).exists():
        return {"noted": 0, "forgotten": 0}
    counts = {"noted": note_all(now), "forgotten": forget(now)}
    beat("severity.gate", dict(counts))
    return counts
