"""Approval policy as pure judgement: classes, minimum approval, who must sign (domain: Classes).

Levels are the digits of the class names: A2 is level 2. No database, no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.registry.rules import Floor
from portal.roles import ActorType


class ApprovalClass(TextChoices):
    """Who signs off."""

    A0 = "A0", _("A0 nobody")
    A1 = "A1", _("A1 lead")
    A2 = "A2", _("A2 function head")
    A3 = "A3", _("A3 executive")


class ReversibilityClass(TextChoices):
    """How hard it is to undo."""

    R0 = "R0", _("R0 automatic")
    R1 = "R1", _("R1 limited effort")
    R2 = "R2", _("R2 costly")
    R3 = "R3", _("R3 irreversible or binding outside")


class SensitivityClass(TextChoices):
    """How sensitive the data is."""

    S0 = "S0", _("S0 public")
    S1 = "S1", _("S1 internal")
    S2 = "S2", _("S2 confidential")
    S3 = "S3", _("S3 regulated or personal")


class ActionClass(TextChoices):
    """Whether an action runs by itself, needs approval or is forbidden."""

    A = "A", _("A runs without approval")
    B = "B", _("B needs approval")
    C = "C", _("C forbidden")


def level(value: str) -> int:
    """`A2` → 2."""
    return int(value[1])


@dataclass(frozen=True)
class Classes:
    """The classes of a change, as levels."""

    approval: int
    reversibility: int
    sensitivity: int


@dataclass(frozen=True)
class Judgement:
    """What the policy says of a change: effective classes, least approval, action class and the rule that decided."""

    effective: Classes
    least_approval: int
    action_class: ActionClass
    rule: str


_BY_REVERSIBILITY = (0, 1, 2, 3)
_BY_SENSITIVITY_READ_ONLY = (0, 0, 1, 2)
_BY_SENSITIVITY = (0, 1, 1, 2)
# level → (distinct human approvers, the highest level one of them must sign for)
SIGNATURES: dict[int, tuple[int, int]] = {0: (0, 0), 1: (1, 1), 2: (2, 2), 3: (2, 3)}


def judge(declared: Classes | None, floors: Iterable[Floor]) -> Judgement:
    """Judge a change by what it declares and by the states before and after it.

    Declared classes can only raise what the states demand. Without a declared approval class the least one counts.
    """
    states = list(floors)
    reversibility = max([f.reversibility for f in states] + [declared.reversibility if declared else 0])
    sensitivity = max([f.sensitivity for f in states] + [declared.sensitivity if declared else 0])
    read_only = all(f.read_only for f in states)
    by_sensitivity = (_BY_SENSITIVITY_READ_ONLY if read_only else _BY_SENSITIVITY)[sensitivity]
    reasons = [
        (_BY_REVERSIBILITY[reversibility], f"reversibility_R{reversibility}"),
        (by_sensitivity, f"sensitivity_S{sensitivity}"),
        (max((f.approval for f in states), default=0), "approval_policy_hook"),
        (1 if any(f.external_side_effect for f in states) else 0, "external_side_effect"),
    ]
    least, rule = max(reasons, key=lambda reason: reason[0])
    approval = declared.approval if declared else least
    effective = Classes(approval, reversibility, sensitivity)
    if approval < least:
        return Judgement(effective, least, ActionClass.C, f"approval_below_minimum:{rule}")
    return Judgement(effective, least, ActionClass.B if approval > 0 else ActionClass.A, rule)


def enough(approval_level: int, signed_levels: Iterable[int]) -> bool:
    """Whether signatures of these levels, each by another person, satisfy the approval class."""
    count, highest = SIGNATURES[approval_level]
    levels = list(signed_levels)
    return len(levels) >= count and (count == 0 or max(levels, default=0) >= highest)


def still_needed(approval_level: int, signed_levels: Iterable[int]) -> str:
    """Which signatures are missing, in words; empty when none is."""
    count, highest = SIGNATURES[approval_level]
    levels = list(signed_levels)
    if enough(approval_level, levels):
        return ""
    who = {1: _("a lead or higher"), 2: _("a function head or higher"), 3: _("an executive")}[max(highest, 1)]
    missing = max(count - len(levels), 0)
    if max(levels, default=0) >= highest:
        return str(_("%(n)d more signature(s) by a lead or higher") % {"n": missing})
    if missing <= 1:
        return str(_("one signature by %(who)s") % {"who": who})
    return str(_("%(n)d signatures, one of them by %(who)s") % {"n": missing, "who": who})


def may_commit(actor_type: str, action_class: str) -> bool:
    """Whether this type of actor may apply a change of this class without a signature."""
    if action_class != ActionClass.A:
        return False
    return actor_type in {ActorType.HUMAN, ActorType.EXECUTOR_SYSTEM, ActorType.AUTOMATED_WORKFLOW}
