"""Judgement without a database: which slip is how bad, in which words."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from severity.readiness import Dimension

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Level(IntEnum):
    """How bad it is (domain: Severity and incidents)."""

    V0 = 0
    V1 = 1
    V2 = 2
    V3 = 3


# What a slip is judged by beside its rule: nothing more; a connector or dataset that touches customers; data that is regulated or
# personal, or may be; a path of R2 or R3; what agents write by, or are steered by.
CIRCUMSTANCES = ("plain", "customer", "regulated", "governed", "steering")
_CUSTOMER = {"customer": Level.V2}
_DATA = {"customer": Level.V2, "regulated": Level.V3}


@dataclass(frozen=True)
class Rule:
    """One way to slip: its name, how bad it is, the beginning of the title, and what the first line of the timeline says.

    A rule with a `clock` slips when that clock passes and is over when its cause is; one without comes with the task's end.
    `level` is the domain's in plain circumstances, `worse` in others that the rule knows; the severity table may raise each.
    `dimension` is the readiness row in which its incidents count.
    """

    name: str
    title: str
    told: str
    clock: bool
    level: Level = Level.V1
    worse: Mapping[str, Level] = field(default_factory=dict)
    dimension: str = Dimension.CONNECTOR_HEALTH.value

    @property
    def label(self) -> "_StrPromise":
        """The title in the language of whoever reads it."""
        return gettext_lazy(self.title)

    def least(self, circumstance: str) -> Level:
        """The domain's level in a circumstance; one that the rule does not know is as plain."""
        return self.worse.get(circumstance, self.level)

    @property
    def circumstances(self) -> tuple[str, ...]:
        """The circumstances in which it can be judged."""
        return ("plain", *self.worse)


CLOCK_RULES = (
    Rule(
        "start",
        _("Not started in time"),
        _("The start window passed without a sign of work."),
        clock=True,
        worse=_CUSTOMER,
    ),
    Rule(
        "deadline",
        _("Deadline passed"),
        _("The deadline passed and the task has not ended."),
        clock=True,
        worse=_CUSTOMER,
    ),
    Rule(
        "stall",
        _("Stalled"),
        _("It works, but nothing has changed for the whole stall window."),
        clock=True,
        worse=_CUSTOMER,
    ),
    Rule(
        "input",
        _("Input overdue"),
        _("It waits for its owner's input longer than allowed."),
        clock=True,
        worse=_CUSTOMER,
    ),
    Rule(
        "blind",
        _("Out of sight"),
        _("No look at it has succeeded for the whole blind window."),
        clock=True,
        worse=_CUSTOMER,
    ),
    Rule(
        "cancel",
        _("Cancel not honoured"),
        _("It was asked to stop and has not stopped within the grace."),
        clock=True,
        worse=_CUSTOMER,
    ),
)
END_RULES = (
    Rule("failed_tool", _("Failed (tool)"), _("It completed with a tool error."), clock=False, worse=_CUSTOMER),
    Rule("failed", _("Failed (protocol)"), _("The remote side reports failure."), clock=False, worse=_CUSTOMER),
    Rule(
        "cancelled_remotely",
        _("Cancelled remotely"),
        _("The remote side cancelled it, unasked."),
        clock=False,
        worse=_CUSTOMER,
    ),
    Rule("lost", _("Lost"), _("The remote side no longer knows it."), clock=False, worse=_CUSTOMER),
    Rule(
        "expired",
        _("Expired"),
        _("The remote side dropped it at the end of its time to live."),
        clock=False,
        worse=_CUSTOMER,
    ),
    Rule("not_started", _("Not started"), _("It could not be started."), clock=False, worse=_CUSTOMER),
)
LATE = Rule("late_completion", _("Completed late"), _("It completed after its deadline."), clock=False, worse=_CUSTOMER)
# The portal's own: a task that cannot be judged, set aside so that it blocks no other.
UNJUDGED = Rule(
    "unjudged", _("Cannot be judged"), _("The portal failed to judge this task and set it aside."), clock=False
)

APPROVAL_LATE = Rule(
    "approval_late",
    _("Approval late"),
    _("It waits for signatures longer than its approval SLA."),
    clock=True,
    level=Level.V2,
    dimension=Dimension.APPROVAL_SLA.value,
)
EMERGENCY = Rule(
    "emergency",
    _("Emergency change"),
    _("It was applied on the word of one executive; two others must review it."),
    clock=True,
    dimension=Dimension.APPROVAL_SLA.value,
)

