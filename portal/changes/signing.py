"""Whose word counts: who wrote a change, who may decide on it, which signatures stand now, and what the policy demands now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from portal.changes.models import ChangeRequest, Decision, Proposal, Verdict
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.policy import reads
from portal.policy.rules import Judgement, Policy, Row, judge, level
from portal.refusals import Conflict, Forbidden
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.registry.models import Entry, EntryState
from portal.roles import ActorType, Permission, signing_level


@dataclass(frozen=True)
class Signature:
    """An approval that counts now, at the level that its signer holds now."""

    actor_name: str
    level: int
    digest: str
    at: datetime


def current_entry(kind: Kind, key: str) -> Entry | None:
    """The object as it stands, if it exists."""
    entry: Entry | None = kind.entries().filter(key=key).first()
    return entry


def current_entry_of(change: ChangeRequest) -> Entry | None:
    """The object of a change as it stands, if it exists."""
    return current_entry(kinds.get(change.kind), change.key)


def judgement_of(
    change: ChangeRequest, document: Document, entry: Entry | None, policy: Policy | None = None
) -> Judgement:
    """What the policy in force says of the change, from the states before and after it and from what it touches."""
    kind = kinds.get(change.kind)
    before = entry.document if entry else None
    floors = [kind.floor(document)] + ([kind.floor(before)] if before is not None else [])
    touched = kind.touched(before, document)
    if entry is not None and change.to_state == EntryState.RETIRED != entry.state:
        touched |= kind.retiring_touches
    return judge(policy or reads.in_force(), change.declared, floors, touched)


def required_row(change: ChangeRequest, policy: Policy | None = None) -> Row:
    """The row that the change was last found to need, as it reads in the policy in force."""
    return (policy or reads.in_force()).row_of(change.required_class or "A0")


def signatures(change: ChangeRequest) -> list[Signature]:
    """The approvals that count now: of the current proposal and content, by people who may sign today."""
    wrote = Q(author_id=OuterRef("actor_id")) | Q(author__accountable_id=OuterRef("actor_id"))
    written = Proposal.objects.filter(wrote, change_id=change.pk)
    decisions = (
        Decision.objects.filter(
            proposal__change=change,
            proposal__number=change.proposal_number,
            digest=change.digest,
            verdict=Verdict.APPROVE,
            actor__is_active=True,
        )
        # Who came to answer for an author after signing is no other pair of eyes any more.
        .exclude(Q(actor_id=change.author_id) | Q(actor__accounts=change.author_id) | Exists(written))
        .select_related("actor")
        .order_by("at", "id")
    )
    return [
        Signature(one.actor_name, min(one.level, holds), one.digest, one.at)
        for one in decisions
        if (holds := signing_level(Actor.of(one.actor).roles)) > 0 and one.actor.actor_type == ActorType.HUMAN
    ]


def involved(change: ChangeRequest) -> dict[int, str]:
    """Who wrote any of it or answers for who did, with the reason why they never sign it."""
    found: dict[int, str] = {}
    writers = [change.author, *(p.author for p in change.proposals.select_related("author"))]
    for writer in writers:
        if writer.accountable_id:
            found[writer.accountable_id] = _("You answer for the account that wrote this; somebody else must sign it.")
    for writer in writers:
        found[writer.pk] = _("You wrote part of this change; somebody else must sign it.")
    found[change.author_id] = _("You requested this change; somebody else must sign it.")
    return found


def other_pair_of_eyes(change: ChangeRequest, actor: Actor) -> User:
    """The actor's user, if the table lets it sign and it had no part in the change. Raises Forbidden."""
    why = involved(change).get(actor.user_id or 0)
    if why:
        raise Forbidden("four_eyes", why)
    return require(actor, Permission.SIGN)


def fresh_enough(row: Row, actor: Actor, now: datetime) -> None:
    """Refuse a signature whose signer gave the password too long ago for this row, or never (a token). Raises Forbidden."""
    if not row.fresh_minutes:
        return
    if actor.signed_in_at is None or now - actor.signed_in_at > timedelta(minutes=row.fresh_minutes):
        raise Forbidden(
            "fresh_sign_in",
            _("%(row)s asks for a sign-in of the last %(n)d minutes. Sign in again on the pages, then sign.")
            % {"row": row.name, "n": row.fresh_minutes},
        )


def proposal_of(change: ChangeRequest) -> Proposal:
    """What is before the approvers now. Raises Conflict while nothing is."""
    found = Proposal.objects.filter(change=change, number=change.proposal_number).first()
    if found is None:
        raise Conflict("state", _("%s has not been submitted.") % change.human_id)
    return found


def level_of(change: ChangeRequest) -> int:
    """The approval level that the change was last found to need."""
    return level(change.required_class) if change.required_class else 0
