"""Telling people what becomes of a change: the author, who follows it, who can sign it, and the team that owns the object."""

from collections.abc import Iterable
from typing import Any

from portal.changes.models import ChangeRequest
from portal.changes.reads import helpful_signers
from portal.outbox.rules import Reason
from portal.outbox.services import publish
from portal.people.actors import Actor
from portal.people.models import User

# After these nobody's signature or review helps any more.
_SETTLES = frozenset({"applied", "rejected", "withdrawn", "expired", "window_closed", "reviewed"})


def tell(
    change: ChangeRequest,
    what: str,
    *,
    actor: Actor,
    occasion: str = "",
    team: bool = False,
    signers: Iterable[User] = (),
    named: Iterable[int] = (),
    subject: str = "",
    anchor: str = "",
    **payload: Any,
) -> None:
    """Write the event `change.<what>` in the running transaction.

    Authors and followers hear of everything; `team` tells the owner team too, `named` are those whom a comment names. One
    event a change and `occasion`: the same occasion is told once.
    """
    publish(
        topic=f"change.{what}",
        subject=subject or f"{change.human_id} {what.replace('_', ' ')}: {change.summary}",
        payload={"change": change.human_id, "kind": change.kind, "key": change.key, "state": change.state, "by": actor.name,
                 "url": f"{change.get_absolute_url()}{anchor}"} | payload,
        dedup_key=f"change.{what}:{change.pk}:{occasion}",
        team_key=str(change.document.get("owner") or "") if team else "",
        people=_people(change, signers=signers, named=named),
        caused_by=actor.user_id,
        about=change.human_id,
        settles=what in _SETTLES,
    )  # fmt: skip


def _people(change: ChangeRequest, *, signers: Iterable[User], named: Iterable[int]) -> dict[int, Reason]:
    """Who hears of it by name, each for the strongest reason."""
    found = dict.fromkeys(change.watches.values_list("user_id", flat=True), Reason.WATCHER)
    found |= dict.fromkeys(_writers(change), Reason.AUTHOR)
    found |= dict.fromkeys((user.pk for user in signers), Reason.SIGNER)
    return found | dict.fromkeys(named, Reason.MENTION)


def _writers(change: ChangeRequest) -> set[int]:
    """The author, every co-author, and the human who answers for one that is a machine."""
    pairs = [(change.author_id, change.author.accountable_id)]
    pairs += change.proposals.order_by().values_list("author_id", "author__accountable_id")
    return {user_id for pair in pairs for user_id in pair if user_id is not None}


def near_signers(change: ChangeRequest) -> list[User]:
    """Those who can sign and are of the owner team; where it has none, all who can."""
    able = helpful_signers(change)
    team = set(User.objects.filter(teams__key=str(change.document.get("owner") or "")).values_list("pk", flat=True))
    return [user for user in able if user.pk in team] or able
