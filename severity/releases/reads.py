"""Which releases incidents hold up, for their pages and those of connectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, OuterRef, Subquery
from django.db.models.functions import Now

from severity.gate.rules import PROD, next_stage
from severity.models import GateDecision, GateException, Incident, IncidentState, ReleaseCandidate
from severity.models.incident import ACTIVE
from severity.readiness import STAGES
from severity.rules import Level

MOST, MOST_RELEASES = 20, 100
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


@dataclass(frozen=True)
class HeldUp:
    """A release on its way, the stage it would go to, and the incidents of those asked about that block that."""

    release: ReleaseCandidate
    to: str
    by: list[Incident]


def on_their_way(incidents: Sequence[Incident]) -> list[HeldUp]:
    """Every active release that has a stage ahead, the newest first, with those incidents that block its next promotion.

    A V3 blocks all of them until it is resolved; a V2 the way to prod until it is mitigated, or under a live exception.
    """
    worst = [one for one in incidents if one.state != IncidentState.RESOLVED and one.severity >= Level.V2]
    rows = ReleaseCandidate.objects.filter(state="active").exclude(stage=STAGES[-1])
    releases = list(rows.only("key", "name", "name_ar", "stage").order_by("-id")[:MOST_RELEASES])
    live = set(
        GateException.objects.filter(
            incident__in=worst, release__in=releases, state="active", expires_at__gt=Now()
        ).values_list("release_id", "incident_id")
        if worst
        else []
    )

    def blocks(incident: Incident, release: ReleaseCandidate) -> bool:
        if incident.severity > Level.V2:
            return True
        to_prod = next_stage(release.stage) == PROD
        return to_prod and incident.state in ACTIVE and (release.pk, incident.pk) not in live

    return [HeldUp(one, next_stage(one.stage) or PROD, [it for it in worst if blocks(it, one)]) for one in releases]


def held_by(incident: Incident) -> list[dict[str, Any]]:
    """The releases that an incident holds up: the newest first, with page, name and stage."""
    if incident.state == IncidentState.RESOLVED or incident.severity < Level.V2:
        return []
    found = [one for one in on_their_way([incident]) if one.by]
    return [
        {"href": one.release.get_absolute_url(), "label": one.release.human_id, "to": one.to} for one in found[:MOST]
    ]
