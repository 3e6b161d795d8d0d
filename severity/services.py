"""What people do with incidents: acknowledge, mitigate, resolve, comment."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.outbox.services import publish
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission
from severity.models import Incident, IncidentState, TimelineEvent
from severity.rules import Level


def _locked(actor: Actor, incident_id: int) -> Incident:
    require(actor, Permission.WORK_INCIDENT)
    found = (
        Incident.objects.select_related("owner", "connector")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=incident_id)
        .first()
    )
    if found is None:
        raise Missing("no_such_incident", _("There is no incident INC-%d.") % incident_id)
    return found


def _refuse_unless(incident: Incident, *states: IncidentState) -> None:
    if incident.state not in states:
        raise Conflict(
            "state",
            _("%(id)s is %(state)s already.") % {"id": incident.human_id, "state": incident.get_state_display()},
        )


def _payload(incident: Incident, actor: Actor) -> dict[str, Any]:
    """What a notice says; the statements of the sweep say the same."""
    return {
        "id": incident.human_id,
        "severity": incident.level.name,
        "state": incident.state,
        "title": incident.title,
        "rule": incident.rule,
        "subject": incident.subject_key,
        "connector": incident.connector.key if incident.connector else None,
        "task": incident.task_id,
        "opened_at": incident.opened_at.isoformat(),
        "by": actor.name,
        "url": incident.get_absolute_url(),
    }


def _write(incident: Incident, *, actor: Actor, what: str, text: str, now: datetime, before: str) -> Incident:
    incident.last_update_at = now
    incident.changed_by, incident.changed_by_name = actor.user, actor.name
    incident.save()
    TimelineEvent.objects.create(
        incident=incident, at=now, what=what, actor_name=actor.name, severity=incident.severity, text=text[:5000]
    )
    record(
        actor=actor, action=f"incident.{what}", kind="incident", key=incident.human_id, now=now,
        before=before, after=incident.fingerprint, detail=text,
    )  # fmt: skip
    if what != "comment":
        publish(
            topic=f"incident.{what}",
            subject=f"{incident.level.name} {what}: {incident.title}",
            payload=_payload(incident, actor),
            dedup_key=f"incident:{incident.pk}:{what}:{incident.severity}:{incident.repeats}:by",
            team_key=incident.owner.key,
            caused_by=actor.user_id,
        )
    return incident


@transaction.atomic
def acknowledge(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """Take it on: the actor becomes its commander."""
    incident = _locked(actor, incident_id)
    _refuse_unless(incident, IncidentState.OPEN)
    before = incident.fingerprint
    incident.state, incident.acknowledged_at, incident.commander = IncidentState.ACKNOWLEDGED, now, actor.user
    return _write(incident, actor=actor, what="acknowledged", text=text, now=now, before=before)


@transaction.atomic
def mitigate(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """The effect has stopped, the cause may last. Says how."""
    incident = _locked(actor, incident_id)
    _refuse_unless(incident, IncidentState.OPEN, IncidentState.ACKNOWLEDGED)
    _need_text(text, _("Say how it was mitigated."))
    before = incident.fingerprint
    incident.state, incident.mitigated_at, incident.escalate_at = IncidentState.MITIGATED, now, None
    incident.acknowledged_at = incident.acknowledged_at or now
    incident.commander = incident.commander or actor.user
    return _write(incident, actor=actor, what="mitigated", text=text, now=now, before=before)


@transaction.atomic
def resolve(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """It is over. From V2 on, what was done must be said."""
    incident = _locked(actor, incident_id)
    _refuse_unless(incident, IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.MITIGATED)
    if incident.severity >= Level.V2:
        _need_text(text, _("Say what was done; a customer-impacting incident is not closed without it."))
    before = incident.fingerprint
    incident.state, incident.resolved_at, incident.escalate_at = IncidentState.RESOLVED, now, None
    return _write(incident, actor=actor, what="resolved", text=text, now=now, before=before)


@transaction.atomic
def comment(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """A line for the timeline."""
    incident = _locked(actor, incident_id)
    _need_text(text, _("Write what there is to say."))
    return _write(incident, actor=actor, what="comment", text=text, now=now, before=incident.fingerprint)


def _need_text(text: str, message: str) -> None:
    if not text.strip():
        raise Invalid("text", message, [Problem("text", message, "required")])
