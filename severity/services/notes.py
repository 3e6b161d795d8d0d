"""What is said of an incident while it lasts: updates, notes, impact, measure, steps, links, and who follows it."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes.models import ChangeRequest
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Missing
from portal.roles import Permission
from severity.models import Incident, IncidentLink, IncidentStep, IncidentSubscriber, ReleaseCandidate
from severity.services.base import UNRESOLVED, bounded, invalid, locked, need_text, refuse_unless, write
from severity.table.reads import clocks_of, steps_of

MOST_IMPACT = 300
MOST_MEASURE = 1000
MOST_ADDRESS = 500
MOST_LINKS = 50
_NUMBERED = re.compile(r"(CHG|INC)-([0-9]{1,18})", re.ASCII)


@transaction.atomic
def update(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """Tell how it stands. The next update is due by the clock of its level, from now on."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    need_text(text, _("Say how it stands."))
    minutes = clocks_of(incident.level)[0].update
    incident.update_by = None if minutes is None else now + timedelta(minutes=minutes)
    return write(incident, actor=actor, what="update", text=text, now=now, before=incident.fingerprint)


@transaction.atomic
def comment(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """A line for the timeline."""
    incident = locked(actor, incident_id)
    need_text(text, _("Write what there is to say."))
    return write(incident, actor=actor, what="comment", text=text, now=now, before=incident.fingerprint)


@transaction.atomic
def set_impact(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """Say in one sentence whom it hurts."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    sentence = " ".join(need_text(text, _("Say in one sentence whom it hurts."), most=MOST_IMPACT).split())
    before, incident.impact = incident.fingerprint, sentence
    return write(incident, actor=actor, what="impact", text=sentence, now=now, before=before)


@transaction.atomic
def record_measure(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """Record what compensates for it. It makes a V1 harmless for a release; on any other level it is told and no more."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    measure = need_text(text, _("Say what compensates for it."), most=MOST_MEASURE)
    before, incident.measure = incident.fingerprint, measure
    return write(incident, actor=actor, what="measure", text=measure, now=now, before=before)


@transaction.atomic
def withdraw_measure(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """What compensated for it does so no more."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    if not incident.measure:
        raise Conflict("measure", _("%s has no compensating measure.") % incident.human_id)
    before, incident.measure = incident.fingerprint, ""
    return write(incident, actor=actor, what="measure_withdrawn", text=text, now=now, before=before)


@transaction.atomic
def tick(*, actor: Actor, incident_id: int, now: datetime, number: int, text: str = "") -> Incident:
    """A step of the runbook is done, the first is 1. It is not unticked: what was done was done."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    steps = steps_of(incident.rule, incident.table_version)
    if not 1 <= number <= len(steps):
        raise Missing("no_such_step", _("%(id)s has %(count)d steps.") % {
            "id": incident.human_id, "count": len(steps)})  # fmt: skip
    if IncidentStep.objects.filter(incident=incident, number=number).exists():
        raise Conflict("step", _("Step %d is done already.") % number)
    step = steps[number - 1]
    user = require(actor, Permission.WORK_INCIDENT)
    IncidentStep.objects.create(incident=incident, number=number, text=step[:300], done_by=user, done_at=now)
    told = f"{number}. {step} {text}".strip()
    return write(incident, actor=actor, what="step_done", text=told, now=now, before=incident.fingerprint)


@transaction.atomic
def link(*, actor: Actor, incident_id: int, now: datetime, reference: str, title: str = "") -> Incident:
    """Link a change (CHG-12), an incident (INC-12), a release (R-2026.12) or an https address that belongs to it."""
    incident = locked(actor, incident_id)
    kind, found, named = _linked(incident, bounded(reference.strip(), "reference", MOST_ADDRESS))
    known = IncidentLink.objects.filter(incident=incident)
    if known.filter(kind=kind, reference=found).exists():
        raise Conflict("link", _("It is linked already."))
    if known.count() >= MOST_LINKS:
        raise invalid("reference", _("An incident keeps %d links at most.") % MOST_LINKS, "max_length")
    words = bounded(title.strip(), "title", 200) or named[:200]
    user = require(actor, Permission.WORK_INCIDENT)
    IncidentLink.objects.create(incident=incident, kind=kind, reference=found, title=words, added_by=user, added_at=now)
    return write(incident, actor=actor, what="linked", text=f"{found} {words}".strip(), now=now,
                 before=incident.fingerprint)  # fmt: skip


def _linked(incident: Incident, reference: str) -> tuple[str, str, str]:
    """The kind of a reference, how it is kept, and the name of what it leads to; raises Invalid where there is none."""
    numbered = _NUMBERED.fullmatch(reference.upper())
    if numbered:
        prefix, number = numbered[1], int(numbered[2])
        name = (
            ChangeRequest.objects.filter(pk=number).values_list("summary", flat=True).first()
            if prefix == "CHG"
            else Incident.objects.filter(pk=number).exclude(pk=incident.pk).values_list("title", flat=True).first()
        )
        if name is None:
            raise invalid("reference", _("There is no %s to link.") % reference.upper(), "unknown")
        return ("change" if prefix == "CHG" else "incident"), f"{prefix}-{number}", name
    if reference.lower().startswith("https://"):
        return "address", _checked(reference), ""
    release = ReleaseCandidate.objects.filter(key=reference.lower()[:60]).first()
    if release is None:
        raise invalid("reference", _("Name a change (CHG-12), an incident (INC-12), a release, or an https address."),
                      "unknown")  # fmt: skip
    return "release", release.key, release.name


def _checked(address: str) -> str:
    """An address that leads somewhere and hides nothing: no name or password in it, no blanks."""
    try:
        parts = urlsplit(address)
        sound = bool(parts.hostname) and parts.username is None and parts.password is None and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or any(char.isspace() or not char.isprintable() for char in address):
        raise invalid("reference", _("It is no sound https address."), "address")
    return address


@transaction.atomic
def unlink(*, actor: Actor, incident_id: int, now: datetime, link_id: int) -> Incident:
    """Take a link away; the timeline keeps that it was there."""
    incident = locked(actor, incident_id)
    found = IncidentLink.objects.filter(incident=incident, pk=link_id).first()
    if found is None:
        raise Missing("no_such_link", _("%s has no such link.") % incident.human_id)
    found.delete()
    return write(incident, actor=actor, what="unlinked", text=found.reference, now=now, before=incident.fingerprint)


@transaction.atomic
def subscribe(*, actor: Actor, incident_id: int, now: datetime) -> Incident:
    """Follow it. Done twice, it is done once."""
    incident = locked(actor, incident_id, Permission.VIEW)
    user = require(actor, Permission.VIEW)
    _made, fresh = IncidentSubscriber.objects.get_or_create(incident=incident, user=user)
    if fresh:
        record(actor=actor, action="incident.subscribe", kind="incident", key=incident.human_id, now=now)
    return incident


@transaction.atomic
def unsubscribe(*, actor: Actor, incident_id: int, now: datetime) -> Incident:
    """Follow it no more."""
    incident = locked(actor, incident_id, Permission.VIEW)
    gone, _by_model = IncidentSubscriber.objects.filter(incident=incident, user=actor.user).delete()
    if gone:
        record(actor=actor, action="incident.unsubscribe", kind="incident", key=incident.human_id, now=now)
    return incident
