"""What every act on an incident shares: its row is locked, and it leaves timeline, history, audit line and notice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.outbox.rules import Reason
from portal.outbox.services import publish
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission
from severity.duties import Due, next_duty
from severity.models import Incident, IncidentReview, IncidentState, IncidentSubscriber, TimelineEvent
from severity.routing.topics import ROUTED

UNRESOLVED = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.MITIGATED)
MOST_TEXT = 5000
MOST_EVIDENCE = 100
# Of what only followers hear: the owner team is not woken by a note or a ticked box.
_QUIET = frozenset({"comment", "step_done", "linked", "unlinked"})


def locked(actor: Actor, incident_id: int, permission: Permission = Permission.WORK_INCIDENT) -> Incident:
    """The incident, locked until the end of the transaction, for somebody who may do this."""
    require(actor, permission)
    return locked_row(incident_id)


def locked_row(incident_id: int) -> Incident:
    """The same, for whom another check was made."""
    found = (
        Incident.objects.select_related("owner", "connector")
        .defer("connector__document")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=incident_id)
        .first()
    )
    if found is None:
        raise Missing("no_such_incident", _("There is no incident INC-%d.") % incident_id)
    return found


def refuse_unless(incident: Incident, *states: IncidentState) -> None:
    """Raise Conflict unless it is in one of these states."""
    if incident.state not in states:
        raise Conflict(
            "state",
            _("%(id)s is %(state)s already.") % {"id": incident.human_id, "state": incident.get_state_display()},
        )


def need_text(text: str, message: str, path: str = "text", most: int = MOST_TEXT) -> str:
    """The text without blanks around it; raises Invalid where there is none, or more than is kept."""
    clean = text.strip()
    if not clean:
        raise invalid(path, message, "required")
    return bounded(clean, path, most)


def bounded(text: str, path: str, most: int) -> str:
    """The text, if it can be kept."""
    if len(text) > most:
        raise invalid(path, _("It is longer than %d characters.") % most, "max_length")
    if "\x00" in text:
        raise invalid(path, _("It holds a NUL character."), "nul_character")
    return text


def invalid(path: str, message: str, code: str) -> Invalid:
    """One thing wrong with what was given."""
    return Invalid(path, message, [Problem(path, message, code)])


def due_of(incident: Incident) -> Due:
    """Its clocks."""
    return Due(incident.ack_by, incident.update_by, incident.resolve_by, incident.review_by)


def take_due(incident: Incident, due: Due) -> None:
    """Set its clocks; which of them is next is judged when it is written."""
    incident.ack_by, incident.update_by, incident.resolve_by = due.ack_by, due.update_by, due.resolve_by


def add_evidence(incident: Incident, evidence: Sequence[Mapping[str, Any]]) -> None:
    """Put more evidence beside what there is."""
    kept = [*incident.evidence, *(dict(one) for one in evidence)]
    if len(kept) > MOST_EVIDENCE:
        raise invalid("evidence", _("An incident keeps %d pieces of evidence at most.") % MOST_EVIDENCE, "max_length")
    incident.evidence = kept


def payload_of(incident: Incident, actor: Actor) -> dict[str, Any]:
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


def write(
    incident: Incident,
    *,
    actor: Actor,
    what: str,
    text: str,
    now: datetime,
    before: str,
    people: Iterable[int | None] = (),
    reviewed: bool | None = None,
) -> Incident:
    """Keep the incident and tell of it: those who follow it and these people, and the owner team unless it is quiet."""
    if reviewed is None:
        reviewed = (
            incident.resolved
            and IncidentReview.objects.filter(incident_id=incident.pk, approved_at__isnull=False).exists()
        )
    incident.duty_clock = next_duty(
        due_of(incident), incident.state, armed=incident.duty_clock, now=now, reviewed=reviewed
    )
    incident.last_update_at = now
    incident.changed_by, incident.changed_by_name = actor.user, actor.name
    incident.save()
    line = TimelineEvent.objects.create(
        incident=incident, at=now, what=what, actor_name=actor.name, severity=incident.severity, text=text[:MOST_TEXT]
    )
    record(
        actor=actor, action=f"incident.{what}", kind="incident", key=incident.human_id, now=now,
        before=before, after=incident.fingerprint, detail=text,
    )  # fmt: skip
    told: dict[int, Reason] = dict.fromkeys((one for one in people if one is not None), Reason.WATCHER)
    followers = IncidentSubscriber.objects.filter(incident_id=incident.pk).values_list("user_id", flat=True)
    told |= dict.fromkeys(followers, Reason.WATCHER)
    if what not in _QUIET or told:
        publish(
            topic=f"incident.{what}",
            subject=f"{incident.level.name} {what}: {incident.title}",
            payload=payload_of(incident, actor),
            # Each line of the timeline is told once.
            dedup_key=f"incident:{incident.pk}:{what}:line:{line.pk}",
            team_key="" if what in _QUIET else incident.owner.key,
            people=told,
            caused_by=actor.user_id,
            routed=what in ROUTED,
        )
    return incident
