"""Long-running work on the demo MCP server, so that something is alive on the first page."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.models import TrackedTask
from connectors.tracking import service
from severity.demo.people import actor
from severity.demo.tools import CUSTOMER_STATEMENTS, LEDGER_DESK

PREFIX = "demo-"
AGAIN_AFTER = timedelta(hours=1)


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


def start(now: datetime) -> int:
    """Start the demo's tasks unless some were within the last hour; how many were started."""
    if TrackedTask.objects.filter(idempotency_key__startswith=PREFIX, accepted_at__gt=now - AGAIN_AFTER).exists():
        return 0
    stamp = now.strftime("%Y%m%dT%H%M%S")
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
