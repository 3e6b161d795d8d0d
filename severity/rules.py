"""Judgement without a database: which slip is how bad, in which words, and when the clock itself cannot be trusted."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Level(IntEnum):
    """How bad it is (domain: Severity and incidents)."""

    V0 = 0
    V1 = 1
    V2 = 2
    V3 = 3


@dataclass(frozen=True)
class Rule:
    """One way to slip: its name, how bad it is, the beginning of the title, and what the first line of the timeline says.

    A rule with a `clock` slips when that clock passes and is over when its cause is; one without comes with the task's end.
    """

    name: str
    title: str
    told: str
    clock: bool
    level: Level = Level.V1


CLOCK_RULES = (
    Rule("start", "Not started in time", "The start window passed without a sign of work.", clock=True),
    Rule("deadline", "Deadline passed", "The deadline passed and the task has not ended.", clock=True),
    Rule("stall", "Stalled", "It works, but nothing has changed for the whole stall window.", clock=True),
    Rule("input", "Input overdue", "It waits for its owner's input longer than allowed.", clock=True),
    Rule("blind", "Out of sight", "No look at it has succeeded for the whole blind window.", clock=True),
    Rule("cancel", "Cancel not honoured", "It was asked to stop and has not stopped within the grace.", clock=True),
)
END_RULES = (
    Rule("failed_tool", "Failed (tool)", "It completed with a tool error.", clock=False),
    Rule("failed", "Failed (protocol)", "The remote side reports failure.", clock=False),
    Rule("cancelled_remotely", "Cancelled remotely", "The remote side cancelled it, unasked.", clock=False),
    Rule("lost", "Lost", "The remote side no longer knows it.", clock=False),
    Rule("expired", "Expired", "The remote side dropped it at the end of its time to live.", clock=False),
    Rule("not_started", "Not started", "It could not be started.", clock=False),
)
LATE = Rule("late_completion", "Completed late", "It completed after its deadline.", clock=False)
# The portal's own: a task that cannot be judged, set aside so that it blocks no other.
UNJUDGED = Rule("unjudged", "Cannot be judged", "The portal failed to judge this task and set it aside.", clock=False)

APPROVAL_LATE = Rule(
    "approval_late",
    "Approval late",
    "It waits for signatures longer than its approval SLA.",
    clock=True,
    level=Level.V2,
)
EMERGENCY = Rule(
    "emergency",
    "Emergency change",
    "It was applied on the word of one executive; two others must review it.",
    clock=True,
)

WAIVER_OVER = Rule(
    "waiver_over",
    "Waiver expired",
    "A break of its family's promise was let through until now. Retire the version, or register one that keeps it.",
    clock=True,
)
MOVE_LATE = Rule("move_late", "Not moved on", "The deadline for moving to this major has passed.", clock=True)
OUT_OF_RANGE = Rule(
    "out_of_range",
    "Out of its range",
    "The newest value is outside of the range that its definition states:",
    clock=True,
)
CERTIFICATION_OVER = Rule(
    "certification_over",
    "Certification over",
    "Nobody vouches for it any more. Look it over and certify it anew, or retire it.",
    clock=True,
    level=Level.V0,
)
# Told to administrators, who can give the team somebody: its own members cannot hear of it.
NOBODY = Rule(
    "nobody",
    "Nobody answers",
    "The team that owns them has no active member. Add somebody to it, or give what it owns to another team.",
    clock=True,
)

RULES = {
    rule.name: rule
    for rule in (
        *CLOCK_RULES, *END_RULES, LATE, UNJUDGED, APPROVAL_LATE, EMERGENCY, WAIVER_OVER, MOVE_LATE,
        OUT_OF_RANGE, CERTIFICATION_OVER, NOBODY,
    )
}  # fmt: skip


def level_of(rule: Rule, *, customer_impacting: bool) -> Level:
    """How bad a slip by this rule is on a connector that does or does not touch customers."""
    return max(rule.level, Level.V2) if customer_impacting else rule.level


def dedup_key(task_id: int, rule: str) -> str:
    """The key under which at most one incident is open."""
    return f"task:{task_id}:{rule}"


def fingerprint(
    *, incident_id: int, severity: int, state: str, repeats: int, commander_id: int | None, impact: str
) -> str:
    """The digest of an incident for the audit log, sha256 in hex; the statements of the sweep compute the same one."""
    parts = (str(incident_id), str(severity), state, str(repeats), str(commander_id or ""), impact)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


class ClockGuard:
    """Notices when the database's clock steps, by this process's monotonic clock.

    `steady(monotonic, database)` takes seconds and an aware datetime, in the order they were read; it answers whether the
    two agree. After a step it says no for `hold` seconds: a step that is soon taken back then judges nobody. A step that
    stays is the truth from then on.
    """

    def __init__(self, *, tolerance: float = 15.0, hold: float = 10.0) -> None:
        self._tolerance = tolerance
        self._hold = hold
        self._last: tuple[float, datetime] | None = None
        self._held_until = float("-inf")

    def steady(self, monotonic: float, database: datetime) -> bool:
        """Whether judging may go on."""
        if self._last is not None:
            passed = (database - self._last[1]).total_seconds()
            if abs(passed - (monotonic - self._last[0])) > self._tolerance:
                self._held_until = monotonic + self._hold
        self._last = (monotonic, database)
        return monotonic >= self._held_until
