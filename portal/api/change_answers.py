"""What the API says of a change. The types are what the API's description is made from."""

from datetime import datetime
from typing import Any, NotRequired, TypedDict, cast

from portal.changes.freezing import problems_of
from portal.changes.models import ChangeRequest
from portal.changes.signing import current_entry_of, required_row, signatures


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
    author: str
    actor_type: str
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    applied_at: datetime | None
    applied_version: int | None
    reason: str | None
    url: str


class SignatureAnswer(TypedDict):
    """One signature, bound to the digest that was looked at."""

    by: str
    level: int
    digest: str
    at: datetime


class ProblemAnswer(TypedDict):
    """One thing that stands against a draft."""

    path: str
    message: str
    code: str


class _Signed(ChangeAnswer):
    """A change with its document and its signatures."""

    document: dict[str, Any]
    evidence: dict[str, Any]
    signatures: list[SignatureAnswer]
    signatures_needed: str | None


class WholeChange(_Signed):
    """A change with its document, its problems while it is a draft, and its signatures."""

    problems: NotRequired[list[ProblemAnswer]]


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
        "author": change.author.username,
        "actor_type": change.author_actor_type,
        "created_at": change.created_at,
        "submitted_at": change.submitted_at,
        "decided_at": change.decided_at,
        "applied_at": change.applied_at,
        "applied_version": change.applied_version,
        "reason": change.reason or None,
        "url": change.get_absolute_url(),
    }


def whole_answer(change: ChangeRequest) -> WholeChange:
    """A change with its document, its problems while it is a draft, and its signatures."""
    signed = signatures(change)
    known: _Signed = {
        **change_answer(change),
        "document": change.document,
        "evidence": change.evidence,
        "signatures": [
            {"by": signature.actor_name, "level": signature.level, "digest": signature.digest, "at": signature.at}
            for signature in signed
        ],
        "signatures_needed": (
            required_row(change).still_needed(signature.level for signature in signed)
            if change.required_class
            else None
        ),
    }
    answer = cast(WholeChange, known)
    if change.state == "draft":
        _document, problems = problems_of(change, current_entry_of(change))
        answer["problems"] = [
            {"path": found.path, "message": str(found.message), "code": found.code} for found in problems
        ]
    return answer