WAIVER_OVER = Rule(
    "waiver_over",
    _("Waiver expired"),
    _("A break of its family's promise was let through until now. Retire the version, or register one that keeps it."),
    clock=True,
    dimension=Dimension.SCHEMA_ADHERENCE.value,
)
MOVE_LATE = Rule(
    "move_late",
    _("Not moved on"),
    _("The deadline for moving to this major has passed."),
    clock=True,
    dimension=Dimension.SCHEMA_ADHERENCE.value,
)
OUT_OF_RANGE = Rule(
    "out_of_range",
    _("Out of its range"),
    _("The newest value is outside of the range that its definition states:"),
    clock=True,
    dimension=Dimension.DATA_QUALITY.value,
)
CERTIFICATION_OVER = Rule(
    "certification_over",
    _("Certification over"),
    _("Nobody vouches for it any more. Look it over and certify it anew, or retire it."),
    clock=True,
    level=Level.V0,
    dimension=Dimension.DATA_QUALITY.value,
)
# Told to administrators, who can give the team somebody: its own members cannot hear of it.
NOBODY = Rule(
    "nobody",
    _("Nobody answers"),
    _("The team that owns them has no active member. Add somebody to it, or give what it owns to another team."),
    clock=True,
)
# The portal's own, of itself.
PART_SILENT = Rule(
    "part_silent", _("A part of the portal is silent"), _("A part of the portal has stopped to show life."), clock=True
)
POLLS_BEHIND = Rule(
    "polls_behind", _("Polls are behind"), _("Servers are not asked when they should be: what they did may not show yet."),
    clock=True,
)  # fmt: skip

FRESHNESS = Rule(
    "freshness", _("Data late"), _("No sync succeeded within the freshness SLA."), clock=True, worse=_CUSTOMER
)
SYNC_FAILED = Rule(
    "sync_failed", _("Sync failed"), _("The newest run failed; the next one may succeed."), clock=True, worse=_CUSTOMER
)
NOTICE_LATE = Rule(
    "notice_late",
    _("Breaking change: not moved"),
    _("The deadline of an announced breaking change has passed, and somebody has not moved."),
    clock=True,
)
TOOL_DRIFT = Rule(
    "tool_drift",
    _("Tool not as approved"),
    _("Its server does not show what was approved. Calls to it are refused."),
    clock=True,
    worse=_CUSTOMER | {"steering": Level.V2},
)
# Nobody may call a tool that nobody approved: the documents drift, and nothing else.
TOOL_ADDED = Rule(
    "tool_added",
    _("New tools on its server"),
    _("Its server shows tools that nobody approved, and that nobody may call."),
    clock=True,
    level=Level.V0,
)
CHECKPOINT_FAILED = Rule(
    "checkpoint_failed",
    _("Checkpoint failed"),
    _("What the data must hold does not hold."),
    clock=True,
    worse=_DATA,
    dimension=Dimension.DATA_QUALITY.value,
)
CHECKPOINT_ERROR = Rule(
    "checkpoint_error",
    _("Checkpoint could not look"),
    _("An expectation ended with an error, so nobody knows what the data holds."),
    clock=True,
    worse=_DATA,
    dimension=Dimension.DATA_QUALITY.value,
)
CHECKPOINT_ABSENT = Rule(
    "checkpoint_absent",
    _("Checkpoint without a result"),
    _("There is no whole and fresh result: it is missing, stale, empty or incomplete."),
    clock=True,
    worse=_CUSTOMER,
    dimension=Dimension.DATA_QUALITY.value,
)
CLAIM_CONTRADICTED = Rule(
    "claim_contradicted",
    _("Claim contradicted"),
    _("The evidence contradicts the claim, or there is too little of it."),
    clock=True,
    level=Level.V2,
    worse={"governed": Level.V3},
    dimension=Dimension.CONTRADICTION_BACKLOG.value,
)
CLAIM_PARTIAL = Rule(
    "claim_partial",
    _("Claim partly verified"),
    _("A part of the evidence does not bear the claim out."),
    clock=True,
    level=Level.V2,
    worse={"governed": Level.V2},
    dimension=Dimension.CONTRADICTION_BACKLOG.value,
)
# Those who declare or report say how bad it is.
DECLARED = Rule("declared", _("Declared"), _("Somebody declared it."), clock=False, level=Level.V0)
REPORTED = Rule("reported", _("Reported"), _("Another system reported it."), clock=True, level=Level.V0)

RULES = {
    rule.name: rule
    for rule in (
        *CLOCK_RULES, *END_RULES, LATE, UNJUDGED, APPROVAL_LATE, EMERGENCY, WAIVER_OVER, MOVE_LATE,
        OUT_OF_RANGE, CERTIFICATION_OVER, NOBODY, PART_SILENT, POLLS_BEHIND,
        FRESHNESS, SYNC_FAILED, NOTICE_LATE, TOOL_DRIFT, TOOL_ADDED,
        CHECKPOINT_FAILED, CHECKPOINT_ERROR, CHECKPOINT_ABSENT,
        CLAIM_CONTRADICTED, CLAIM_PARTIAL, DECLARED, REPORTED,
    )
}  # fmt: skip


def dedup_key(task_id: int, rule: str) -> str:
    """The key under which at most one incident is open."""
    return f"task:{task_id}:{rule}"


def fingerprint(
    *,
    incident_id: int,
    severity: int,
    state: str,
    repeats: int,
    commander_id: int | None,
    impact: str,
    measure: str = "",
    merged_into_id: int | None = None,
) -> str:
    """The digest of an incident for the audit log, sha256 in hex; the statements of the sweep compute the same one."""
    numbers = (str(incident_id), str(severity), state, str(repeats), str(commander_id or ""))
    parts = (*numbers, impact, measure, str(merged_into_id or ""))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
