"""Deciding on changes: approve, edit, reject, apply in an emergency and review that; each bound to the digest looked at."""

import hmac
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes import applying
from portal.changes.applying import locked
from portal.changes.freezing import check_base, freeze, normalise
from portal.changes.models import ChangeRequest, ChangeState, Decision, Proposal, Verdict
from portal.changes.reads import helpful_signers
from portal.changes.services import Draft, close, commit, take
from portal.changes.signing import (
    current_entry_of,
    fresh_enough,
    other_pair_of_eyes,
    proposal_of,
    required_row,
)
from portal.changes.telling import near_signers, tell
from portal.people.actors import Actor
from portal.people.models import User
from portal.policy import reads
from portal.refusals import Conflict, Forbidden, Invalid, Problem
from portal.roles import signing_level

# An emergency stays an incident until so many others have looked at what was done.
REVIEWERS = 2
_EXECUTIVE = 3


def refusal_to_decide(change: ChangeRequest, actor: Actor) -> str:
    """Why this actor may not decide on this change, in one sentence; empty when it may."""
    try:
        _deciding(change, actor)
    except (Forbidden, Conflict) as refusal:
        return refusal.message
    return ""


def _deciding(change: ChangeRequest, actor: Actor) -> tuple[User, Proposal]:
    if change.state != ChangeState.IN_REVIEW:
        raise Conflict("state", _("%(id)s is %(state)s; only a change in review is decided.")
                       % {"id": change.human_id, "state": change.get_state_display()})  # fmt: skip
    user = other_pair_of_eyes(change, actor)
    proposal = proposal_of(change)
    if proposal.decisions.filter(actor=user).exclude(verdict=Verdict.EDIT).exists():
        raise Conflict("decided_already", _("You have decided on this proposal already."))
    return user, proposal


def _decide(
    change: ChangeRequest, *, actor: Actor, verdict: Verdict, digest: str, reason: str, now: datetime
) -> Decision:
    user, proposal = _deciding(change, actor)
    _looked_at(proposal, digest)
    return _written(change, proposal, user, actor=actor, verdict=verdict, reason=reason, now=now)


def _looked_at(proposal: Proposal, digest: str) -> None:
    if not hmac.compare_digest(digest.encode(), proposal.digest.encode()):
        raise Conflict("digest", _("The proposal is not the one you looked at any more; look at it again."))


def _written(
    change: ChangeRequest, proposal: Proposal, user: User, *, actor: Actor, verdict: Verdict, reason: str, now: datetime
) -> Decision:
    return Decision.objects.create(
        proposal=proposal, verdict=verdict, digest=proposal.digest, level=max(signing_level(actor.roles), 1),
        reason=reason[:5000], actor=user, actor_name=actor.name, author=change.author, at=now,
    )  # fmt: skip


@transaction.atomic
def approve(*, actor: Actor, change_id: int, digest: str, now: datetime, reason: str = "") -> ChangeRequest:
    """Sign a change in review. The last needed signature applies it in the same transaction, if its time has come."""
    change = locked(change_id)
    user, proposal = _deciding(change, actor)
    _looked_at(proposal, digest)
    fresh_enough(required_row(change), actor, now)
    check_base(change, current_entry_of(change))
    decision = _written(change, proposal, user, actor=actor, verdict=Verdict.APPROVE, reason=reason, now=now)
    record(actor=actor, action="change.approve", kind=change.kind, key=change.key, now=now,
           after=change.digest, change_id=change.pk, detail=f"level {decision.level}")  # fmt: skip
    applying.settle(change, actor=actor, now=now)
    return ChangeRequest.objects.get(pk=change_id)


