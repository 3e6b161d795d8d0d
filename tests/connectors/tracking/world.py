"""The people, teams, connectors and documents that the tests of tracked tasks talk about."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection

from connectors.models import Connector, ConnectorKind, TrackedTask
from connectors.tracking import service
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.models import Team, User
from portal.registry.models import EntryState
from portal.roles import Role

_numbers = count(1)
SLA = {
    "start_seconds": 60,
    "deadline_seconds": 900,
    "stall_seconds": 300,
    "input_seconds": 600,
    "blind_seconds": 120,
    "escalation_seconds": 1800,
}
TOOLS = (
    "generate_statement",
    "reconcile_ledger",
    "export_contacts",
    "send_campaign",
    "sync_catalogue",
    "review_contract",
    "lookup_customer",
)


def number() -> int:
    """A number nobody else has in this run."""
    return next(_numbers)


def team(key: str = "finance") -> Team:
    """A team by its key."""
    return Team.objects.get_or_create(key=key, defaults={"name": key.title()})[0]


def person(name: str = "amal", role: Role = Role.ENGINEER) -> Actor:
    """Amal the engineer, unless told otherwise."""
    user, _ = User.objects.get_or_create(username=name, defaults={"roles": [role.value]})
    return Actor.of(user)


def operation(name: str, schema: Any = None) -> dict[str, Any]:
    """One operation of a contract; it takes any object unless told."""
    return {
        "name": name,
        "description": "Does it.",
        "effect": "write",
        "external_side_effect": False,
        "input_schema": schema if schema is not None else {"type": "object"},
        "output_schema": {"type": "object"},
        "errors": [{"code": "no", "meaning": "No.", "retryable": False}],
    }


def document(endpoint: str, **changes: Any) -> dict[str, Any]:
    """What of a runtime tool's document matters to tracked tasks."""
    return {
        "facets": {
            "contract": {"operations": changes.get("operations") or [operation(name) for name in TOOLS]},
            "timeout": changes.get("timeout") or {"connect_seconds": 2, "read_seconds": 4, "total_seconds": 6},
            "idempotency_key": changes.get("idempotency_key")
            or {"location": "not_applicable", "name": "", "derivation": "", "dedupe_window_seconds": 0},
        },
        "runtime_tool": {
            "transport": changes.get("transport", "streamable_http"),
            "endpoint": endpoint,
            "credential_ref": changes.get("credential_ref", ""),
            "allowlist": [],
            "tool_pins": [],
            "task_sla": SLA | changes.get("task_sla", {}),
        },
    }


def connector(endpoint: str, *, state: str = EntryState.ACTIVE, key: str = "", **changes: Any) -> Connector:
    """A registered runtime tool at that address."""
    now = database_now()
    key = key or f"tool-{number()}"
    made = Connector(
        key=key,
        name=key,
        kind=ConnectorKind.RUNTIME_TOOL,
        state=state,
        owner=team(),
        version=1,
        document=document(endpoint, **changes),
        digest="0" * 64,
        created_at=now,
        updated_at=now,
        contract_version="1.0.0",
        reversibility_class="R0",
        sensitivity_class="S1",
        approval_class="A1",
        endpoint=endpoint,
    )
    # Past the version store: these tests are not about how connectors come to be.
    return Connector.objects.bulk_create([made])[0]


def start(of: Connector, tool: str = "generate_statement", **told: Any) -> TrackedTask:
    """A newly accepted task."""
    given: dict[str, Any] = {
        "arguments": {},
        "idempotency_key": f"key-{number()}",
        "now": database_now(),
        "actor": person(),
    } | told
    task, created = service.start(connector_key=of.key, operation=tool, **given)
    assert created
    return task


def adopt(of: Connector, remote_task_id: str, **told: Any) -> TrackedTask:
    """A newly adopted task."""
    given: dict[str, Any] = {"idempotency_key": f"key-{number()}", "now": database_now(), "actor": person()} | told
    task, created = service.adopt(
        connector_key=of.key, operation="generate_statement", remote_task_id=remote_task_id, **given
    )
    assert created
    return task


def again(task: TrackedTask) -> TrackedTask:
    """The task as the database has it now."""
    return TrackedTask.objects.get(pk=task.pk)


def due(task: TrackedTask, at: datetime | None = None) -> None:
    """Make a task due for a look."""
    TrackedTask.objects.filter(pk=task.pk).update(next_poll_at=at or database_now())


_TIMES = [
    field.column
    for field in TrackedTask._meta.concrete_fields
    if field.column.endswith(("_at", "_clock", "_until")) and field.column != "due_at"
]


def pass_time(task: TrackedTask, span: timedelta) -> None:
    """Let time go by for one task: everything that is known of it was that much longer ago."""
    columns = ", ".join(f"{name} = {name} - %(by)s" for name in _TIMES)
    with connection.cursor() as cursor:
        told = {"by": span, "id": task.pk}
        cursor.execute(f"UPDATE connectors_trackedtask SET {columns} WHERE id = %(id)s", told)
        cursor.execute("UPDATE severity_incident SET epoch = epoch - %(by)s WHERE task_id = %(id)s", told)
