"""Deciding on changes: approve and reject, bound to the digest that was looked at."""

import hmac
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes import applying
from portal.changes.models import ChangeRequest, ChangeState, Decision, Proposal, Verdict, signatures
from portal.changes.rules import enough, level
from portal.changes.services import locked, require
from portal.outbox.services import publish
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Conflict, Forbidden, Invalid, Problem
from portal.roles import Permission, signing_level


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
    if actor.user is not None and actor.user.pk == change.author_id:
        raise Forbidden("four_eyes", _("You requested this change; somebody else must sign it."))
    user = require(actor, Permission.SIGN)
    if change.author.accountable_id == user.pk:
        raise Forbidden(
            "four_eyes",
            _("You answer for the account that requested this change; somebody else must sign it."),
        )
    proposal = Proposal.objects.get(change=change, number=change.proposal_number)
    if proposal.decisions.filter(actor=user).exists():
        raise Conflict("decided_already", _("You have decided on this proposal already."))
    return user, proposal


def _decide(change: ChangeRequest, *, actor: Actor, verdict: Verdict, digest: str, reason: str,
            now: datetime) -> Decision:  # fmt: skip
    user, proposal = _deciding(change, actor)
    if not hmac.compare_digest(digest.encode(), proposal.digest.encode()):
        raise Conflict("digest", _("The proposal is not the one you looked at any more; look at it again."))
    return Decision.objects.create(
        proposal=proposal, verdict=verdict, digest=proposal.digest, level=max(signing_level(actor.roles), 1),
        reason=reason, actor=user, actor_name=actor.name, author=change.author, at=now,
    )  # fmt: skip


@transaction.atomic
def approve(*, actor: Actor, change_id: int, digest: str, now: datetime, reason: str = "") -> ChangeRequest:
    """Sign a change in review. The last needed signature applies it in the same transaction."""
    change = locked(change_id)
    decision = _decide(change, actor=actor, verdict=Verdict.APPROVE, digest=digest, reason=reason, now=now)
    record(actor=actor, action="change.approve", kind=change.kind, key=change.key, now=now,
           after=change.digest, change_id=change.pk, detail=f"level {decision.level}")  # fmt: skip
    if enough(level(change.required_class), [signature.level for signature in signatures(change)]):
        applying.apply(change, actor=actor, now=now)
    else:
        change.updated_at = now
        change.save()
    return change


@transaction.atomic
def reject(*, actor: Actor, change_id: int, digest: str, reason: str, now: datetime) -> ChangeRequest:
    """Turn a change in review down, with a reason."""
    reason = reason.strip()
    if not reason:
        raise Invalid("reason", _("A rejection needs a reason."), [Problem("reason", _("Say why."), "required")])
    change = locked(change_id)
    _decide(change, actor=actor, verdict=Verdict.REJECT, digest=digest, reason=reason[:5000], now=now)
    change.state = ChangeState.REJECTED
    change.reason = reason[:5000]
    change.decided_at = change.updated_at = now
    change.save()
    publish(
        topic="change.rejected",
        subject=f"{change.human_id} rejected: {change.summary}",
        payload={"change": change.human_id, "kind": change.kind, "key": change.key, "reason": change.reason},
        dedup_key=f"change.rejected:{change.pk}",
    )
    record(actor=actor, action="change.reject", kind=change.kind, key=change.key, now=now,
           before=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    return change
