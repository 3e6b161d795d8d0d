"""The approval policy as pure judgement: classes, the least approval, who must sign (domain: Classes).

Levels are the digits of the class names: A2 is level 2. No database, no clock; the policy in force is passed in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.registry.rules import Floor


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
    """The classes that an author declares, as levels; None where none is declared."""

    approval: int | None = None
    reversibility: int | None = None
    sensitivity: int | None = None


@dataclass(frozen=True)
class Row:
    """Who must sign a change of one approval class, and by when.

    `signatures` distinct people, one of whom signs for the level `one_of_them`. `sla_minutes` until a waiting change of class B
    is late, `expires_days` until an unsigned one is withdrawn, `fresh_minutes` how long ago the signer may have given the
    password (0 = is not asked).
    """

    approval: int
    signatures: int
    one_of_them: int
    sla_minutes: int
    expires_days: int
    fresh_minutes: int = 0

    @property
    def name(self) -> str:
        """`A2`."""
        return f"A{self.approval}"

    def enough(self, signed_levels: Iterable[int]) -> bool:
        """Whether signatures of these levels, each by another person, satisfy the row."""
        levels = list(signed_levels)
        return len(levels) >= self.signatures and (self.signatures == 0 or max(levels, default=0) >= self.one_of_them)

    def still_needed(self, signed_levels: Iterable[int]) -> str:
        """Which signatures are missing, in words; empty when none is."""
        levels = list(signed_levels)
        if self.enough(levels):
            return ""
        who = {1: _("a lead or higher"), 2: _("a function head or higher"), 3: _("an executive")}[self.one_of_them]
        missing = max(self.signatures - len(levels), 0)
        if max(levels, default=0) >= self.one_of_them:
            return str(_("%(n)d more signature(s) by a lead or higher") % {"n": missing})
        if missing <= 1:
            return str(_("one signature by %(who)s") % {"who": who})
        return str(_("%(n)d signatures, one of them by %(who)s") % {"n": missing, "who": who})


@dataclass(frozen=True)
class Policy:
    """The table in force. Version 0 is the domain's own, which stands until an administrator tightens it."""

    version: int
    reversibility: Sequence[int]
    sensitivity: Sequence[int]
    sensitivity_read_only: Sequence[int]
    external_side_effect: int
    touched: Mapping[str, int]
    rows: Sequence[Row]
    forbidden: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    def row(self, approval: int) -> Row:
        """The row of an approval class."""
        return self.rows[approval]

    def row_of(self, approval_class: str) -> Row:
        """The row of `A2`."""
        return self.rows[level(approval_class)]


NOBODY = Row(approval=0, signatures=0, one_of_them=0, sla_minutes=0, expires_days=0)
# The domain's table. A policy may be stricter than this, never weaker.
BASELINE = Policy(
    version=0,
    reversibility=(0, 1, 2, 3),
    sensitivity=(0, 1, 1, 2),
    sensitivity_read_only=(0, 0, 1, 2),
    external_side_effect=1,
    touched={"allowlist": 1, "endpoint": 2, "retention": 1, "sensitivity": 2},
    rows=(
        NOBODY,
        Row(approval=1, signatures=1, one_of_them=1, sla_minutes=24 * 60, expires_days=30),
        Row(approval=2, signatures=2, one_of_them=2, sla_minutes=48 * 60, expires_days=30),
        Row(approval=3, signatures=2, one_of_them=3, sla_minutes=72 * 60, expires_days=30, fresh_minutes=15),
    ),
)


@dataclass(frozen=True)
class Judgement:
    """What the policy says of a change.

    The levels that count, the least approval level, the action class, the name of the rule that decided, and the row that says
    who must sign. `evidence` tells whether an evidence pack is needed.
    """

    approval: int
    reversibility: int
    sensitivity: int
    least_approval: int
    action_class: ActionClass
    rule: str
    row: Row
    policy_version: int

    @property
    def evidence(self) -> bool:
        """Class B and R2 or worse carry evidence (domain: Changes)."""
        return self.action_class == ActionClass.B or self.reversibility >= 2


def judge(policy: Policy, declared: Classes, floors: Iterable[Floor], touched: Iterable[str] = ()) -> Judgement:
    """Judge a change by what it declares, by the states before and after it, and by what it touches.

    Declared classes only raise what the states demand. Without a declared approval class the least one counts; one below the
    least is class C.
    """
    states = list(floors)
    reversibility = max([f.reversibility for f in states] + [declared.reversibility or 0])
    sensitivity = max([f.sensitivity for f in states] + [declared.sensitivity or 0])
    read_only = all(f.read_only for f in states)
    outside = any(f.external_side_effect for f in states)
    by_sensitivity = policy.sensitivity_read_only if read_only else policy.sensitivity
    reasons = [
        (policy.reversibility[reversibility], f"reversibility_R{reversibility}"),
        (by_sensitivity[sensitivity], f"sensitivity_S{sensitivity}"),
        (max((f.approval for f in states), default=0), "approval_policy_hook"),
        (policy.external_side_effect if outside else 0, "external_side_effect"),
        *((policy.touched.get(name, 0), f"touches_{name}") for name in sorted(touched)),
    ]
    least, rule = max(reasons, key=lambda reason: reason[0])
    approval = least if declared.approval is None else declared.approval
    action = ActionClass.B if approval > 0 else ActionClass.A
    if (reversibility, sensitivity) in policy.forbidden:
        action, rule = ActionClass.C, f"forbidden:R{reversibility}_S{sensitivity}"
    elif approval < least:
        action, rule = ActionClass.C, f"approval_below_minimum:{rule}"
    return Judgement(
        approval=approval,
        reversibility=reversibility,
        sensitivity=sensitivity,
        least_approval=least,
        action_class=action,
        rule=rule,
        row=policy.row(max(approval, least)),
        policy_version=policy.version,
    )


def weaker_than(policy: Policy, baseline: Policy) -> list[str]:
    """The dotted paths of a policy's document at which it is weaker than another."""
    found = [
        f"{name}.{letter}{number}"
        for name, letter in (("reversibility", "R"), ("sensitivity", "S"), ("sensitivity_read_only", "S"))
        for number, least in enumerate(getattr(baseline, name))
        if getattr(policy, name)[number] < least
    ]
    if policy.external_side_effect < baseline.external_side_effect:
        found.append("external_side_effect")
    found += [f"touched.{name}" for name, least in baseline.touched.items() if policy.touched[name] < least]
    for row, least_row in zip(policy.rows[1:], baseline.rows[1:], strict=True):
        here = f"signing.{row.name}"
        found += [
            f"{here}.{name}" for name in ("signatures", "one_of_them") if getattr(row, name) < getattr(least_row, name)
        ]
        if least_row.fresh_minutes and not 0 < row.fresh_minutes <= least_row.fresh_minutes:
            found.append(f"{here}.fresh_minutes")
    return found
