"""Pausing the freshness SLA of a data sync, with a reason and an end; and ending the pause before its time.

While it is paused nobody is told that data is late. What is open already stays open: only fresh data ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Connector, SyncState
from connectors.pauses import end_problems, reason_problems
from connectors.syncs.keeping import find
from connectors.syncs.rules import MOST_AT_ONCE, deadline
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Problem, Refusal
from portal.registry.models import STANDING
from portal.roles import Permission


@dataclass(frozen=True)
class Paused:
    """What became of one of several: `done`, or why not."""

    sync: str
    done: bool
    told: str


def pause(*, actor: Actor, sync: str, until: datetime, reason: str, now: datetime) -> SyncState:
    """Pause until an instant; a pause that runs is replaced. Raises Missing, Invalid or Conflict (not active)."""
    require(actor, Permission.PAUSE_SYNC)
    _sound(until, reason, now)
    with transaction.atomic():
        state = _standing(find(sync))
        state.paused_until, state.pause_reason, state.paused_by = until, reason.strip(), actor.name
        _rearm(state)
        detail = _("until %(until)s: %(reason)s") % {"until": until.isoformat(), "reason": reason.strip()}
        _audit(actor, "sync.paused", state, detail, now)
    return state


def pause_many(*, actor: Actor, syncs: Sequence[str], until: datetime, reason: str, now: datetime) -> list[Paused]:
    """The same for several, each in a transaction of its own; what is wrong with the end or the reason is refused at once."""
    require(actor, Permission.PAUSE_SYNC)
    if not 1 <= len(syncs) <= MOST_AT_ONCE:
        message = _("Choose 1 to %d syncs.") % MOST_AT_ONCE
        raise Invalid("pause", message, [Problem("syncs", message, "count")])
    _sound(until, reason, now)
    answers = []
    for sync in dict.fromkeys(syncs):
        try:
            state = pause(actor=actor, sync=sync, until=until, reason=reason, now=now)
            answers.append(Paused(state.connector.key, True, _("Paused.")))
        except Refusal as refusal:
            answers.append(Paused(sync[:60], False, refusal.message))
    return answers


@transaction.atomic
def resume(*, actor: Actor, sync: str, now: datetime) -> SyncState:
    """End a pause now. Raises Conflict if none runs."""
    require(actor, Permission.PAUSE_SYNC)
    state = _standing(find(sync))
    if state.paused_until is None or state.paused_until <= now:
        raise Conflict("not_paused", _("“%s” is not paused.") % state.connector.key)
    state.paused_until, state.pause_reason, state.paused_by = None, "", ""
    _rearm(state)
    _audit(actor, "sync.resumed", state, "", now)
    return state


def _sound(until: datetime, reason: str, now: datetime) -> None:
    problems = [*end_problems(until, now), *reason_problems(reason)]
    if problems:
        raise Invalid("pause", problems[0].message, problems)


def _standing(connector: Connector) -> SyncState:
    """The state under its lock, of a sync that is watched."""
    state = SyncState.objects.select_for_update(of=("self",), no_key=True).get(connector=connector)
    life = Connector.objects.values_list("state", flat=True).get(pk=connector.pk)
    if life not in STANDING:
        raise Conflict("retired", _("“%s” is not active: nobody watches it.") % connector.key)
    state.connector = connector
    return state


def _rearm(state: SyncState) -> None:
    """By what stands: what was told for that instant already is found, and not told again."""
    state.freshness_clock = deadline(state.fresh_until, state.paused_until)
    state.save(update_fields=["paused_until", "pause_reason", "paused_by", "freshness_clock"])


def _audit(actor: Actor, action: str, state: SyncState, detail: str, now: datetime) -> None:
    record(actor=actor, action=action, kind="data_movement", key=state.connector.key, now=now, detail=detail)
