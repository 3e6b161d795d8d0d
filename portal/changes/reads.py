"""Reads of changes that pages share."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portal.changes.models import ChangeRequest, ChangeState, Decision, Proposal, Verdict
from portal.changes.signing import Signature, involved, required_row, signatures
from portal.people.actors import Actor
from portal.people.models import User
from portal.policy.rules import Row
from portal.roles import SIGNS_FOR, ActorType, Permission, may, signing_level

# More people than this are not told of one change by name.
MOST_SIGNERS = 100
# Counted no further, for a number that says "many".
MOST_COUNTED = 100


def _accounts_of(user: User) -> QuerySet[User, Any]:
    """This person and those that they answer for; a subquery, for joined to changes it would be compared row by row."""
    return User.objects.filter(Q(pk=user.pk) | Q(accountable_id=user.pk)).order_by().values("pk")


def to_sign_by(user: User) -> QuerySet[ChangeRequest]:
    """In review, by nobody this person is or answers for, and not decided by this person on the current proposal."""
    mine = Q(author__in=_accounts_of(user))
    # Asked once of all that wait, not of each: there may be very many of them.
    written = Proposal.objects.filter(mine, change__state=ChangeState.IN_REVIEW)
    decided = Decision.objects.filter(
        proposal__change__state=ChangeState.IN_REVIEW,
        proposal__number=F("proposal__change__proposal_number"),
        actor_id=user.pk,
    ).exclude(verdict=Verdict.EDIT)
    waiting = ChangeRequest.objects.waiting().exclude(mine)
    return waiting.exclude(pk__in=written.values("change_id")).exclude(pk__in=decided.values("proposal__change_id"))


def to_review_by(user: User) -> QuerySet[ChangeRequest]:
    """Applied in an emergency and not reviewed by enough others yet, nor by this person."""
    mine = Q(author__in=_accounts_of(user))
    decided = Decision.objects.filter(proposal__change_id=OuterRef("pk"), actor_id=user.pk)
    waiting = ChangeRequest.objects.filter(emergency=True, reviewed_at__isnull=True)
    return waiting.exclude(mine).exclude(Exists(decided))


def of_teams(user: User) -> QuerySet[ChangeRequest]:
    """Waiting changes of objects that a team of this person owns."""
    keys = list(user.teams.values_list("key", flat=True))
    return ChangeRequest.objects.waiting().filter(document__owner__in=keys)


def helpful_signers(
    change: ChangeRequest, *, row: Row | None = None, signed: Sequence[Signature] | None = None
) -> list[User]:
    """Whose signature, or review after an emergency, would help now; senior people first, at most `MOST_SIGNERS`.

    Whoever knows the row of the policy and the signatures that count already hands them over.
    """
    people = User.objects.filter(is_active=True, actor_type=ActorType.HUMAN, roles__overlap=[*SIGNS_FOR])
    decided = Decision.objects.filter(proposal__change=change)
    if not change.emergency:
        decided = decided.filter(proposal__number=change.proposal_number)
    people = people.exclude(pk__in=involved(change)).exclude(pk__in=decided.values("actor_id"))
    row = row or required_row(change)
    levels = [one.level for one in (signatures(change) if signed is None else signed)]
    helps = [
        one
        for one in people.order_by("pk")
        if change.emergency or len(levels) + 1 < row.signatures or row.enough([*levels, signing_level(one.roles)])
    ]
    return sorted(helps, key=lambda one: (-signing_level(one.roles), one.username))[:MOST_SIGNERS]


def counters(user: User) -> dict[str, int]:
    """How many changes wait for this person's signature or review, at most `MOST_COUNTED`."""
    if not may(Actor.of(user), Permission.SIGN):
        return {"approvals": 0}
    parts = [rows.order_by().values("pk")[:MOST_COUNTED] for rows in (to_sign_by(user), to_review_by(user))]
    return {"approvals": min(parts[0].union(parts[1], all=True).count(), MOST_COUNTED)}
