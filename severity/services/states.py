"""The way of an incident: taken on, mitigated, resolved; and who holds it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal.people.actors import Actor
from portal.people.guards import require_human
from portal.people.models import Team, User
from portal.refusals import Conflict
from portal.roles import Permission, may
from severity.duties import review_due
from severity.models import Incident, IncidentState
from severity.rules import Level
from severity.services.base import UNRESOLVED, bounded, invalid, locked, need_text, refuse_unless, write
from severity.table.reads import clocks_of


@transaction.atomic
def acknowledge(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """Take it on: the actor becomes its commander."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, IncidentState.OPEN)
    before = incident.fingerprint
    incident.state, incident.acknowledged_at, incident.commander = IncidentState.ACKNOWLEDGED, now, actor.user
    return write(incident, actor=actor, what="acknowledged", text=text, now=now, before=before)


@transaction.atomic
def mitigate(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """The effect has stopped, the cause may last. Says how."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, IncidentState.OPEN, IncidentState.ACKNOWLEDGED)
    need_text(text, _("Say how it was mitigated."))
    before = incident.fingerprint
    incident.state, incident.mitigated_at, incident.escalate_at = IncidentState.MITIGATED, now, None
    incident.acknowledged_at = incident.acknowledged_at or now
    incident.commander = incident.commander or actor.user
    return write(incident, actor=actor, what="mitigated", text=text, now=now, before=before)


@transaction.atomic
def resolve(*, actor: Actor, incident_id: int, now: datetime, text: str = "") -> Incident:
    """It is over. From V2 on, what was done must be said, and a review is due. Only a human closes a V3."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    if incident.severity >= Level.V2:
        need_text(text, _("Say what was done; a customer-impacting incident is not closed without it."))
    before = incident.fingerprint
    incident.resolved_by = require_human(actor)
    incident.state, incident.resolved_at, incident.escalate_at = IncidentState.RESOLVED, now, None
    incident.review_by = review_due(clocks_of(incident.level)[0], now)
    return write(incident, actor=actor, what="resolved", text=text, now=now, before=before)


@transaction.atomic
def command(*, actor: Actor, incident_id: int, now: datetime, to: str = "", text: str = "") -> Incident:
    """Take the command, or hand it to somebody who may work on incidents. Nobody commands what nobody has taken on."""
    incident = locked(actor, incident_id)
    if incident.state == IncidentState.OPEN:
        raise Conflict("state", _("Acknowledge %s first.") % incident.human_id)
    refuse_unless(incident, IncidentState.ACKNOWLEDGED, IncidentState.MITIGATED)
    wanted = _commander(bounded(to.strip(), "to", 150)) if to.strip() else require_human(actor)
    if incident.commander_id == wanted.pk:
        raise Conflict("command", _("%s commands it already.") % wanted.username)
    before = incident.fingerprint
    former, incident.commander = incident.commander_id, wanted
    told = _("%s commands.") % wanted.username
    return write(incident, actor=actor, what="command", text=f"{told} {text}".strip(), now=now, before=before,
                 people=(former, wanted.pk))  # fmt: skip


def _commander(username: str) -> User:
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None or not may(Actor.of(found), Permission.WORK_INCIDENT):
        message = _("“%s” is nobody who may work on incidents.") % username[:60]
        raise invalid("to", message, "not_able")
    return found


@transaction.atomic
def give(*, actor: Actor, incident_id: int, now: datetime, owner: str, text: str = "") -> Incident:
    """Give it to another team, and say why. The team that gives it away hears of it too."""
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    reason = need_text(text, _("Say why another team should have it."))
    team = Team.objects.filter(key=owner[:60]).first() if "\x00" not in owner else None
    if team is None:
        raise invalid("owner", _("There is no team “%s”.") % owner[:60].replace("\x00", ""), "unknown_team")
    if team.pk == incident.owner_id:
        raise Conflict("owner", _("It belongs to %s already.") % team.name)
    before = incident.fingerprint
    former, incident.owner = incident.owner, team
    told = _("From %(one)s to %(other)s.") % {"one": former.key, "other": team.key}
    members = former.members.filter(is_active=True).values_list("pk", flat=True)
    return write(incident, actor=actor, what="given", text=f"{told} {reason}", now=now, before=before,
                 people=(*members, incident.commander_id))  # fmt: skip
