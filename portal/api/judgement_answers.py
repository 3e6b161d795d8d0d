"""What the API says of a judgement by the approval policy."""

from typing import TypedDict

from django.utils.translation import gettext as _

from portal.policy.rules import Judgement, Row
from portal.roles import SIGNS_FOR

_SIGNER = {number: role.value for role, number in SIGNS_FOR.items()}


class RowAnswer(TypedDict):
    """A row of the policy: how many must sign, one of them how senior, and by when."""

    approval_class: str
    signatures: int
    one_of_them: str | None
    fresh_minutes: int
    sla_minutes: int
    expires_days: int
    who: str


class JudgementAnswer(TypedDict):
    """What the policy in force says: the classes that count, the rule that decided, the row that was hit."""

    action_class: str
    rule: str
    approval_class: str
    least_approval_class: str
    reversibility_class: str
    sensitivity_class: str
    policy_version: int
    evidence_needed: bool
    applies_at_once: bool
    row: RowAnswer


def row_answer(row: Row) -> RowAnswer:
    """A row with who must sign, in words."""
    return {
        "approval_class": row.name,
        "signatures": row.signatures,
        "one_of_them": _SIGNER.get(row.one_of_them),
        "fresh_minutes": row.fresh_minutes,
        "sla_minutes": row.sla_minutes,
        "expires_days": row.expires_days,
        "who": row.still_needed(()) or _("nobody"),
    }


def judgement_answer(judgement: Judgement, row: Row, *, commits: bool, evidence_needed: bool) -> JudgementAnswer:
    """A judgement, with the row that stands for who asked: what a machine may not commit, somebody signs."""
    return {
        "action_class": judgement.action_class,
        "rule": judgement.rule,
        "approval_class": f"A{judgement.approval}",
        "least_approval_class": f"A{judgement.least_approval}",
        "reversibility_class": f"R{judgement.reversibility}",
        "sensitivity_class": f"S{judgement.sensitivity}",
        "policy_version": judgement.policy_version,
        "evidence_needed": evidence_needed,
        "applies_at_once": commits,
        "row": row_answer(row),
    }