@transaction.atomic
def reject(*, actor: Actor, change_id: int, digest: str, reason: str, now: datetime) -> ChangeRequest:
    """Turn a change in review down, with a reason."""
    reason = _needed(reason, _("A rejection needs a reason."))
    change = locked(change_id)
    _decide(change, actor=actor, verdict=Verdict.REJECT, digest=digest, reason=reason, now=now)
    close(change, ChangeState.REJECTED, reason=reason, now=now)
    tell(change, "rejected", actor=actor, team=True, reason=change.reason)
    record(actor=actor, action="change.reject", kind=change.kind, key=change.key, now=now,
           before=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    return change


def _needed(reason: str, message: str) -> str:
    reason = reason.strip()[:5000]
    if not reason:
        raise Invalid("reason", message, [Problem("reason", _("Say why."), "required")])
    return reason


@transaction.atomic
def edit(*, actor: Actor, change_id: int, digest: str, draft: Draft, now: datetime, reason: str = "") -> ChangeRequest:
    """Amend what is in review as an approver. The original stays beside it, signatures are void, and the editor, now a
    co-author, does not sign it.
    """
    change = locked(change_id)
    _decide(change, actor=actor, verdict=Verdict.EDIT, digest=digest, reason=reason, now=now)
    before = change.digest
    take(change, draft)
    normalise(change)
    if change.digest == before:
        raise Invalid("no_change", _("Nothing was changed; approve or reject it as it is."))
    change.revision += 1
    change.updated_at = now
    freeze(change, actor=actor, now=now)
    change.save()
    record(actor=actor, action="change.amend", kind=change.kind, key=change.key, now=now,
           before=before, after=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    tell(change, "amended", actor=actor, occasion=str(change.proposal_number), signers=near_signers(change))
    commit(change, actor=actor, now=now)
    return change


@transaction.atomic
def apply_in_emergency(*, actor: Actor, change_id: int, digest: str, reason: str, now: datetime) -> ChangeRequest:
    """Apply a change in review at once, on the word of one executive. It stays an incident until two others reviewed it."""
    reason = _needed(reason, _("An emergency needs a reason."))
    change = locked(change_id)
    if signing_level(actor.roles) < _EXECUTIVE:
        raise Forbidden("role", _("Only an executive applies a change in an emergency."))
    if change.change_set_id is not None:
        raise Conflict("change_set", _("A change of a set is not applied alone; take it out of its set first."))
    user, proposal = _deciding(change, actor)
    _looked_at(proposal, digest)
    fresh_enough(reads.in_force().row(_EXECUTIVE), actor, now)
    _written(change, proposal, user, actor=actor, verdict=Verdict.APPROVE, reason=reason, now=now)
    change.emergency, change.emergency_reason = True, reason
    change.review_clock = now
    applying.apply_in_emergency(change, actor=actor, now=now)
    tell(change, "emergency", actor=actor, team=True, signers=helpful_signers(change), reason=reason)
    record(actor=actor, action="change.emergency", kind=change.kind, key=change.key, now=now,
           after=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    return change


@transaction.atomic
def review(*, actor: Actor, change_id: int, digest: str, now: datetime, reason: str = "") -> ChangeRequest:
    """Confirm that one has looked at what was applied in an emergency; the second reviewer ends the incident."""
    change = locked(change_id)
    if not change.emergency or change.reviewed_at is not None:
        raise Conflict("state", _("%s waits for no review.") % change.human_id)
    user = other_pair_of_eyes(change, actor)
    proposal = proposal_of(change)
    if proposal.decisions.filter(actor=user).exclude(verdict=Verdict.EDIT).exists():
        raise Conflict("decided_already", _("You have decided on this change already."))
    _looked_at(proposal, digest)
    _written(change, proposal, user, actor=actor, verdict=Verdict.REVIEW, reason=reason, now=now)
    if proposal.decisions.filter(verdict=Verdict.REVIEW).count() >= REVIEWERS:
        change.reviewed_at = change.judge_at = now
        tell(change, "reviewed", actor=actor, team=True)
    change.updated_at = now
    change.save()
    record(actor=actor, action="change.review", kind=change.kind, key=change.key, now=now,
           after=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    return change
