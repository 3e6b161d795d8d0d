"""What API and CSV say of an incident. The types are what the API's description is made from."""

from datetime import datetime
from typing import Any, TypedDict, cast

from severity.duties import Due, next_due
from severity.models import GateException, Incident, IncidentReview, IncidentState
from severity.table.reads import steps_of


class Subject(TypedDict):
    """What it is about."""

    kind: str
    key: str


class Duty(TypedDict):
    """What is asked for first, passed or ahead: ack_by, update_by, resolve_by or review_by."""

    duty: str
    at: datetime


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
    dimension: str
    circumstance: str
    opened_severity: str | None
    table_version: int
    impact: str
    measure: str
    by_hand: bool
    merged_into: str | None
    ack_by: datetime | None
    update_by: datetime | None
    resolve_by: datetime | None
    review_by: datetime | None
    next_duty: Duty | None
    url: str


class TimelineLine(TypedDict):
    """One line of an incident's timeline; severity as V0 to V3."""

    at: datetime
    what: str
    actor_name: str
    severity: str
    text: str


class EvidenceAnswer(TypedDict, total=False):
    """One piece of what shows it."""

    kind: str
    reference: str
    note: str


class LinkAnswer(TypedDict):
    """Something that belongs to it."""

    id: int
    kind: str
    reference: str
    title: str
    added_by: str
    added_at: datetime


class StepAnswer(TypedDict):
    """A step of its runbook, and who did it."""

    number: int
    text: str
    done_by: str | None
    done_at: datetime | None


class ReviewAnswer(TypedDict):
    """What was learned. An approval is bound to the digest."""

    what_happened: str
    cause: str
    follow_up: str
    author: str
    written_at: datetime
    digest: str
    approved_by: str | None
    approved_at: datetime | None


class ExceptionAnswer(TypedDict):
    """A release that may live with it until a moment; past that moment the block is back."""

    key: str
    release: str
    expires_at: datetime
    live: bool
    url: str


class IncidentWithTimeline(IncidentAnswer):
    """An incident with its timeline, oldest first, and all that belongs to it."""

    timeline: list[TimelineLine]
    evidence: list[EvidenceAnswer]
    links: list[LinkAnswer]
    steps: list[StepAnswer]
    review: ReviewAnswer | None
    exceptions: list[ExceptionAnswer]
    merged: list[str]
    subscribed: bool
    resolved_by: str | None


class ReportAnswer(TypedDict):
    """What became of a report: opened, repeated, raised, reopened, known; resolved, mitigated, stays; or nothing."""

    outcome: str
    incident: IncidentAnswer | None


def due_of(incident: Incident) -> Due:
    """Its clocks."""
    return Due(incident.ack_by, incident.update_by, incident.resolve_by, incident.review_by)


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
        "dimension": incident.dimension,
        "circumstance": incident.circumstance,
        "opened_severity": None if incident.opened_severity is None else f"V{incident.opened_severity}",
        "table_version": incident.table_version,
        "impact": incident.impact,
        "measure": incident.measure,
        "by_hand": incident.by_hand,
        "merged_into": f"INC-{incident.merged_into_id}" if incident.merged_into_id else None,
        "ack_by": incident.ack_by,
        "update_by": incident.update_by,
        "resolve_by": incident.resolve_by,
        "review_by": incident.review_by,
        "next_duty": _duty(incident),
        "url": incident.get_absolute_url(),
    }


def _duty(incident: Incident, *, reviewed: bool = False) -> Duty | None:
    found = next_due(due_of(incident), incident.state, reviewed=reviewed)
    return {"duty": found[0], "at": found[1]} if found else None


def steps_answer(incident: Incident) -> list[StepAnswer]:
    """The steps of its runbook in the reader's language, with who did which. What is ticked is told as it was ticked."""
    done = {one.number: one for one in incident.steps.select_related("done_by")}
    return [
        {
            "number": number,
            "text": done[number].text if number in done else text,
            "done_by": done[number].done_by.username if number in done else None,
            "done_at": done[number].done_at if number in done else None,
        }
        for number, text in enumerate(steps_of(incident.rule, incident.table_version), 1)
    ]


def review_answer(incident: Incident) -> ReviewAnswer | None:
    """Its review, if there is one."""
    found = IncidentReview.objects.filter(incident_id=incident.pk).select_related("author", "approved_by").first()
    if found is None:
        return None
    return {
        "what_happened": found.what_happened,
        "cause": found.cause,
        "follow_up": found.follow_up,
        "author": found.author.username,
        "written_at": found.written_at,
        "digest": found.digest,
        "approved_by": found.approved_by.username if found.approved_by else None,
        "approved_at": found.approved_at,
    }


def exceptions_answer(incident: Incident, now: datetime) -> list[ExceptionAnswer]:
    """The exceptions that were ever made for it, the newest first."""
    rows = GateException.objects.filter(incident_id=incident.pk).select_related("release").order_by("-id")
    return [
        {
            "key": one.key,
            "release": one.release.key,
            "expires_at": one.expires_at,
            "live": one.live(now) and incident.state != IncidentState.RESOLVED,
            "url": f"/exceptions/{one.key}/",
        }
        for one in rows
    ]


def whole_answer(incident: Incident, *, user_id: int | None, now: datetime) -> IncidentWithTimeline:
    """An incident with all that belongs to it."""
    review = review_answer(incident)
    timeline = incident.timeline.order_by("id").values("at", "what", "actor_name", "severity", "text")
    answer = incident_answer(incident)
    answer["next_duty"] = _duty(incident, reviewed=review is not None and review["approved_at"] is not None)
    more: Any = {
        "timeline": [line | {"severity": f"V{line['severity']}"} for line in timeline],
        "evidence": [
            {name: str(one[name]) for name in ("kind", "reference", "note") if name in one}
            for one in incident.evidence
            if isinstance(one, dict)
        ],
        "links": [
            {"id": one.pk, "kind": one.kind, "reference": one.reference, "title": one.title,
             "added_by": one.added_by.username, "added_at": one.added_at}
            for one in incident.links.select_related("added_by")
        ],
        "steps": steps_answer(incident),
        "review": review,
        "exceptions": exceptions_answer(incident, now),
        "merged": [f"INC-{pk}" for pk in incident.merged.order_by("id").values_list("id", flat=True)],
        "subscribed": incident.subscribers.filter(user_id=user_id or 0).exists(),
        "resolved_by": incident.resolved_by.username if incident.resolved_by else None,
    }  # fmt: skip
    return cast(IncidentWithTimeline, {**answer, **more})
