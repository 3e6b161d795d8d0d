"""The sweep: every worker runs it every few seconds; it takes no argument, and running it twice at once is harmless."""

import logging
import time
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, InternalError, connection, transaction

from connectors.tracking.maintenance import begin_due
from portal.operations import correlation
from portal.operations.services import beat, database_now
from portal.operations.ticks import Held
from severity import (
    change_statements,
    drift_statements,
    duty_statements,
    effects,
    event_statements,
    freshness_statements,
    metric_statements,
    quality_statements,
    statements,
    team_statements,
)
from severity.clock_guard import ClockGuard
from severity.routing import statements as routing

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
# A row that makes its statement fail is left out for this long, by this process; the others find it out for themselves.
ASIDE_SECONDS = 300
_guard = ClockGuard()
_STEPPED = "the database's clock stepped; judgement waits until it is steady"
_aside: dict[tuple[str, int], float] = {}

# Whether anything is due at all: an idle sweep costs no more than this. Ordered, so that old statistics never lead the
# planner to read the whole table for a row that is not there.
_DUE = {
    statement: (
        f"SELECT id, statement_timestamp() FROM {table} WHERE {column} <= statement_timestamp() {{}}"
        f" ORDER BY {column} LIMIT 1"
    )
    for statement, table, column in (
        (statements.SLIPS, "connectors_trackedtask", "due_at"),
        (statements.JUDGED, "connectors_trackedtask", "judge_at"),
        (statements.RAISED, "severity_incident", "escalate_at"),
        (change_statements.LATE, "changes_changerequest", "sign_clock"),
        (change_statements.UNREVIEWED, "changes_changerequest", "review_clock"),
        (change_statements.OVER, "changes_changerequest", "judge_at"),
        (event_statements.WAIVERS, "events_eventschema", "waiver_clock"),
        (event_statements.MOVES, "events_eventschema", "move_clock"),
        (team_statements.TEAMS, "people_team", "judge_at"),
        (metric_statements.RANGES, "metrics_metric", "judge_at"),
        (metric_statements.CERTIFICATIONS, "metrics_metric", "certification_clock"),
        (quality_statements.CHECKPOINTS, "metrics_checkpointstate", "judge_at"),
        (drift_statements.TOOLS, "connectors_knowntool", "judge_at"),
        (freshness_statements.LATE, "connectors_syncstate", "freshness_clock"),
        (freshness_statements.JUDGED, "connectors_syncstate", "judge_at"),
        (freshness_statements.NOTICES, "connectors_breakingnotice", "notice_clock"),
        (freshness_statements.NOTICES_OVER, "connectors_breakingnotice", "judge_at"),
        (duty_statements.DUTIES, "severity_incident", "duty_clock"),
        (routing.ROUTE, "outbox_outboxevent", "route_at"),
        (routing.ESCALATE, "severity_telling", "escalate_at"),
        (routing.TELL, "severity_telling", "tell_at"),
    )
}
_ANY_DUE = {statement: sql.format("") for statement, sql in _DUE.items()}
_FIRST_DUE = {
    statement: sql.format("AND id <> ALL(%s::bigint[])") + " FOR NO KEY UPDATE SKIP LOCKED"
    for statement, sql in _DUE.items()
}
# Those whose rows are tasks, or lead to one: a row that cannot be judged becomes an incident of that task.
TOLD = {statements.SLIPS, statements.JUDGED, statements.RAISED}
_TASK_OF = {
    statements.RAISED: "SELECT task_id FROM severity_incident WHERE id = %s",
}
# What a sweep does, in this order.
_PARTS = {
    "slips": statements.SLIPS,
    "judged": statements.JUDGED,
    # Before incidents are raised: one whose cause is over is ended first.
    "late_data": freshness_statements.LATE,
    "runs": freshness_statements.JUDGED,
    "raised": statements.RAISED,
    "approvals": change_statements.LATE,
    "emergencies": change_statements.UNREVIEWED,
    "decided": change_statements.OVER,
    "waivers": event_statements.WAIVERS,
    "moves": event_statements.MOVES,
    "teams": team_statements.TEAMS,
    "ranges": metric_statements.RANGES,
    "certifications": metric_statements.CERTIFICATIONS,
    "checkpoints": quality_statements.CHECKPOINTS,
    "tools": drift_statements.TOOLS,
    "notices": freshness_statements.NOTICES,
    "noticed": freshness_statements.NOTICES_OVER,
    # After all that may open, raise or end one.
    "duties": duty_statements.DUTIES,
    # Last: what was opened just now is told by this sweep.
    "routed": routing.ROUTE,
    "escalated": routing.ESCALATE,
    "told": routing.TELL,
}


