"""Which incidents of a window of time would have been opened at another level by a proposed table."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from severity.models import Incident
from severity.rules import Level
from severity.table.rules import Table

DAYS = 90
SHOWN = 50


@dataclass(frozen=True)
class Moved:
    """How many incidents would have been opened at `after` and were opened at `before`."""

    before: Level
    after: Level
    count: int


@dataclass(frozen=True)
class Differing:
    """One incident that would differ."""

    incident: Incident
    before: Level
    after: Level


@dataclass(frozen=True)
class DryRun:
    """What a table would have changed: of how many incidents, how many, from where to where, and the newest of them."""

    looked_at: int
    moved: tuple[Moved, ...]
    newest: tuple[Differing, ...]

    @property
    def differ(self) -> int:
        """How many incidents would differ."""
        return sum(one.count for one in self.moved)


def dry_run(table: Table, *, now: datetime, days: int = DAYS, shown: int = SHOWN) -> DryRun:
    """Judge what was opened in these days by another table. Those from before there was a table were judged by none."""
    since = now - timedelta(days=days)
    opened = Incident.objects.filter(opened_at__gte=since, opened_severity__isnull=False)
    groups = opened.order_by().values_list("rule", "circumstance", "opened_severity").annotate(count=Count("id"))
    looked, moved, where = 0, Counter[tuple[Level, Level]](), []
    for rule, seen, level, count in groups:
        looked += count
        after = table.opening(rule, seen, level)
        if after != level:
            moved[Level(level), after] += count
            where.append((rule, seen, level))
    return DryRun(
        looked_at=looked,
        moved=tuple(Moved(before, after, count) for (before, after), count in sorted(moved.items(), reverse=True)),
        newest=tuple(
            Differing(one, Level(one.opened_severity or 0), table.opening(one.rule, one.circumstance, one.opened_severity or 0))
            for one in _of(opened, where)[:shown]
        ),
    )  # fmt: skip


def _of(opened: QuerySet[Incident], where: Iterable[tuple[str, str, int]]) -> QuerySet[Incident]:
    cells: Any = Q(pk__in=[])
    for rule, seen, level in where:
        cells |= Q(rule=rule, circumstance=seen, opened_severity=level)
    return opened.filter(cells).select_related("owner").order_by("-opened_at", "-id")
