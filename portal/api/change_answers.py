"""What the API says of a change. The types are what the API's description is made from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict

from portal.api.judgement_answers import JudgementAnswer, RowAnswer, judgement_answer, row_answer
from portal.changes.models import ChangeRequest, ChangeState, Decision, Verdict
from portal.changes.signing import current_entry_of, required_row, signatures
from portal.changes.weighing import Weighed, weigh
from portal.people.models import User
from portal.refusals import Problem


class ChangeAnswer(TypedDict):
    """A change without its document."""

    id: int
    human_id: str
    kind: str
    key: str
    state: str
    summary: str
    base_version: int
    to_state: str
    digest: str
    revision: int
    proposal: int
    approval_class: str | None
    reversibility_class: str | None
    sensitivity_class: str | None
    required_class: str | None
    action_class: str | None
    policy_rule: str | None
    policy_version: int
    author: str
    actor_type: str
    created_at: datetime
    submitted_at: datetime | None
    sign_by: datetime | None
    expires_at: datetime | None
    decided_at: datetime | None
    apply_after: datetime | None
    apply_before: datetime | None
    held_back: str | None
    applied_at: datetime | None
    applied_version: int | None
    emergency: bool
    reviewed_at: datetime | None
    reason: str | None
    change_set: str | None
    replaces: str | None
    restores_version: int | None
    url: str


class SignatureAnswer(TypedDict):
    """One signature that counts now, bound to the digest that was looked at."""

    by: str
    level: int
    digest: str
    at: datetime


class DecisionAnswer(TypedDict):
    """What somebody decided on one of the proposals; `current` where it was on the content that stands."""

    by: str
    verdict: str
    proposal: int
    level: int
    digest: str
    reason: str | None
    at: datetime
    current: bool


class ProblemAnswer(TypedDict):
    """One thing that stands against a draft."""

    path: str
    message: str
    code: str


class WholeChange(ChangeAnswer):
    """A change with its document, who decided what, who still must, and, while it is a draft, what stands against it."""

    document: dict[str, Any]
    evidence: dict[str, Any]
    evidence_needed: bool | None
    co_authors: list[str]
    conflict: bool
    emergency_reason: str | None
    row: RowAnswer | None
    signatures: list[SignatureAnswer]
    signatures_needed: str | None
    decisions: list[DecisionAnswer]
    comments: int
    problems: list[ProblemAnswer] | None
    evidence_problems: list[ProblemAnswer] | None
    judgement: JudgementAnswer | None


class Trial(TypedDict):
    """What would become of a change if it were submitted as it is; nothing was written."""

    kind: str
    key: str
    base_version: int
    digest: str
    ready: bool
    problems: list[ProblemAnswer]
    evidence_needed: bool | None
    evidence_problems: list[ProblemAnswer]
    judgement: JudgementAnswer | None
    document: dict[str, Any]


def change_answer(change: ChangeRequest) -> ChangeAnswer:
    """A change without its document."""
    return {
        "id": change.pk,
        "human_id": change.human_id,
        "kind": change.kind,
        "key": change.key,
        "state": change.state,
        "summary": change.summary,
        "base_version": change.base_version,
        "to_state": change.to_state,
        "digest": change.digest,
        "revision": change.revision,
        "proposal": change.proposal_number,
        "approval_class": change.approval_class or None,
        "reversibility_class": change.reversibility_class or None,
        "sensitivity_class": change.sensitivity_class or None,
        "required_class": change.required_class or None,
        "action_class": change.action_class or None,
        "policy_rule": change.policy_rule or None,
        "policy_version": change.policy_version,
        "author": change.author.username,
        "actor_type": change.author_actor_type,
        "created_at": change.created_at,
        "submitted_at": change.submitted_at,
        "sign_by": change.sign_by,
        "expires_at": change.expires_at,
        "decided_at": change.decided_at,
        "apply_after": change.apply_after,
        "apply_before": change.apply_before,
        "held_back": change.held_back or None,
        "applied_at": change.applied_at,
        "applied_version": change.applied_version,
        "emergency": change.emergency,
        "reviewed_at": change.reviewed_at,
        "reason": change.reason or None,
        "change_set": f"SET-{change.change_set_id}" if change.change_set_id else None,
        "replaces": f"CHG-{change.replaces_id}" if change.replaces_id else None,
        "restores_version": change.restores_version,
        "url": change.get_absolute_url(),
    }


def problem_answers(problems: Iterable[Problem]) -> list[ProblemAnswer]:
    """Problems with the paths of their fields."""
    return [{"path": one.path, "message": str(one.message), "code": one.code} for one in problems]


def _judged(weighed: Weighed) -> JudgementAnswer | None:
    if weighed.judgement is None or weighed.row is None:
        return None
    return judgement_answer(
        weighed.judgement, weighed.row, commits=weighed.commits, evidence_needed=bool(weighed.evidence_needed)
    )


def _decision_answer(one: Decision, change: ChangeRequest) -> DecisionAnswer:
    current = one.proposal.number == change.proposal_number and one.digest == change.digest
    return {
        "by": one.actor_name,
        "verdict": one.verdict,
        "proposal": one.proposal.number,
        "level": one.level,
        "digest": one.digest,
        "reason": one.reason or None,
        "at": one.at,
        "current": current and one.verdict != Verdict.EDIT,
    }


def whole_answer(change: ChangeRequest) -> WholeChange:
    """A change with all that is known of it."""
    signed = signatures(change)
    row = required_row(change) if change.required_class else None
    entry = current_entry_of(change)
    decided = (
        Decision.objects.filter(proposal__change=change)
        .select_related("proposal")
        .order_by("at", "id")
        .defer("proposal__document", "proposal__evidence")
    )
    writers = User.objects.filter(pk__in=change.proposals.values("author_id")).exclude(pk=change.author_id)
    answer: WholeChange = {
        **change_answer(change),
        "document": change.document,
        "evidence": change.evidence,
        "evidence_needed": change.evidence_needed if change.proposal_number else None,
        "co_authors": list(writers.order_by("username").values_list("username", flat=True)),
        "conflict": change.open and (entry.version if entry else 0) != change.base_version,
        "emergency_reason": change.emergency_reason or None,
        "row": row_answer(row) if row else None,
        "signatures": [
            {"by": one.actor_name, "level": one.level, "digest": one.digest, "at": one.at} for one in signed
        ],
        "signatures_needed": row.still_needed(one.level for one in signed) if row else None,
        "decisions": [_decision_answer(one, change) for one in decided],
        "comments": change.comments.count(),
        "problems": None,
        "evidence_problems": None,
        "judgement": None,
    }
    if change.state == ChangeState.DRAFT:
        weighed = weigh(change, entry)
        answer["evidence_needed"] = weighed.evidence_needed
        answer["problems"] = problem_answers(weighed.problems)
        answer["evidence_problems"] = problem_answers(weighed.evidence_problems)
        answer["judgement"] = _judged(weighed)
    return answer


def trial_answer(change: ChangeRequest, weighed: Weighed) -> Trial:
    """What a dry run found of an unsaved change."""
    return {
        "kind": change.kind,
        "key": change.key,
        "base_version": change.base_version,
        "digest": change.digest,
        "ready": weighed.ready,
        "problems": problem_answers(weighed.problems),
        "evidence_needed": weighed.evidence_needed,
        "evidence_problems": problem_answers(weighed.evidence_problems),
        "judgement": _judged(weighed),
        "document": change.document,
    }