def tick() -> dict[str, int]:
    """Judge everything that is due. Returns how many rows were looked at and how many incidents changed.

    Raises Held for a while when the database's clock has stepped. That is no sign of life: the first look after it finds the
    silence, and gives the blind windows anew, in which nobody was hidden.
    """
    counts = dict.fromkeys((*_PARTS, "incidents"), 0)
    if not _guard.steady(time.monotonic(), database_now()):
        raise Held(_STEPPED)
    begin_due()
    forgive_own_outage()
    for name, statement in _PARTS.items():
        looked, changed = drain(statement)
        counts[name] += looked
        counts["incidents"] += changed
    beat(HEARTBEAT, dict(counts))
    return counts


def hold_still() -> None:
    """Raise Held where the sweep of this process would not judge just now."""
    if not _guard.agrees(time.monotonic(), database_now()):
        raise Held(_STEPPED)


def drain(statement: str, *, batch: int = BATCH, wait: bool = False) -> tuple[int, int]:
    """Run a statement batch by batch until nothing is due; a poisoned row is set aside and the rest goes on.

    Raises Held when the clock has stepped since the sweep began.
    """
    looked, changed, size = 0, 0, batch
    while _any_due(statement):
        try:
            rows, incidents = run_once(statement, size, wait=wait)
        except (DataError, IntegrityError, InternalError) as error:
            if size > 1:
                size = max(1, size // 8)
            else:
                _set_aside(statement, error)
            continue
        looked, changed = looked + rows, changed + incidents
        if rows < size:
            return looked, changed
        size = min(batch, size * 2)
    return looked, changed


def _any_due(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE[statement])
        found = cursor.fetchone()
    if found is not None and not _guard.agrees(time.monotonic(), found[1]):
        raise Held(_STEPPED)
    return found is not None


def run_once(statement: str, limit: int, *, wait: bool = False, only: int | None = None) -> tuple[int, int]:
    """One batch of a statement, in a transaction of its own: how many rows were looked at, how many incidents changed."""
    ids = correlation.current()
    parameters: dict[str, Any] = {
        "limit": limit,
        "only": None if only is None else [only],
        "aside": _left_out(statement),
        "correlation": ids.correlation_id,
        "trace": ids.trace_id,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(effects.complete(statement, wait=wait), parameters)
        rows, incidents = cursor.fetchone()
    return int(rows), int(incidents)


def _left_out(statement: str) -> list[int]:
    now = time.monotonic()
    for key, until in list(_aside.items()):
        if until <= now:
            _aside.pop(key, None)
    return [row for of, row in list(_aside) if of == statement]


def _set_aside(statement: str, error: Exception) -> None:
    """Find the row that fails alone, leave it out from now on and tell people by an incident of the portal's own."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FIRST_DUE[statement], [_left_out(statement)])
        found = cursor.fetchone()
        if found is None:
            return
        row: int = found[0]
        try:
            with transaction.atomic():
                run_once(statement, 1, only=row)
        except (DataError, IntegrityError, InternalError) as again:
            error = again
        else:
            return
    _aside[statement, row] = time.monotonic() + ASIDE_SECONDS
    reason = " ".join(str(error).split())[:300]
    logger.error("a row cannot be judged and is left out for five minutes: %s", reason, extra={"row": row})
    if statement not in TOLD:
        return
    try:
        _tell(statement, row, reason)
    except (DataError, IntegrityError, InternalError):
        logger.exception("not even the incident of a row that cannot be judged could be opened", extra={"row": row})


def _tell(statement: str, row: int, reason: str) -> None:
    ids = correlation.current()
    with transaction.atomic(), connection.cursor() as cursor:
        if statement in _TASK_OF:
            cursor.execute(_TASK_OF[statement], [row])
            row = cursor.fetchone()[0]
        parameters: dict[str, Any] = {
            "only": [row],
            "reason": reason,
            "correlation": ids.correlation_id,
            "trace": ids.trace_id,
        }
        cursor.execute(statements.SET_ASIDE, parameters)


def forgive_own_outage() -> int:
    """After a silence of the portal itself, give the blind windows that are over anew, before anything is judged.

    Syncs get time to report the runs that nobody could take.

    In batches, each its own transaction: cut off in between, the next tick goes on; done twice at once, it is done once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, statement_timestamp() FROM operations_heartbeat WHERE name = %s", [HEARTBEAT])
        found: tuple[datetime, datetime] | None = cursor.fetchone()
    if found is None or (found[1] - found[0]).total_seconds() < OWN_OUTAGE_SECONDS:
        return 0
    forgiven = 0
    silence = (found[1] - found[0]).total_seconds()
    values: dict[str, Any] = {
        "now": found[1],
        "margin": OWN_OUTAGE_SECONDS,
        "limit": FORGIVEN_AT_ONCE,
        "silence": silence,
    }
    for statement in (_FORGIVE, freshness_statements.FORGIVE):
        rows = FORGIVEN_AT_ONCE
        while rows == FORGIVEN_AT_ONCE:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
                rows = int(cursor.rowcount)
            forgiven += rows
    beat(HEARTBEAT, {"forgiven": forgiven})
    return forgiven
