"""Long-running work on the demo MCP server, so that something is alive on the first page."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.models import Observation, TaskState, TrackedTask
from connectors.models.task import CLOCKS
from connectors.tracking import service
from portal.audit.services import record
from severity import services
from severity.demo.people import actor
from severity.demo.tools import CUSTOMER_STATEMENTS, LEDGER_DESK
from severity.models import Incident

PREFIX = "demo-"
AGAIN_AFTER = timedelta(hours=1)
ENDED_BECAUSE = "The demo was started anew; its server had forgotten this task."


@dataclass(frozen=True)
class Job:
    """One task: what it calls, and the clocks that differ from its connector's, in seconds."""

    name: str
    connector: str
    operation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    clocks: dict[str, int] = field(default_factory=dict)


JOBS = (
    # Its deadline passes soon after the start and it never ends: V1, and V2 by the connector's escalation time.
    Job("campaign", LEDGER_DESK, "send_campaign", {"campaign": "autumn-offer"},
        {"start_seconds": 35, "deadline_seconds": 35}),
    # Late, then complete: its incident opens and closes by itself.
    Job("ledger", LEDGER_DESK, "reconcile_ledger", {"period": "2026-10", "seconds": 100},
        {"start_seconds": 60, "deadline_seconds": 60}),
    Job("statement", CUSTOMER_STATEMENTS, "generate_statement", {"customer_id": "C-1001", "seconds": 20},
        {"deadline_seconds": 300}),
    # Customers wait for this one: V2 at once when it is late, mitigated when it completes.
    Job("urgent-statement", CUSTOMER_STATEMENTS, "generate_statement", {"customer_id": "C-1003", "seconds": 240},
        {"deadline_seconds": 120}),
    Job("review", CUSTOMER_STATEMENTS, "review_contract", {"contract": "MSA-2026-014"}, {"input_seconds": 900}),
    Job("contacts", LEDGER_DESK, "export_contacts", {"segment": "enterprise"}),
    Job("catalogue", LEDGER_DESK, "sync_catalogue", {"catalogue": "retail"}),
    Job("year-end", LEDGER_DESK, "reconcile_ledger", {"period": "2026-09", "seconds": 780},
        {"stall_seconds": 900}),
)  # fmt: skip


def start(now: datetime, begun: str = "") -> int:
    """Start the demo's tasks, once for each start of the portal; how many were started.

    `begun` names the start. Work of earlier starts is ended first, for their demo server forgot it. Without a name they
    are started unless some were within the last hour.
    """
    tasks = TrackedTask.objects.filter(idempotency_key__startswith=PREFIX)
    stamp = begun or now.strftime("%Y%m%dT%H%M%S")
    recent = (
        tasks.filter(idempotency_key__endswith=f"-{stamp}")
        if begun
        else tasks.filter(accepted_at__gt=now - AGAIN_AFTER)
    )
    if recent.exists():
        return 0
    _end_earlier(now)
    for job in JOBS:
        service.start(
            actor=actor("engineer"),
            connector_key=job.connector,
            operation=job.operation,
            arguments=job.arguments,
            idempotency_key=f"{PREFIX}{job.name}-{stamp}",
            sla=job.clocks,
            now=now,
        )
    return len(JOBS)


def _end_earlier(now: datetime) -> None:
    """End what earlier starts left open, and resolve its incidents: what the first page shows is of this start."""
    engineer = actor("engineer")
    left = TrackedTask.objects.select_for_update(of=("self",), no_key=True).filter(
        idempotency_key__startswith=PREFIX, ended_at__isnull=True
    )
    for task in left:
        task.state, task.ended_at, task.judge_at = TaskState.CANCELLED, now, now
        task.next_poll_at = task.arguments = None
        for clock in CLOCKS:
            setattr(task, f"{clock}_clock", None)
        task.poll_lease += 1
        task.save()
        Observation.objects.create(task=task, at=now, what="ended", state=task.state, detail=ENDED_BECAUSE)
        record(actor=engineer, action="task.cancelled", kind="task", key=task.human_id, now=now, detail=ENDED_BECAUSE)
    for incident in Incident.objects.unresolved().filter(task__idempotency_key__startswith=PREFIX):
        services.resolve(actor=engineer, incident_id=incident.pk, now=now, text=ENDED_BECAUSE)
