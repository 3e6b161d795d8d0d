"""Who has shown life, and for how long not: what the watch over the portal itself stands on.

Every piece of background work notes a heartbeat; the scheduler's comes through the broker, sent by the scheduler and noted by
whichever worker took it. Ages are told by the database's clock alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from portal.operations.models import Heartbeat
from portal.operations.ticks import SCHEDULER, SCHEDULER_SECONDS

# The row of the watch itself: when it looked last, and what it found.
WATCH = "watch"
BROKER = "broker"
PERIODS = 3
# A restart is no outage, however short the period.
LEAST_SILENCE = timedelta(seconds=30)
# Between two looks of the watch: a longer gap, or an earlier clock, is a silence of its own or a step of the clock.
LONGEST_GAP = timedelta(seconds=15)
AHEAD = timedelta(seconds=2)


@dataclass(frozen=True)
class Part:
    """One part of the portal that shows life by itself, every so many seconds."""

    name: str
    seconds: float

    @property
    def allowed(self) -> timedelta:
        """The longest silence that is still well."""
        return max(PERIODS * timedelta(seconds=self.seconds), LEAST_SILENCE)


@dataclass(frozen=True)
class Silence:
    """A part that has shown no life since `since` for longer than allowed; `seen` says whether it ever did."""

    part: Part
    since: datetime
    seen: bool


def parts(without: str = "") -> list[Part]:
    """Everything that has to show life: every tick, but not `without`, and the scheduler where one is to run."""
    found = [Part(path.removesuffix(".tick"), seconds) for path, seconds in settings.TICKS]
    if settings.SCHEDULER_RUNS:
        found.append(Part(SCHEDULER, SCHEDULER_SECONDS))
    return [part for part in found if part.name != without]


def silent(
    parts: list[Part], beats: Mapping[str, datetime], *, watched_since: datetime, now: datetime
) -> list[Silence]:
    """Those of `parts` that are silent for longer than allowed.

    Nothing counts from before the watch began (`watched_since`): what nobody watched is unknown, not silent. A heartbeat from
    ahead of the clock is from before a step of it, and says nothing.
    """
    found = []
    for part in parts:
        at = beats.get(part.name)
        known = at is not None and at <= now + AHEAD
        since = max(at, watched_since) if at is not None and known else watched_since
        if now - since > part.allowed:
            found.append(Silence(part, since, seen=at is not None))
    return found


def watched_since(*, looked_at: datetime | None, since: datetime | None, now: datetime) -> datetime:
    """Since when the watch has looked without a gap, its last look being at `looked_at`."""
    if looked_at is None or since is None or since > now or looked_at > now + AHEAD or now - looked_at > LONGEST_GAP:
        return now
    return since


def heartbeats() -> dict[str, datetime]:
    """The last sign of life of everything that ever gave one."""
    return dict(Heartbeat.objects.values_list("name", "at"))
