"""Which releases an incident holds up, for its page."""

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from severity.gate.rules import PROD, next_stage
from severity.models import GateException, Incident, IncidentState, ReleaseCandidate
from severity.models.incident import ACTIVE
from severity.readiness import STAGES
from severity.rules import Level

MOST = 20


def held_by(incident: Incident) -> list[dict[str, Any]]:
    """The active releases whose next promotion this incident blocks: the newest first, with page, name and stage.

    A V3 blocks all of them until it is resolved; a V2 the way to prod until it is mitigated, or under a live exception.
    """
    if incident.state == IncidentState.RESOLVED or incident.severity < Level.V2:
        return []
    rows = ReleaseCandidate.objects.filter(state="active").exclude(stage=STAGES[-1])
    if incident.severity == Level.V2:
        live = GateException.objects.filter(
            Q(release_id=OuterRef("pk"), incident=incident, state="active", expires_at__gt=Now())
        )
        rows = (
            rows.filter(~Exists(live), stage=STAGES[STAGES.index(PROD) - 1])
            if incident.state in ACTIVE
            else rows.none()
        )
    return [
        {"href": one.get_absolute_url(), "label": one.human_id, "to": next_stage(one.stage)}
        for one in rows.only("key", "stage").order_by("-id")[:MOST]
    ]
