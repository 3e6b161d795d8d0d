"""Data syncs brought into being through real changes, and runs as their schedulers tell them."""

from datetime import datetime, timedelta
from typing import Any

from connectors.models import BreakingNotice, Connector, SyncState
from connectors.syncs import keeping, notices
from connectors.syncs.keeping import Report, Taken
from portal.operations.services import database_now
from portal.people.actors import Actor
from tests.documents import data_movement_document
from tests.metrics.registering import alive
from tests.people import actor, machine
from tests.registering import apply_connector

HOUR = timedelta(hours=1)
SLA = timedelta(seconds=10800)


def sync(key: str = "crm-warehouse", **changes: Any) -> Connector:
    """A sync that stands, fresh for three hours after each run; `changes` by dotted path with `__` for the dots."""
    alive()
    named = {path.replace("__", "."): value for path, value in changes.items()}
    return apply_connector(data_movement_document(key, named))


def scheduler() -> Actor:
    """The machine that reports."""
    return Actor.of(machine("airflow"))


def run(
    name: str = "r1", state: str = "succeeded", *, ago: timedelta = timedelta(minutes=10), **more: Any
) -> dict[str, Any]:
    """The body of a report: started that long ago, and ended five minutes later unless it runs."""
    started = more.pop("started_at", None) or database_now() - ago
    body: dict[str, Any] = {"run": name, "state": state, "started_at": started.isoformat()}
    if state != "running":
        body["ended_at"] = (started + timedelta(minutes=5)).isoformat()
    told = {name: one.isoformat() if isinstance(one, datetime) else one for name, one in more.items()}
    return body | told


def report(body: dict[str, Any], key: str = "crm-warehouse", *, by: Actor | None = None) -> Taken:
    """One run, kept."""
    return keeping.take(actor=by or scheduler(), report=Report(key, body), now=database_now())


def state(key: str = "crm-warehouse") -> SyncState:
    """What is known of it now."""
    return SyncState.objects.select_related("connector", "last_run", "last_success").get(connector__key=key)


def late(key: str = "crm-warehouse", by: timedelta = timedelta(minutes=2)) -> datetime:
    """Let its freshness have ended that long ago; the instant."""
    at = database_now() - by
    SyncState.objects.filter(connector__key=key).update(fresh_until=at, freshness_clock=at)
    return at


def announced(key: str = "crm-warehouse", *names: str) -> BreakingNotice:
    """A breaking change that these must move for."""
    draft = notices.Draft(
        "Column email goes", "Use email_hash.", database_now() + timedelta(days=8), names or ("forecast", "board")
    )
    return notices.announce(actor=actor("amal"), sync=key, draft=draft, now=database_now())


__all__ = ["HOUR", "SLA", "actor", "announced", "late", "report", "run", "scheduler", "state", "sync"]
