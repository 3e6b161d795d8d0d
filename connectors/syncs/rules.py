"""Judgement about runs and freshness without a database, with the time passed in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# How far ahead of the database's clock a reported time may be.
AHEAD = timedelta(minutes=5)
MOST_AT_ONCE = 500
MOST_RUN_KEY, MOST_NOTE, MOST_STREAMS = 120, 500, 500
MOST_STREAM, MOST_MODE, MOST_CURSOR = 120, 40, 200
MOST_COUNT = 2**53
LEAST_NOTICE = timedelta(days=7)
MOST_CONSUMERS = 200
DAYS_SHOWN = 30
# Due soon: the last quarter of the window, an hour at most.
SOON_SECONDS, SOON_PART = 3600, 4


class SyncShown(TextChoices):
    """The word a data sync is shown with."""

    LATE = "late", _("Late")
    PAUSED = "paused", _("Paused")
    RUNNING = "running", _("Running")
    DUE_SOON = "due_soon", _("Due soon")
    ON_TIME = "on_time", _("On time")
    NO_DATA = "no_data", _("No data")
    OFF = "off", _("Not watched")


def deadline(fresh_until: datetime | None, paused_until: datetime | None) -> datetime | None:
    """Until when nobody has to hear of it: the data is fresh, or it is paused."""
    if fresh_until is None:
        return None
    return max(fresh_until, paused_until) if paused_until is not None else fresh_until


@dataclass(frozen=True)
class FreshDay:
    """One day of the strip: for how many seconds of it the data was late; `known` is False before the first success."""

    day: datetime
    late_seconds: int
    known: bool

    @property
    def state(self) -> str:
        """The word of its badge."""
        if not self.known:
            return "no_data"
        return "late" if self.late_seconds else "on_time"


def fresh_days(
    successes: Iterable[tuple[datetime, datetime]], window: timedelta, midnight: datetime, now: datetime
) -> list[FreshDay]:
    """The last days up to today, judged by today's SLA.

    `successes` are (when it ended, how new the data was then), `midnight` is the begin of today.
    """
    covered = sorted((ended, basis + window) for ended, basis in successes)
    first = covered[0][0] if covered else None
    late = _gaps(covered, now)
    days = []
    for back in range(DAYS_SHOWN - 1, -1, -1):
        begin = midnight - timedelta(days=back)
        end = min(begin + timedelta(days=1), now)
        seconds = sum(max(0.0, (min(end, until) - max(begin, since)).total_seconds()) for since, until in late)
        days.append(FreshDay(begin, int(seconds), first is not None and first < end))
    return days


def _gaps(covered: Sequence[tuple[datetime, datetime]], now: datetime) -> list[tuple[datetime, datetime]]:
    """The spans in which nothing that had succeeded was fresh any more."""
    gaps = []
    until: datetime | None = None
    for ended, fresh_until in covered:
        if until is not None and ended > until:
            gaps.append((until, ended))
        until = max(fresh_until, ended) if until is None else max(until, fresh_until)
    if until is not None and until < now:
        gaps.append((until, now))
    return gaps
