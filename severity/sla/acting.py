"""What is done with several clocks of the watch at once: each for itself, and who may is asked anew for each."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from connectors.syncs import pausing
from connectors.tracking import steering
from portal.people.actors import Actor
from portal.people.models import KEY_PATTERN
from portal.refusals import Conflict, Invalid, Missing, Problem, Refusal
from severity import services
from severity.models import Incident, IncidentState
from severity.models.incident import IncidentQuerySet
from severity.rules import APPROVAL_LATE, CERTIFICATION_OVER, FRESHNESS, NOTICE_LATE
from severity.sla.statements import TASK_RULES, ClockKind

MOST_AT_ONCE = 50
MAX_DIGITS = 18


@dataclass(frozen=True)
class Done:
    """What became of one of several: `told` is why not, or nothing."""

    name: str
    told: str


def chosen_of(texts: list[str]) -> list[tuple[ClockKind, str]]:
    """The clocks that a form names as `kind:id`. Raises Invalid: none, too many, or no such name."""
    found = list(dict.fromkeys(texts))
    if not 1 <= len(found) <= MOST_AT_ONCE:
        raise _invalid(_("Choose 1 to %d rows.") % MOST_AT_ONCE, "count")
    named = []
    for text in found:
        kind, _colon, name = text.partition(":")
        number = name.isascii() and name.isdigit() and len(name) <= MAX_DIGITS
        if kind not in ClockKind.values or not (re.fullmatch(KEY_PATTERN, name) if kind == ClockKind.SYNC else number):
            raise _invalid(_("“%s” is no row of this list.") % text[:60], "unknown")
        named.append((ClockKind(kind), name))
    return named


def pause(
    *, actor: Actor, chosen: list[tuple[ClockKind, str]], until: datetime, reason: str, now: datetime
) -> list[Done]:
    """Stop the clocks of tasks and data syncs until an instant. The others cannot be paused."""
    results = []
    for kind, name in chosen:
        try:
            if kind is ClockKind.TASK:
                steering.pause(actor=actor, task_id=int(name), until=until, reason=reason, now=now)
            elif kind is ClockKind.SYNC:
                pausing.pause(actor=actor, sync=name, until=until, reason=reason, now=now)
            else:
                raise Conflict("no_pause", _("Only tasks and data syncs can be paused."))
            results.append(Done(_name(kind, name), ""))
        except Refusal as refusal:
            results.append(Done(_name(kind, name), refusal.message))
    return results


def acknowledge(*, actor: Actor, chosen: list[tuple[ClockKind, str]], now: datetime) -> list[Done]:
    """Take on the incidents that say that they are breached."""
    results = []
    for kind, name in chosen:
        try:
            found = _incidents(kind, name).filter(state=IncidentState.OPEN).by_urgency().values_list("pk", flat=True)
            numbers = list(found)
            if not numbers:
                raise Missing("no_incident", _("No incident of it waits to be acknowledged."))
            for number in numbers:
                services.acknowledge(actor=actor, incident_id=number, now=now)
            results.append(Done(_name(kind, name), ""))
        except Refusal as refusal:
            results.append(Done(_name(kind, name), refusal.message))
    return results


def _incidents(kind: ClockKind, name: str) -> IncidentQuerySet:
    """The unresolved incidents of one clock."""
    unresolved = Incident.objects.unresolved()
    if kind is ClockKind.TASK:
        return unresolved.filter(task_id=int(name), rule__in=TASK_RULES)
    if kind is ClockKind.SYNC:
        return unresolved.filter(connector__key=name, rule=FRESHNESS.name)
    prefix, rule = {
        ClockKind.APPROVAL: ("change", APPROVAL_LATE),
        ClockKind.NOTICE: ("notice", NOTICE_LATE),
        ClockKind.METRIC: ("metric", CERTIFICATION_OVER),
    }[kind]
    return unresolved.filter(dedup_key=f"{prefix}:{int(name)}:{rule.name}")


def _name(kind: ClockKind, name: str) -> str:
    return {ClockKind.TASK: "T-", ClockKind.APPROVAL: "CHG-", ClockKind.NOTICE: "BN-"}.get(kind, "") + name


def _invalid(message: str, code: str) -> Invalid:
    return Invalid("sla", message, [Problem("chosen", message, code)])
