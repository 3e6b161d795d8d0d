"""What stands against an exception, and what is written where its block was."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Conflict, Problem
from portal.registry.documents import Document
from portal.registry.models import EntryState
from portal.registry.rules import Floor
from severity.models import GateException, Incident, IncidentState, ReleaseCandidate, TimelineEvent
from severity.readiness import STAGES
from severity.rules import Level
from severity.wording import until_words

LONGEST = timedelta(days=30)
FIXED = ("incident", "release")


def floor(document: Document) -> Floor:
    """Signed by two, one of them a function head: it lets a customer-impacting fault through."""
    return Floor(reversibility=2, approval=2, read_only=False)


def incident_of(document: Mapping[str, Any]) -> Incident | None:
    """The incident that the document names."""
    return Incident.objects.filter(pk=int(document["incident"].removeprefix("INC-"))).first()


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """An unresolved V2, an active release that is not at prod yet, an end that lies ahead and is near."""
    found = []
    if before is not None:
        message = _("Another incident or release is another exception.")
        found = [Problem(name, message, "fixed") for name in FIXED if before[name] != after[name]]
    incident = incident_of(after)
    if incident is None:
        found.append(Problem("incident", _("There is no incident %s.") % after["incident"], "no_such_incident"))
    elif incident.severity == Level.V3:
        found.append(Problem("incident", _("It is a V3: nothing lifts that but a person who resolves it."), "v3"))
    elif incident.severity != Level.V2:
        message = _("It is a %s and blocks nothing: record a compensating measure on it instead.")
        found.append(Problem("incident", message % incident.level.name, "not_v2"))
    elif incident.state == IncidentState.RESOLVED:
        found.append(Problem("incident", _("It is resolved and blocks nothing."), "resolved"))
    release = ReleaseCandidate.objects.filter(key=after["release"]).first()
    if release is None:
        message = _("There is no release “%s”.") % after["release"]
        found.append(Problem("release", message, "no_such_release"))
    elif release.state != EntryState.ACTIVE or release.stage == STAGES[-1]:
        found.append(Problem("release", _("It is on no way to prod any more."), "release_over"))
    return [*found, *_end_problems(after)]


def _end_problems(after: Document) -> list[Problem]:
    now, ends = database_now(), parse_datetime(after["expires_at"])
    if ends is None or ends <= now:
        return [Problem("expires_at", _("The moment has passed."), "past")]
    if ends > now + LONGEST:
        return [Problem("expires_at", _("At most %d days ahead.") % LONGEST.days, "too_long")]
    return []


def blank(asked: Mapping[str, str]) -> Document:
    """What the form opens with; after `?incident=INC-7&release=r-2026.12` those are filled in."""
    highest = GateException.objects.aggregate(highest=Max("id"))["highest"] or 0
    return {
        "key": f"exc-{highest + 1}",
        "incident": asked.get("incident", "")[:22].upper(),
        "release": asked.get("release", "")[:60].lower(),
    }


def settle(exception: GateException, actor: Actor, now: datetime) -> None:
    """A line on the timeline of the incident, where its block was.

    Raises Conflict where others were merged into the incident since the change was put before its approvers: it would cover what
    nobody of them looked at.
    """
    if exception.state == EntryState.ACTIVE:
        text = "{release} may go on with it until {until}: {reason}".format(
            release=exception.release.human_id,
            until=until_words(exception.expires_at),
            reason=exception.document["reason"],
        )
    else:
        text = f"{exception.human_id} has ended."
    incident = exception.incident
    change = ChangeRequest.objects.get(pk=exception.applied_change_id or 0)
    if exception.state == EntryState.ACTIVE and incident.merged.filter(resolved_at__gt=change.submitted_at).exists():
        words = _("Others were merged into %s since this was submitted; look at it again.")
        raise Conflict("merged_meanwhile", words % incident.human_id)
    TimelineEvent.objects.create(
        incident=incident, at=now, what="exception", actor_name=actor.name, severity=incident.severity, text=text[:5000]
    )
