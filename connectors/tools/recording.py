"""Keeping what a look at a server showed, and what people decide about a whole connector. Each is one short transaction."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind, ProbeOutcome, Verification
from connectors.tools.probing import NOT_PROBED, Seen, Target
from connectors.tools.standing import Moved, bring_in_line, is_verified
from portal.audit.services import record as audit
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem, Refusal
from portal.registry.models import STANDING
from portal.roles import Permission

LEAST_BACKOFF_SECONDS = 60
MOST_REASON, MOST_ASKED = 500, 100
WATCH = Actor.system("tool verification")
_random = random.Random()  # noqa: S311 - spreads looks, guards nothing


@dataclass(frozen=True)
class Claimed:
    """A look that somebody is about to make: of which connector, where, and under which lease."""

    connector_id: int
    lease: int
    target: Target


@dataclass(frozen=True)
class Recorded:
    """What became of an answer. `dropped`: a later look was claimed, or a change applied, before it came."""

    seen: Seen
    dropped: bool = False
    moved: Moved = field(default_factory=Moved)


def locked(key: str) -> Connector:
    """The runtime tool of this key, locked. Raises Missing or Conflict."""
    found = Connector.objects.select_for_update(of=("self",), no_key=True).filter(key=key[:60]).first()
    if found is None:
        raise Missing("no_such_connector", _("There is no connector “%s”.") % key[:60])
    if found.kind != ConnectorKind.RUNTIME_TOOL:
        raise Conflict("no_tools", _("“%s” is a data movement; only runtime tools have tools.") % found.key)
    return found


def _looked_at(key: str) -> Connector:
    """A runtime tool whose server is looked at, locked, with its row of looks. Raises Missing or Conflict."""
    connector = locked(key)
    if connector.state not in STANDING:
        raise Conflict("not_live", _("“%(key)s” is %(state)s; its server is not looked at any more.")
                       % {"key": connector.key, "state": connector.get_state_display()})  # fmt: skip
    if not is_verified(connector):
        raise Conflict("no_probe", _(NOT_PROBED))
    Verification.objects.get_or_create(connector=connector)
    return connector


@transaction.atomic
def begin(*, actor: Actor, key: str, now: datetime) -> Claimed:
    """Claim a look at the server of a connector for whoever asked for it. Raises Forbidden, Missing, Conflict."""
    require(actor, Permission.PROPOSE)
    connector = _looked_at(key)
    verification = Verification.objects.select_for_update(no_key=True).get(connector=connector)
    verification.lease += 1
    verification.save(update_fields=["lease"])
    audit(actor=actor, action="tools.probe", kind=connector.kind, key=connector.key, now=now)
    return Claimed(connector.pk, verification.lease, Target.of(connector.document))


@dataclass(frozen=True)
class Asked:
    """Whether a worker will look at a server; `told` says why not."""

    key: str
    told: str = ""


def ask_looks(*, actor: Actor, keys: Sequence[str], now: datetime) -> list[Asked]:
    """Have workers look at the servers of several tools as soon as they can. Raises Forbidden, Invalid for the choice."""
    require(actor, Permission.PROPOSE)
    if not 1 <= len(keys) <= MOST_ASKED:
        message = _("Choose 1 to %d of them.") % MOST_ASKED
        raise Invalid("chosen", message, [Problem("chosen", message, "count")])
    answers = []
    for key in dict.fromkeys(keys):
        try:
            _ask_look(actor, key, now)
        except Refusal as refusal:
            answers.append(Asked(key[:60], refusal.message))
        else:
            answers.append(Asked(key))
    return answers


@transaction.atomic
def _ask_look(actor: Actor, key: str, now: datetime) -> None:
    connector = _looked_at(key)
    Verification.objects.filter(connector=connector).update(probe_at=now)
    audit(actor=actor, action="tools.ask_probe", kind=connector.kind, key=connector.key, now=now)


@transaction.atomic
def record(claimed: Claimed, seen: Seen, *, now: datetime) -> Recorded:
    """Keep what a look showed and judge the tools by it, once: an answer of an older claim, or told twice, is dropped.

    A server that does not answer has not drifted: its tools keep their state, and it is looked at again sooner.
    """
    connector = Connector.objects.select_for_update(of=("self",), no_key=True).get(pk=claimed.connector_id)
    verification = Verification.objects.select_for_update(no_key=True).get(connector=connector)
    if verification.lease != claimed.lease:
        return Recorded(seen, dropped=True)
    verification.lease += 1
    verification.probed_at = now
    verification.outcome = seen.outcome
    verification.detail = seen.detail[:500]
    moved = Moved()
    if seen.outcome == ProbeOutcome.SEEN:
        moved = bring_in_line(connector, verification, now=now, looked=seen.tools)
        verification.seen_at = now
        verification.failures = 0
        verification.server_name = seen.discovery.name
        verification.server_version = seen.discovery.version
        verification.protocol_versions = list(seen.discovery.protocol_versions)
        verification.has_tasks = seen.discovery.has_tasks
        verification.tools = len(seen.tools)
    else:
        verification.failures += 1
    verification.probe_at = now + next_look(verification.failures) if is_verified(connector) else None
    verification.save()
    for action, names in (("tools.quarantine", moved.drifted), ("tools.as_approved", moved.ended)):
        if names:
            audit(actor=WATCH, action=action, kind=connector.kind, key=connector.key, now=now, detail=_listed(names))
    return Recorded(seen, moved=moved)


def next_look(failures: int) -> timedelta:
    """How long until the next look by itself: the interval, spread; sooner after a failure, and later with each more."""
    usual: float = settings.TOOL_PROBE_SECONDS
    if failures:
        usual = min(usual, LEAST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 20))
    return timedelta(seconds=usual * _random.uniform(0.9, 1.1))


def due(*, key: str, now: datetime) -> None:
    """Have a worker look at the server of a connector as soon as it can, if it is looked at by itself."""
    Verification.objects.filter(connector__key=key, probe_at__isnull=False).update(probe_at=now)


def settle(connector: Connector, actor: Actor, now: datetime) -> None:
    """Bring the known tools in line with the document that is being applied, in that transaction, and look at once.

    A look that is out was made of what stood before: its answer will be dropped.
    """
    Verification.objects.get_or_create(connector=connector)
    verification = Verification.objects.select_for_update(no_key=True).get(connector=connector)
    verification.lease += 1
    verification.probe_at = now if is_verified(connector) else None
    verification.save(update_fields=["lease", "probe_at"])
    moved = bring_in_line(connector, verification, now=now)
    if moved.ended:
        audit(actor=actor, action="tools.as_approved", kind=connector.kind, key=connector.key, now=now,
              detail=_listed(moved.ended))  # fmt: skip


@transaction.atomic
def quarantine(*, actor: Actor, key: str, reason: str, now: datetime) -> Verification:
    """Refuse every call of a connector at once, until somebody lifts it. Raises Forbidden, Missing, Invalid, Conflict."""
    require(actor, Permission.QUARANTINE)
    return _hold(actor, key, reason, now, begin=True)


@transaction.atomic
def lift(*, actor: Actor, key: str, reason: str, now: datetime) -> Verification:
    """End the quarantine of a whole connector. Tools that differ from what was approved stay refused."""
    require(actor, Permission.LIFT_QUARANTINE)
    return _hold(actor, key, reason, now, begin=False)


def _hold(actor: Actor, key: str, reason: str, now: datetime, *, begin: bool) -> Verification:
    reason = reason.strip().replace("\0", "")
    if not reason or len(reason) > MOST_REASON:
        message = _("Say why, in %d characters at most.") % MOST_REASON
        raise Invalid("reason", message, [Problem("reason", message, "reason")])
    connector = locked(key)
    Verification.objects.get_or_create(connector=connector)
    verification = Verification.objects.select_for_update(no_key=True).get(connector=connector)
    if (verification.quarantined_at is not None) is begin:
        word = _("“%s” is quarantined already.") if begin else _("“%s” is not quarantined.")
        raise Conflict("quarantine", word % connector.key)
    verification.quarantined_at = now if begin else None
    verification.quarantine_reason = reason if begin else ""
    verification.quarantined_by = actor.name if begin else ""
    verification.save(update_fields=["quarantined_at", "quarantine_reason", "quarantined_by"])
    audit(actor=actor, action="connector.quarantine" if begin else "connector.lift_quarantine", kind=connector.kind,
          key=connector.key, now=now, detail=reason)  # fmt: skip
    return verification


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names))
