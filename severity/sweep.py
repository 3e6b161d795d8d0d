"""The sweep: every worker runs it every few seconds; it takes no argument, and running it twice at once is harmless."""

import logging
import time
from datetime import datetime

from django.db import DataError, IntegrityError, InternalError, connection, transaction

from portal.operations import correlation
from portal.operations.services import beat, database_now
from severity import statements
from severity.rules import ClockGuard

logger = logging.getLogger(__name__)

BATCH = 500
# After a silence of our own this long, what could not be seen counts as unknown.
OWN_OUTAGE_SECONDS = 60
HEARTBEAT = "severity.sweep"
FORGIVEN_AT_ONCE = 5000
# Those whose blind window ends by now or within the margin, found by the index on the earliest clock; moved past the margin.
_FORGIVE = """
UPDATE connectors_trackedtask SET blind_clock = %(now)s + (%(margin)s + blind_seconds) * interval '1 second'
WHERE id IN (
  SELECT id FROM connectors_trackedtask
  WHERE due_at <= %(now)s + %(margin)s * interval '1 second' AND blind_clock <= %(now)s + %(margin)s * interval '1 second'
    AND ended_at IS NULL
  LIMIT %(limit)s FOR NO KEY UPDATE)
"""
_SKIP, _WAIT = "SKIP LOCKED", ""
_guard = ClockGuard()

# Where the first due row of a statement is, and how it is set aside when it alone makes the statement fail.
_SET_ASIDE = {
    statements.SLIPS: "UPDATE connectors_trackedtask SET "
    + ", ".join(
        f"{name}_clock = CASE WHEN {name}_clock <= statement_timestamp()"
        f" THEN statement_timestamp() + interval '5 minutes' ELSE {name}_clock END"
        for name in ("start", "deadline", "stall", "input", "blind", "cancel")
    )
    + " WHERE id = (SELECT id FROM connectors_trackedtask WHERE due_at <= statement_timestamp()"
    " ORDER BY due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
    statements.JUDGED: "UPDATE connectors_trackedtask SET judge_at = statement_timestamp() + interval '5 minutes'"
    " WHERE id = (SELECT id FROM connectors_trackedtask WHERE judge_at <= statement_timestamp()"
    " ORDER BY judge_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
    statements.RAISED: "UPDATE severity_incident SET escalate_at = statement_timestamp() + interval '5 minutes'"
    " WHERE id = (SELECT id FROM severity_incident WHERE escalate_at <= statement_timestamp()"
    " ORDER BY escalate_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
}

# Whether anything is due at all: an idle sweep costs no more than this. Ordered, so that old statistics never lead the
# planner to read the whole table for a row that is not there.
_ANY_DUE = {
    statement: f"SELECT 1 FROM {table} WHERE {column} <= statement_timestamp() ORDER BY {column} LIMIT 1"
    for statement, table, column in (
        (statements.SLIPS, "connectors_trackedtask", "due_at"),
        (statements.JUDGED, "connectors_trackedtask", "judge_at"),
        (statements.RAISED, "severity_incident", "escalate_at"),
    )
}


def tick() -> dict[str, int]:
    """Judge everything that is due. Returns how many rows were looked at and how many incidents changed."""
    counts = {"slips": 0, "judged": 0, "raised": 0, "incidents": 0}
    if not _guard.steady(time.monotonic(), database_now()):
        logger.warning("the database's clock stepped: judgement waits until it is steady")
        return counts
    forgive_own_outage()
    for name, statement in (
        ("slips", statements.SLIPS),
        ("judged", statements.JUDGED),
        ("raised", statements.RAISED),
    ):
        looked, changed = drain(statement)
        counts[name] += looked
        counts["incidents"] += changed
    beat(HEARTBEAT, dict(counts))
    return counts


def drain(statement: str, *, batch: int = BATCH, wait: bool = False) -> tuple[int, int]:
    """Run a statement batch by batch until nothing is due; a poisoned row is set aside and the rest goes on."""
    looked, changed, size = 0, 0, batch
    while _any_due(statement):
        try:
            rows, incidents = _run(statement, size, wait=wait)
        except (DataError, IntegrityError, InternalError):
            if size > 1:
                size = max(1, size // 8)
                continue
            _set_aside(statement)
            size = batch
            continue
        looked, changed = looked + rows, changed + incidents
        if rows < size and size == batch:
            return looked, changed
        if rows < size:
            size = batch
        elif size < batch:
            size = min(batch, size * 2)
    return looked, changed


def _any_due(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE[statement])
        return cursor.fetchone() is not None


def _run(statement: str, limit: int, *, wait: bool) -> tuple[int, int]:
    ids = correlation.current()
    parameters: dict[str, int | str] = {"limit": limit, "correlation": ids.correlation_id, "trace": ids.trace_id}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(skip=_WAIT if wait else _SKIP), parameters)
        rows, incidents = cursor.fetchone()
    return int(rows), int(incidents)


def _set_aside(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SET_ASIDE[statement])
        found = cursor.fetchone()
    logger.error("a row cannot be judged and is set aside for five minutes", extra={"row": found[0] if found else None})


def forgive_own_outage() -> int:
    """After a silence of the portal itself, give the blind windows that are over anew, before anything is judged.

    In batches, each its own transaction: cut off in between, the next tick goes on; done twice at once, it is done once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, statement_timestamp() FROM operations_heartbeat WHERE name = %s", [HEARTBEAT])
        found: tuple[datetime, datetime] | None = cursor.fetchone()
    if found is None or (found[1] - found[0]).total_seconds() < OWN_OUTAGE_SECONDS:
        return 0
    forgiven = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_FORGIVE, {"now": found[1], "margin": OWN_OUTAGE_SECONDS, "limit": FORGIVEN_AT_ONCE})
            rows = int(cursor.rowcount)
        forgiven += rows
        if rows < FORGIVEN_AT_ONCE:
            break
    beat(HEARTBEAT, {"forgiven": forgiven})
    return forgiven
