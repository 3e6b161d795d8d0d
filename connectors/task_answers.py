"""What API and CSV say of a tracked task. The types are what the API's description is made from."""

import json
from datetime import datetime
from typing import Any, TypedDict

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse

from connectors.models import TrackedTask
from connectors.tracking import ways
from connectors.tracking.shown import shown

TIMELINE = 200


class TaskAnswer(TypedDict):
    """One task as a line of the list."""

    id: str
    connector: str
    operation: str
    owner: str
    state: str
    shown: str
    open: bool
    late: bool
    adopted: bool
    remote_task_id: str
    remote_status: str
    status_message: str
    trouble: str
    trouble_kind: str
    idempotency_key: str
    arguments_digest: str
    started_by: str
    accepted_at: datetime
    started_at: datetime | None
    deadline_at: datetime
    seconds_to_deadline: float | None
    last_seen_at: datetime | None
    last_change_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_acknowledged_at: datetime | None
    ended_at: datetime | None
    remote_expires_at: datetime | None
    next_poll_at: datetime | None
    paused_until: datetime | None
    extended_seconds: int
    polls: int
    misses: int
    url: str


class TaskClocks(TypedDict):
    """The windows of its SLA in seconds: those that its request set, the others as its connector says now."""

    start_seconds: int
    deadline_seconds: int
    stall_seconds: int
    input_seconds: int
    blind_seconds: int
    cancel_seconds: int


class TaskLine(TypedDict):
    """One line of the observed timeline; times are the portal's own."""

    at: datetime
    what: str
    state: str
    remote_status: str
    detail: str


class TaskDetail(TaskAnswer):
    """One task whole. `heartbeat_url` is told once, in the answer that made a task which reports by itself."""

    way: str
    limits: str
    heartbeat_url: str
    sla: TaskClocks
    result: dict[str, Any] | None
    input_requests: dict[str, Any] | None
    correlation_id: str
    timeline: list[TaskLine]


def task_answer(task: TrackedTask, now: datetime) -> TaskAnswer:
    """One task as a line of the list. `seconds_to_deadline` is negative once the deadline has passed."""
    return {
        "id": task.human_id,
        "connector": task.connector.key,
        "operation": task.operation,
        "owner": task.owner.key,
        "state": task.state,
        "shown": shown(task, now).value,
        "open": task.open,
        "late": task.late,
        "adopted": task.adopted,
        "remote_task_id": task.remote_task_id,
        "remote_status": task.remote_status,
        "status_message": task.status_message,
        "trouble": task.trouble,
        "trouble_kind": task.trouble_kind,
        "idempotency_key": task.idempotency_key,
        "arguments_digest": task.arguments_digest,
        "started_by": task.started_by_name,
        "accepted_at": task.accepted_at,
        "started_at": task.started_at,
        "deadline_at": task.deadline_at,
        "seconds_to_deadline": round((task.deadline_at - now).total_seconds(), 3) if task.open else None,
        "last_seen_at": task.last_seen_at,
        "last_change_at": task.last_change_at,
        "cancel_requested_at": task.cancel_requested_at,
        "cancel_acknowledged_at": task.cancel_acknowledged_at,
        "ended_at": task.ended_at,
        "remote_expires_at": task.remote_expires_at,
        "next_poll_at": task.next_poll_at,
        "paused_until": task.paused_until,
        "extended_seconds": task.extended_seconds,
        "polls": task.polls,
        "misses": task.misses,
        "url": task.get_absolute_url(),
    }


def task_detail(task: TrackedTask, now: datetime) -> TaskDetail:
    """One task whole, with its clocks and the newest lines of its observed timeline, oldest first."""
    way = ways.name_of(task.connector.document)
    lines = list(task.observations.order_by("-at", "-id")[:TIMELINE])
    return {
        **task_answer(task, now),
        "way": way.value if way else "",
        "limits": str(ways.LIMITS[way]) if way else "",
        "heartbeat_url": f"{settings.PUBLIC_URL}{reverse('hook-beat', args=[task.beat])}" if task.beat else "",
        "sla": _clocks(task),
        "result": task.result,
        "input_requests": task.input_requests,
        "correlation_id": task.correlation_id,
        "timeline": [
            {
                "at": line.at,
                "what": line.what,
                "state": line.state,
                "remote_status": line.remote_status,
                "detail": line.detail,
            }
            for line in reversed(lines)
        ],
    }


def raw(task: TrackedTask, now: datetime) -> str:
    """What the portal knows of it besides its timeline and its result, as indented JSON."""
    known = {**task_answer(task, now), "sla": _clocks(task), "correlation_id": task.correlation_id}
    return json.dumps(known, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)


def _clocks(task: TrackedTask) -> TaskClocks:
    return {
        "start_seconds": task.start_seconds,
        "deadline_seconds": task.deadline_seconds,
        "stall_seconds": task.stall_seconds,
        "input_seconds": task.input_seconds,
        "blind_seconds": task.blind_seconds,
        "cancel_seconds": task.cancel_seconds,
    }
