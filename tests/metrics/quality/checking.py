"""Checkpoints and workflows, brought into being through real changes, and results as tools report them."""

from datetime import datetime, timedelta
from typing import Any

from metrics.models import Checkpoint, CheckpointState, Dataset, Workflow
from metrics.quality.taking import Report, Taken, take
from portal.operations.services import database_now
from tests.events.registering import signed
from tests.metrics.deciding import submitted
from tests.metrics.lineage.telling import dataset
from tests.metrics.registering import alive
from tests.people import actor, machine

PLAIN_COLUMNS = [{"name": name, "classification": "internal", "description": ""} for name in ("order_id", "total")]


def checkpoint_document(key: str = "orders-daily", **more: Any) -> dict[str, Any]:
    """A checkpoint of the dataset sales-orders."""
    return {
        "key": key,
        "name": "Orders, every day",
        "description": "Whether last night's orders hold what they must.",
        "owner": "crm-team",
        "dataset": "sales-orders",
        "dimension": "data_quality",
        "tool": "generic",
        "definitions": [{"name": "orders", "suite": "", "asset": ""}],
        "max_age_minutes": 1500,
    } | more


def workflow_document(key: str = "monthly-statement", **more: Any) -> dict[str, Any]:
    """A workflow that consumes it."""
    return {
        "key": key,
        "name": "Monthly statement",
        "description": "Sends each customer what was ordered.",
        "owner": "crm-team",
        "consumes": ["sales-orders"],
        "address": "",
    } | more


def stored(**more: Any) -> Dataset:
    """The dataset sales-orders, made if it is not there."""
    alive()
    return Dataset.objects.filter(key="sales-orders").first() or dataset(**more)


def checkpoint(**more: Any) -> Checkpoint:
    """A checkpoint that stands."""
    stored()
    document = checkpoint_document(**more)
    signed(submitted("checkpoint", document))
    return Checkpoint.objects.get(key=document["key"])


def workflow(**more: Any) -> Workflow:
    """A workflow that stands."""
    stored()
    document = workflow_document(**more)
    signed(submitted("workflow", document))
    return Workflow.objects.get(key=document["key"])


def check(outcome: str = "pass", *columns: str, definition: str = "orders", **more: Any) -> dict[str, Any]:
    """One check of a generic report."""
    return {"definition": definition, "type": "not_null", "outcome": outcome, "columns": list(columns)} | more


def result(run: str = "run-1", *checks: dict[str, Any], at: datetime | None = None, ago: float = 1) -> dict[str, Any]:
    """A generic report of a run some minutes ago."""
    moment = at or database_now() - timedelta(minutes=ago)
    return {"run_id": run, "run_at": moment.isoformat(), "checks": list(checks or (check(),))}


def report(body: dict[str, Any], key: str = "orders-daily") -> Taken:
    """Keep it as a machine reports it."""
    machine("prober")
    return take(actor=actor("prober"), report=Report(key, "", body), now=database_now())


def state(key: str = "orders-daily") -> CheckpointState:
    """What is known now."""
    return CheckpointState.objects.get(checkpoint__key=key)
