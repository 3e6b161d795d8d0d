"""Which releases an incident holds up, for its page."""

from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now

from severity.gate.rules import PROD, next_stage
from severity.models import GateDecision, GateException, Incident, IncidentState, ReleaseCandidate
from severity.models.incident import ACTIVE
from severity.readiness import STAGES
from severity.rules import Level

MOST = 20
_NEWEST = GateDecision.objects.filter(release_key=OuterRef("key")).order_by("-id")


def next_release() -> Any:
    """The newest active release on its way, with what the gate last answered: `allowed`, `asked_to`, `asked_at`."""
    rows = ReleaseCandidate.objects.filter(state="active").exclude(stage=STAGES[-1]).only("key", "stage")
    return (
        rows.annotate(
            allowed=Subquery(_NEWEST.values("allowed")[:1]),
            asked_to=Subquery(_NEWEST.values("to_stage")[:1], output_field=CharField()),
            asked_at=Subquery(_NEWEST.values("at")[:1]),
        )
        .order_by("-created_at", "-id")
        .first()
    )


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
