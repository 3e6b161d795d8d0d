"""How bad it is: changed by people, with a reason; and one incident merged into another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from portal.people.actors import Actor
from portal.people.guards import require, require_human
from portal.refusals import Conflict
from portal.roles import Permission
from severity.duties import by_level, sooner
from severity.models import GateException, Incident, IncidentState, IncidentSubscriber
from severity.rules import Level
from severity.services.base import (
    MOST_EVIDENCE,
    UNRESOLVED,
    add_evidence,
    due_of,
    invalid,
    locked,
    locked_row,
    need_text,
    refuse_unless,
    take_due,
    write,
)
from severity.services.notes import MOST_MEASURE
from severity.table.reads import clocks_of


@transaction.atomic
def change_severity(
    *,
    actor: Actor,
    incident_id: int,
    now: datetime,
    severity: Level,
    text: str = "",
    evidence: Sequence[Mapping[str, Any]] = (),
) -> Incident:
    """Say that it is better or worse than it was taken for, and why.

    To V3 it takes evidence, from V3 down the trust of a function head. Its clocks are those of the new level: from now on,
    but never later than they were if it is worse.
    """
    incident = locked(actor, incident_id)
    refuse_unless(incident, *UNRESOLVED)
    former = incident.level
    if former == severity:
        raise Conflict("severity", _("%(id)s is %(level)s already.") % {
            "id": incident.human_id, "level": severity.name})  # fmt: skip
    if former == Level.V3:
        require(actor, Permission.LOWER_V3)
    reason = need_text(text, _("Say why it is better or worse than it was taken for."))
    if severity == Level.V3 and not evidence:
        raise invalid("evidence", _("Show what makes it a V3."), "required")
    before = incident.fingerprint
    add_evidence(incident, evidence)
    _judge(incident, severity, now, worse=severity > former)
    told = f"{former.name} → {severity.name}. {reason}"
    what = "raised" if severity > former else "lowered"
    return write(incident, actor=actor, what=what, text=told, now=now, before=before, people=(incident.commander_id,))


def _judge(incident: Incident, severity: Level, now: datetime, *, worse: bool) -> None:
    """Set the level and the clocks that come with it."""
    clocks, incident.table_version = clocks_of(severity)
    fresh = by_level(clocks, now)
    take_due(incident, sooner(due_of(incident), fresh) if worse else fresh)
    incident.severity = severity.value
    # Somebody has looked: it does not rise by itself any more.
    incident.escalate_at = None


@transaction.atomic
def merge(*, actor: Actor, incident_id: int, into: int, now: datetime, text: str = "") -> Incident:
    """Say that it is the same as another one, which goes on for both. Returns the one that goes on.

    That one takes the worse severity, and waits for a person from now on. What was merged is resolved by the person who says
    so. Neither may be over already, so that no circle comes to be. Nothing is lost on the way: what was not mitigated or
    compensated for is not so afterwards, and an exception for the one does not excuse the other.
    """
    require(actor, Permission.WORK_INCIDENT)
    if incident_id == into:
        raise Conflict("merge", _("An incident cannot be merged into itself."))
    # Always in the same order, so that two merges wait for each other and neither for ever.
    rows = {number: locked_row(number) for number in sorted((incident_id, into))}
    gone, kept = rows[incident_id], rows[into]
    for one in (gone, kept):
        if one.resolved:
            raise Conflict("state", _("%s is over: only what lasts is merged.") % one.human_id)
    if (
        gone.level == Level.V2
        and GateException.objects.filter(incident=kept, state="active", expires_at__gt=now).exists()
    ):
        raise Conflict(
            "exception", _("An exception lives for %s alone: it may not excuse another one.") % kept.human_id
        )
    before = kept.fingerprint
    _take_over(kept, gone, now)
    words = text.strip()
    write(kept, actor=actor, what="took_over", text=f"{gone.human_id} {gone.title}. {words}".strip(), now=now,
          before=before, people=(gone.commander_id, kept.commander_id))  # fmt: skip
    before = gone.fingerprint
    gone.state, gone.resolved_at, gone.escalate_at = IncidentState.RESOLVED, now, None
    gone.resolved_by, gone.merged_into, gone.review_by = require_human(actor), kept, None
    write(gone, actor=actor, what="merged", text=f"{kept.human_id} {kept.title}. {words}".strip(), now=now,
          before=before, people=(gone.commander_id,))  # fmt: skip
    return kept


def _take_over(kept: Incident, gone: Incident, now: datetime) -> None:
    due = due_of(kept)
    kept.by_hand = True
    # A V3 rests on evidence: what the merged one showed comes first if there is no room for all.
    kept.evidence = [*gone.evidence, *kept.evidence][:MOST_EVIDENCE]
    if not gone.measure or not kept.measure:
        kept.measure = ""
    elif gone.measure not in kept.measure:
        kept.measure = f"{kept.measure} / {gone.measure}"[:MOST_MEASURE]
    if gone.severity > kept.severity:
        _judge(kept, gone.level, now, worse=True)
        kept.circumstance = gone.circumstance
        take_due(kept, sooner(due_of(kept), replace(due_of(gone), review_by=None)))
    elif gone.severity == kept.severity:
        take_due(kept, sooner(due, due_of(gone)))
    if kept.state == IncidentState.MITIGATED and gone.state != IncidentState.MITIGATED:
        kept.mitigated_at = None
        kept.state = IncidentState.ACKNOWLEDGED if kept.acknowledged_at else IncidentState.OPEN
    followers = IncidentSubscriber.objects.filter(incident=gone).values_list("user_id", flat=True)
    IncidentSubscriber.objects.bulk_create(
        [IncidentSubscriber(incident=kept, user_id=one) for one in followers], ignore_conflicts=True
    )
