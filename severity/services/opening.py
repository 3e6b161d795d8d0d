"""Incidents that are told to the portal: declared by people, reported by other systems."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from connectors.models import Connector
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import Team
from portal.roles import Permission
from severity.models import Incident, Source
from severity.opening import Found, open_incident
from severity.readiness import Dimension
from severity.recovering import recover
from severity.rules import DECLARED, REPORTED, Level, Rule
from severity.services.base import bounded, invalid, locked_row, need_text
from severity.services.notes import MOST_IMPACT

MOST_TITLE = 300
MOST_KEY = 90
# The clock of who reports may go ahead of ours, a little.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Told:
    """What somebody tells of an incident. `owner` and `connector` are keys; `dimension` is a row of readiness, or empty."""

    title: str
    severity: Level
    owner: str
    text: str = ""
    dimension: str = ""
    impact: str = ""
    connector: str = ""
    evidence: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def declare(*, actor: Actor, now: datetime, told: Told, once: str = "") -> Incident:
    """A person declares an incident, and says how bad it is. Declared twice with the same `once`, it is declared once."""
    user = require(actor, Permission.WORK_INCIDENT)
    key = f"manual:{user.pk}:{bounded(once, 'once', MOST_KEY)}" if once else f"manual:{uuid.uuid4()}"
    with transaction.atomic():
        _one_at_a_time(key)
        known = Incident.objects.visible().filter(dedup_key=key).first()
        if known is not None:
            return known
        found = _found(told, rule=DECLARED, source=Source.MANUAL, key=key, epoch=now, subject="")
        return open_incident(found, actor=actor)[0]


def report(
    *, actor: Actor, now: datetime, key: str, told: Told | None = None, started_at: datetime | None = None,
    status: str = "firing", text: str = "",
) -> tuple[Incident | None, str]:  # fmt: skip
    """Another system reports an incident under a key of its own, or that its cause is over. Told twice, it counts once.

    What the key means is the account's alone. Returns the incident and what happened: as `open_incident` says, or `resolved`,
    `mitigated`, `stays` for a cause that is over, and `nothing` where there is none.
    """
    user = require(actor, Permission.REPORT_INCIDENT)
    own = need_text(key, _("Name the incident as your system does."), "key", MOST_KEY)
    if started_at is not None and started_at > now + AHEAD:
        raise invalid("started_at", _("It lies in the future."), "future")
    dedup_key = f"api:{user.pk}:{own}"
    with transaction.atomic():
        _one_at_a_time(dedup_key)
        known = Incident.objects.filter(dedup_key=dedup_key).unresolved().values_list("pk", flat=True).first()
        if status == "resolved":
            return _recovered(known, actor=actor, started_at=started_at, text=text)
        if told is None:
            raise invalid("title", _("Say what is wrong."), "required")
        epoch = started_at or now
        if known is not None:
            standing = locked_row(known)
            # An older report that comes late, and one without a beginning that says nothing new, are known already.
            older = started_at is not None and started_at <= standing.epoch
            if (older or started_at is None) and told.severity <= standing.severity:
                return standing, "known"
            epoch = max(epoch, standing.epoch + timedelta(microseconds=1)) if older else epoch
        found = _found(told, rule=REPORTED, source=Source.API, key=dedup_key, epoch=epoch, subject=own)
        return open_incident(found, actor=actor)


def _one_at_a_time(key: str) -> None:
    """Those who tell of the same one wait for each other until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", [key])


def _recovered(
    known: int | None, *, actor: Actor, started_at: datetime | None, text: str
) -> tuple[Incident | None, str]:
    """The cause is over (domain: Severity and incidents): V0 and V1 are resolved, V2 is mitigated, V3 waits for a person."""
    if known is None:
        return None, "nothing"
    incident = locked_row(known)
    if started_at is not None and started_at < incident.epoch:
        return incident, "stays"
    words = bounded(text.strip(), "text", 5000) or _("Its cause is over.")
    what = recover(told=words, actor=actor, incident_id=incident.pk) or "stays"
    return Incident.objects.visible().get(pk=incident.pk), what


def _found(told: Told, *, rule: Rule, source: str, key: str, epoch: datetime, subject: str) -> Found:
    """What was told, checked."""
    title = need_text(told.title, _("Say in a few words what is wrong."), "title", MOST_TITLE)
    if told.severity == Level.V3 and not told.evidence:
        raise invalid("evidence", _("Show what makes it a V3."), "required")
    if told.dimension and told.dimension not in Dimension.values:
        raise invalid("dimension", _("There is no such row of readiness."), "invalid_choice")
    owner = Team.objects.filter(key=bounded(told.owner, "owner", 60)).values_list("pk", flat=True).first()
    if owner is None:
        raise invalid("owner", _("There is no team “%s”.") % told.owner, "unknown_team")
    connector = None
    if told.connector:
        connector = (
            Connector.objects.filter(key=bounded(told.connector, "connector", 60)).only("id", "kind", "key").first()
        )
        if connector is None:
            raise invalid("connector", _("There is no connector “%s”.") % told.connector, "unknown_connector")
    return Found(
        rule=rule,
        source=source,
        dedup_key=key,
        epoch=epoch,
        title=title,
        told=bounded(told.text.strip(), "text", 5000) or rule.told,
        owner_id=owner,
        subject_kind=connector.kind if connector else "told",
        subject_key=connector.key if connector else subject,
        subject_id=connector.pk if connector else None,
        connector_id=connector.pk if connector else None,
        level=told.severity,
        dimension=told.dimension or rule.dimension,
        impact=" ".join(bounded(told.impact, "impact", MOST_IMPACT).split()),
        evidence=told.evidence,
    )
