"""Handing several entries over to another team: a draft change of each, for its author to look at and submit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.changes.services import Draft, propose
from portal.changes.signing import current_entry
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import Team
from portal.refusals import Conflict, Invalid, Missing, Problem, Refusal
from portal.registry import kinds
from portal.registry.models import EntryState

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class HandedOver:
    """What became of one of several: its draft, or why there is none."""

    key: str
    change: ChangeRequest | None
    told: str = ""


def hand_over(*, actor: Actor, kind_name: str, keys: Sequence[str], team: str, now: datetime) -> list[HandedOver]:
    """Open a draft for each that gives it to the team. Raises Forbidden, and Invalid for the team or the choice.

    Nothing is applied: each draft goes the way of every change. Asked twice, an open draft that says so already is left as it is.
    """
    kind = kinds.get(kind_name)
    require(actor, kind.proposers)
    if not 1 <= len(keys) <= MOST_AT_ONCE:
        message = _("Choose 1 to %d of them.") % MOST_AT_ONCE
        raise Invalid("chosen", message, [Problem("chosen", message, "count")])
    found = Team.objects.filter(key=team[:60]).first()
    if found is None:
        message = _("There is no team “%s”.") % team[:60]
        raise Invalid("team", message, [Problem("team", message, "unknown_team")])
    answers = []
    for key in dict.fromkeys(keys):
        try:
            answers.append(HandedOver(key, _draft(actor, kind_name, key, found, now)))
        except Refusal as refusal:
            answers.append(HandedOver(key[:60], None, refusal.message))
    return answers


@transaction.atomic
def _draft(actor: Actor, kind_name: str, key: str, team: Team, now: datetime) -> ChangeRequest:
    kind = kinds.get(kind_name)
    entry = current_entry(kind, key[:60])
    if entry is None:
        raise Missing(
            "no_such_entry", _("There is no %(kind)s “%(key)s”.") % {"kind": str(kind.label).lower(), "key": key[:60]}
        )
    if entry.state == EntryState.RETIRED:
        raise Conflict("retired", _("“%s” is retired.") % entry.key)
    if entry.owner_id == team.pk:
        raise Conflict("same_owner", _("“%(name)s” belongs to %(team)s already.") % {"name": entry.name, "team": team})
    same = ChangeRequest.objects.filter(
        kind=kind.name, key=entry.key, author=actor.user, state__in=OPEN_STATES, document__owner=team.key
    ).first()
    if same is not None:
        raise Conflict("drafted", _("Your %s says so already.") % same.human_id)
    summary = _("Hand %(name)s over to %(team)s") % {"name": entry.name, "team": team}
    draft = Draft(document=entry.document | {"owner": team.key}, summary=summary[:300])
    return propose(
        actor=actor, kind_name=kind.name, key=entry.key, draft=draft, now=now, base_version=entry.version
    )  # fmt: skip
