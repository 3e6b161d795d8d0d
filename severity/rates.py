"""Rates of incidents over a window of time: how many lasted, how long it took to take them on and to end them.

All of it is grouped by the database: whatever the number of incidents, some hundred rows come back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from severity.rules import Level

WINDOWS = {30: 1, 90: 1, 365: 7}  # days looked at: days between two points
WEEK = timedelta(days=7)

# What lasted at the begin, and what was opened and ended in each step since; each of the three reads one index.
_MOVES = """
SELECT 0 AS step, severity, count(*) FROM severity_incident
WHERE state <> 'resolved' AND opened_at < %(since)s GROUP BY 2
UNION ALL
SELECT 0, severity, count(*) FROM severity_incident
WHERE state = 'resolved' AND resolved_at >= %(since)s AND opened_at < %(since)s GROUP BY 2
UNION ALL
SELECT 1 + floor(extract(epoch FROM opened_at - %(since)s) / %(step)s)::int, severity, count(*) FROM severity_incident
WHERE opened_at >= %(since)s AND opened_at < %(until)s GROUP BY 1, 2
UNION ALL
SELECT 1 + floor(extract(epoch FROM resolved_at - %(since)s) / %(step)s)::int, severity, -count(*) FROM severity_incident
WHERE state = 'resolved' AND resolved_at >= %(since)s AND resolved_at < %(until)s GROUP BY 1, 2
"""
# By the week in which it was opened. An incident that was merged counts with the one that went on.
_TIMES = """
SELECT floor(extract(epoch FROM opened_at - %(since)s) / 604800)::int AS week, severity, team.key, count(*),
       count(acknowledged_at), sum(extract(epoch FROM acknowledged_at - opened_at)),
       count(resolved_at), sum(extract(epoch FROM resolved_at - opened_at))
FROM severity_incident i JOIN people_team team ON team.id = i.owner_id
WHERE opened_at >= %(since)s AND opened_at < %(until)s AND merged_into_id IS NULL
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class Point:
    """How many lasted at an instant, by level from V0 to V3."""

    at: datetime
    counts: tuple[int, ...]


@dataclass
class Times:
    """How many were opened, and how long it took: sums and numbers, so that groups can be added up."""

    opened: int = 0
    taken: int = 0
    taken_seconds: float = 0.0
    ended: int = 0
    ended_seconds: float = 0.0

    def add(self, other: "Times") -> None:
        """Count another group in."""
        self.opened += other.opened
        self.taken += other.taken
        self.taken_seconds += other.taken_seconds
        self.ended += other.ended
        self.ended_seconds += other.ended_seconds

    @property
    def to_acknowledge(self) -> float | None:
        """The mean seconds until somebody took it on (MTTA); None where nobody has."""
        return self.taken_seconds / self.taken if self.taken else None

    @property
    def to_resolve(self) -> float | None:
        """The mean seconds until it was resolved (MTTR)."""
        return self.ended_seconds / self.ended if self.ended else None


@dataclass(frozen=True)
class Group:
    """Those of one week, level and owner."""

    week: datetime
    level: Level
    owner: str
    times: Times


def lasting(*, now: datetime, days: int) -> list[Point]:
    """How many incidents lasted, at the begin of the window and after each step. By the level that each has now."""
    step = timedelta(days=WINDOWS[days])
    since = now - timedelta(days=days)
    moves: dict[tuple[int, int], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, {"since": since, "until": now, "step": step.total_seconds()})
        for number, severity, count in cursor.fetchall():
            moves[number, severity] = moves.get((number, severity), 0) + count
    points, standing = [], [0] * len(Level)
    for number in range(-(-timedelta(days=days) // step) + 1):
        for level in Level:
            standing[level] += moves.get((number, level.value), 0)
        points.append(Point(min(since + number * step, now), tuple(standing)))
    return points


def groups(*, now: datetime, days: int) -> list[Group]:
    """What was opened in the window, by week, level and owner, the oldest week first."""
    since = now - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, {"since": since, "until": now})
        rows: list[Any] = cursor.fetchall()
    return [
        Group(
            week=since + week * WEEK,
            level=Level(severity),
            owner=owner,
            times=Times(opened, taken, float(taken_for or 0), ended, float(ended_for or 0)),
        )
        for week, severity, owner, opened, taken, taken_for, ended, ended_for in rows
    ]


def together(found: list[Group], by: str) -> list[tuple[Any, Times]]:
    """The groups added up by one of their names, in order."""
    sums: dict[Any, Times] = {}
    for one in found:
        sums.setdefault(getattr(one, by), Times()).add(one.times)
    return sorted(sums.items())


def weekly(found: list[Group]) -> list[tuple[datetime, list[tuple[Level, Times]]]]:
    """Week by week, the groups added up by level, V3 first."""
    weeks: dict[datetime, list[Group]] = {}
    for one in found:
        weeks.setdefault(one.week, []).append(one)
    return [(week, together(members, "level")[::-1]) for week, members in sorted(weeks.items(), reverse=True)]
