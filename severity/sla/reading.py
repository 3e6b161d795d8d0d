"""Reads of the SLA watch: a page of clocks, every clock for CSV, and the numbers of its head."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.urls import reverse

from portal.registry import kinds
from severity.rules import Level
from severity.sla.statements import BRANCHES, NOW, PAGE, Branch, ClockKind, ClockState, in_state, rows_of

PAGE_SIZE, BATCH = 50, 500
# Counted no further: whether 1,000 or 100,000 are late, the first page is where to begin.
MOST_COUNTED = 1000
WINDOWS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "1d": timedelta(days=1), "7d": timedelta(days=7)}


@dataclass(frozen=True)
class Asked:
    """Which clocks are wanted; empty means all."""

    kinds: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    owner: str = ""
    window: str = ""
    critical: bool | None = None


@dataclass(frozen=True)
class Place:
    """Where a page begins: after the clock of this deadline, kind and id."""

    deadline: datetime
    rank: int
    id: int

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """What `written` wrote, or nothing: a link that has grown old begins anew."""
        try:
            at, rank, number = text.split("~")
            place = cls(datetime.fromisoformat(at), int(rank), int(number))
        except (ValueError, OverflowError):
            return None
        sound = place.deadline.tzinfo is not None and 0 <= place.rank < len(BRANCHES) and 0 <= place.id < 2**62
        return place if sound else None

    @property
    def written(self) -> str:
        """As it stands in an address."""
        return f"{self.deadline.isoformat()}~{self.rank}~{self.id}"


@dataclass(frozen=True)
class Clock:
    """One row of the watch."""

    kind: ClockKind
    id: int
    title: str
    key: str
    connector: str
    entry_kind: str
    state: ClockState
    deadline: datetime
    since: datetime | None
    paused_until: datetime | None
    next_clock: datetime | None
    target_seconds: int | None
    owner_key: str
    owner: str
    critical: bool
    incident: int | None
    incident_level: str
    incident_open: bool

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return Place(self.deadline, list(ClockKind).index(self.kind), self.id)

    @property
    def human_id(self) -> str:
        """T-12, CHG-3, BN-004, or the key of what it is about."""
        made = {
            ClockKind.TASK: f"T-{self.id}", ClockKind.APPROVAL: f"CHG-{self.id}", ClockKind.NOTICE: f"BN-{self.id:03d}",
        }  # fmt: skip
        return made.get(self.kind, self.key)

    @property
    def choice(self) -> str:
        """How a form names it."""
        return f"{self.kind.value}:{self.key if self.kind is ClockKind.SYNC else self.id}"

    @property
    def can_pause(self) -> bool:
        """Whether its clock can be stopped for a while."""
        return self.kind in (ClockKind.TASK, ClockKind.SYNC)

    @property
    def address(self) -> str:
        """Its page."""
        if self.kind is ClockKind.TASK:
            return reverse("task", args=[self.id])
        if self.kind is ClockKind.APPROVAL:
            return reverse("change", args=[f"CHG-{self.id}"])
        return reverse("entry", args=[_pages()[self.entry_kind], self.key])

    @property
    def runbook(self) -> str:
        """Where it stands what to do, if anywhere."""
        if self.kind is ClockKind.SYNC:
            return f"{reverse('entry', args=[_pages()[self.entry_kind], self.key])}?tab=runbook"
        if self.kind is ClockKind.TASK:
            return reverse("entry", args=[_pages()[self.entry_kind], self.key])
        return ""

    def seconds_now(self, now: datetime) -> float | None:
        """How long it has run."""
        return None if self.since is None else (now - self.since).total_seconds()


def _pages() -> Mapping[str, str]:
    return {kind.name: kind.pages for kind in kinds.all_kinds()}


@dataclass
class _Query:
    """A statement under way: its conditions a branch, and their values."""

    values: dict[str, Any] = field(default_factory=dict)

    def conditions(self, branch: Branch, asked: Asked, after: Place | None) -> str:
        parts: list[str] = []
        if after is not None:
            # The first half is what the index is entered by.
            parts.append(f"{branch.deadline} >= %(after_at)s")
            parts.append(f"({branch.deadline}, {branch.rank}, x.id) > (%(after_at)s, %(after_rank)s, %(after_id)s)")
            self.values |= {"after_at": after.deadline, "after_rank": after.rank, "after_id": after.id}
        if asked.window in WINDOWS:
            parts.append(f"{branch.deadline} <= {NOW} + %(window)s")
            self.values["window"] = WINDOWS[asked.window]
        if asked.owner:
            parts.append(f"{branch.owner} = %(owner)s")
            self.values["owner"] = asked.owner
        if asked.critical is not None:
            parts.append(branch.critical if asked.critical else f"NOT ({branch.critical})")
        if asked.states:
            wanted = " OR ".join(f"({in_state(branch, ClockState(state))})" for state in asked.states)
            parts.append(f"({wanted})")
        return "".join(f"\n    AND {part}" for part in parts)


def statement(asked: Asked, after: Place | None, limit: int) -> tuple[str, dict[str, Any]]:
    """The SQL of a page and its values."""
    query = _Query({"limit": limit})
    wanted = [one for one in BRANCHES if not asked.kinds or one.kind in asked.kinds]
    union = " UNION ALL ".join(rows_of(one, query.conditions(one, asked, after)) for one in wanted)
    return PAGE.format(union=union), query.values


def page(asked: Asked, after: Place | None = None, size: int = PAGE_SIZE) -> tuple[list[Clock], bool]:
    """The clocks after a place, the nearest deadline first, and whether there are more."""
    sql, values = statement(asked, after, size + 1)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column.name for column in cursor.description or ()]
        found = [_clock(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    return found[:size], len(found) > size


def every(asked: Asked) -> Iterator[Clock]:
    """All of them, some hundred at a time."""
    after, more = None, True
    while more:
        found, more = page(asked, after, BATCH)
        yield from found
        after = found[-1].place if found else None


def counts() -> dict[str, int]:
    """How many are over their deadline (late or breached), due within the hour and paused; each up to MOST_COUNTED."""
    over = "{runs} AND {at} <= statement_timestamp()"
    hour = "{runs} AND {at} > statement_timestamp() AND {at} <= statement_timestamp() + interval '1 hour'"
    found = {}
    for name, condition in {"late": over, "soon": hour, "paused": "{paused} > statement_timestamp()"}.items():
        parts = []
        for branch in BRANCHES:
            if name == "paused" and branch.paused_until.startswith("NULL"):
                continue
            runs = f"({branch.paused_until} IS NULL OR {branch.paused_until} <= {NOW})"
            told = condition.format(at=branch.deadline, runs=runs, paused=branch.paused_until)
            parts.append(f"(SELECT 1 FROM {branch.source} WHERE {branch.where} AND {told} LIMIT {MOST_COUNTED})")
        found[name] = (
            f"(SELECT count(*) FROM (SELECT 1 FROM ({' UNION ALL '.join(parts)}) one LIMIT {MOST_COUNTED}) two)"
        )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(found.values())}")
        row: Any = cursor.fetchone()
    return dict(zip(found, row, strict=True))


def _clock(row: dict[str, Any]) -> Clock:
    level = row["incident_severity"]
    return Clock(
        kind=list(ClockKind)[row["rank"]],
        id=row["id"],
        title=row["title"],
        key=row["key"],
        connector=row["connector_name"],
        entry_kind=row["kind"],
        state=ClockState(row["state"]),
        deadline=row["deadline"],
        since=row["since"],
        paused_until=row["paused_until"],
        next_clock=row["next_clock"],
        target_seconds=row["target_seconds"],
        owner_key=row["owner_key"],
        owner=row["owner_name"],
        critical=row["critical"],
        incident=row["incident_id"],
        incident_level="" if level is None else Level(level).name,
        incident_open=row["incident_state"] == "open",
    )
