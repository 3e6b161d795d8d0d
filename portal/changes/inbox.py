"""The approvals inbox: the same tabs for page and API, and deciding on several changes at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.changes import decisions
from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeState
from portal.changes.reads import of_teams, to_sign_by
from portal.people.actors import Actor
from portal.refusals import Conflict, Invalid, Missing, Problem, Refusal
from portal.roles import Permission, may

MOST_AT_ONCE = 50
NEEDS_YOU = "needs_you"
_VERBS: dict[str, Callable[..., ChangeRequest]] = {"approve": decisions.approve, "reject": decisions.reject}


def queue(actor: Actor) -> QuerySet[ChangeRequest]:
    """What waits for this person's signature, the most urgent first."""
    if actor.user is None or not may(actor, Permission.SIGN):
        return ChangeRequest.objects.none()
    return to_sign_by(actor.user).order_by(F("sign_by").asc(nulls_last=True), "-required_class", "id")


# Name → label, in the order of the page.
TABS = {
    NEEDS_YOU: gettext_lazy("Needs you"),
    "team": gettext_lazy("Team"),
    "review": gettext_lazy("In review"),
    "mine": gettext_lazy("Mine"),
    "decided": gettext_lazy("Decided"),
}


def rows(tab: str, actor: Actor) -> QuerySet[ChangeRequest]:
    """The changes of one tab."""
    user = actor.user
    if user is None:
        return ChangeRequest.objects.none()
    if tab == "team":
        return of_teams(user)
    if tab == "review":
        return ChangeRequest.objects.waiting()
    if tab == "mine":
        return ChangeRequest.objects.filter(author=user)
    if tab == "decided":
        return ChangeRequest.objects.filter(state__in=[state for state in ChangeState if state not in OPEN_STATES])
    return queue(actor)


@dataclass(frozen=True)
class Decided:
    """What became of one of several: the change as it stands now, or why it was left out."""

    number: int
    change: ChangeRequest | None
    refusal: Refusal | None = None


def decide(*, actor: Actor, verb: str, digests: Mapping[int, str], reason: str, now: datetime) -> list[Decided]:
    """Approve or reject several changes under one policy row, each bound to the digest that was looked at.

    Each is a transaction of its own: what may not be decided on, one's own changes first of all, is left out and said so.
    Raises Invalid, and decides on nothing, for too many, for none, without a reason, or under differing rows.
    """
    if verb not in _VERBS:
        raise Invalid("verb", _("Approve or reject."), [Problem("verb", _("Approve or reject."), "choice")])
    if not 1 <= len(digests) <= MOST_AT_ONCE:
        message = _("Choose 1 to %d changes.") % MOST_AT_ONCE
        raise Invalid("changes", message, [Problem("changes", message, "size")])
    if not reason.strip():
        message = _("Deciding on several at once needs a reason.")
        raise Invalid("reason", message, [Problem("reason", message, "required")])
    found = {one.pk: one for one in ChangeRequest.objects.filter(pk__in=digests).defer("document", "evidence")}
    if len({(one.required_class, one.policy_rule) for one in found.values()}) > 1:
        message = _("Choose changes under one policy row only: these need different signatures.")
        raise Conflict("differing_rows", message, [Problem("changes", message, "differing_rows")])
    return [_one(actor, verb, number, digests[number], reason, found, now) for number in sorted(digests)]


def _one(
    actor: Actor, verb: str, number: int, digest: str, reason: str, found: Mapping[int, ChangeRequest], now: datetime
) -> Decided:
    try:
        if number not in found:
            raise Missing("no_such_change", _("There is no change CHG-%d.") % number)
        change = _VERBS[verb](actor=actor, change_id=number, digest=digest, reason=reason, now=now)
    except Refusal as refusal:
        return Decided(number, found.get(number), refusal)
    return Decided(number, change)
