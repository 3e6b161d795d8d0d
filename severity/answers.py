"""What API and CSV say of an incident. The types are what the API's description is made from."""

from datetime import datetime
from typing import TypedDict

from severity.models import Incident


class Subject(TypedDict):
    """What it is about."""

    kind: str
    key: str


class IncidentAnswer(TypedDict):
    """An incident without its timeline."""

    id: int
    human_id: str
    severity: str
    state: str
    title: str
    source: str
    rule: str
    dedup_key: str
    subject: Subject
    task: int | None
    connector: str | None
    owner: str
    commander: str | None
    epoch: datetime
    opened_at: datetime
    acknowledged_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    escalate_at: datetime | None
    repeats: int
    url: str


class TimelineLine(TypedDict):
    """One line of an incident's timeline; severity as V0 to V3."""

    at: datetime
    what: str
    actor_name: str
    severity: str
    text: str


class IncidentWithTimeline(IncidentAnswer):
    """An incident with its timeline, oldest first."""

    timeline: list[TimelineLine]


def incident_answer(incident: Incident) -> IncidentAnswer:
    """An incident without its timeline."""
    return {
        "id": incident.pk,
        "human_id": incident.human_id,
        "severity": incident.level.name,
        "state": incident.state,
        "title": incident.title,
        "source": incident.source,
        "rule": incident.rule,
        "dedup_key": incident.dedup_key,
        "subject": {"kind": incident.subject_kind, "key": incident.subject_key},
        "task": incident.task_id,
        "connector": incident.connector.key if incident.connector else None,
        "owner": incident.owner.key,
        "commander": incident.commander.username if incident.commander else None,
        "epoch": incident.epoch,
        "opened_at": incident.opened_at,
        "acknowledged_at": incident.acknowledged_at,
        "mitigated_at": incident.mitigated_at,
        "resolved_at": incident.resolved_at,
        "escalate_at": incident.escalate_at,
        "repeats": incident.repeats,
        "url": incident.get_absolute_url(),
    }
