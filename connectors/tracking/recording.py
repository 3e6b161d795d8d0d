"""Recording what was seen of tasks: in one statement a batch, and only where the lease of a claim still holds.

That uses the lease up: recording the same answers again, after a lost connection, changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import Error, InterfaceError, OperationalError, connection, transaction

from connectors.models.task import Trouble
from connectors.tracking.change import Change
from portal.operations.clock import TOLERANCE_SECONDS
from portal.people.actors import Actor

logger = logging.getLogger(__name__)

SET_ASIDE_SECONDS = 300

# The time for input may count in the working hours of the team that owns the task: from when it began to wait.
INPUT_CLOCK = """CASE WHEN a.input_clock < 'infinity' AND (
    SELECT c.document #>> '{runtime_tool,task_sla,input_hours}' = 'team' FROM connectors_connector c WHERE c.id = t.connector_id)
  THEN in_working_hours(a.at + a.step + {PAUSED}, t.input_seconds, (SELECT hours FROM people_team WHERE id = t.owner_id))
  ELSE a.input_clock + a.step + {PAUSED} END"""
# A missing value leaves a column as it is; 'infinity' and {} clear it. Clocks that a sweep has judged meanwhile (NULL)
# stay judged unless they are armed anew here. What is armed in a pause runs from its end. A stall that waited for a look to
# confirm it is judged at once. What is recorded long after it was answered, or before it as the clock was put back meanwhile,
# counts from now: its `step`.
_RECORD = (
    """
WITH answer AS MATERIALIZED (
  SELECT a.*, CASE WHEN abs(extract(epoch FROM statement_timestamp() - a.at)) > {TOLERANCE}
                   THEN statement_timestamp() - a.at ELSE interval '0' END AS step
  FROM jsonb_to_recordset(%(answers)s::jsonb) AS a (
    id bigint, lease bigint, was text, at timestamptz, state text, polls int, misses int, seen boolean,
    changed boolean, judge boolean, drop_arguments boolean,
    remote_task_id text, remote_session text, reported_at timestamptz,
    remote_status text, status_message text, trouble text, trouble_kind text, result jsonb,
    input_requests jsonb, poll_interval_ms int, start_attempted_at timestamptz, started_at timestamptz,
    last_seen_at timestamptz, last_change_at timestamptz, cancel_acknowledged_at timestamptz, ended_at timestamptz,
    remote_expires_at timestamptz, start_clock timestamptz, stall_clock timestamptz, input_clock timestamptz,
    blind_clock timestamptz, next_poll_at timestamptz, notes jsonb)
), moved AS (
  UPDATE connectors_trackedtask t SET
    poll_lease = t.poll_lease + 1,
    busy_until = NULL,
    polled_at = CASE WHEN a.step = interval '0' THEN t.polled_at ELSE statement_timestamp() END,
    state = CASE WHEN a.state IS NULL THEN t.state
                 WHEN a.ended_at IS NULL AND t.cancel_requested_at IS NOT NULL AND a.state <> 'start_unknown'
                 THEN 'cancel_requested' ELSE a.state END,
    remote_task_id = coalesce(a.remote_task_id, t.remote_task_id),
    remote_session = coalesce(a.remote_session, t.remote_session),
    reported_at = coalesce(a.reported_at, t.reported_at),
    remote_status = coalesce(a.remote_status, t.remote_status),
    status_message = coalesce(a.status_message, t.status_message),
    trouble = coalesce(a.trouble, t.trouble),
    trouble_kind = coalesce(a.trouble_kind, t.trouble_kind),
    result = coalesce(a.result, t.result),
    input_requests = nullif(coalesce(a.input_requests, t.input_requests), '{}'::jsonb),
    arguments = CASE WHEN a.drop_arguments THEN NULL ELSE t.arguments END,
    poll_interval_ms = coalesce(a.poll_interval_ms, t.poll_interval_ms),
    polls = t.polls + coalesce(a.polls, 0),
    misses = coalesce(a.misses, t.misses),
    start_attempted_at = nullif(coalesce(a.start_attempted_at, t.start_attempted_at), 'infinity'),
    started_at = coalesce(a.started_at, t.started_at),
    last_seen_at = coalesce(a.last_seen_at + a.step, t.last_seen_at),
    last_change_at = coalesce(a.last_change_at + a.step, t.last_change_at),
    cancel_acknowledged_at = coalesce(a.cancel_acknowledged_at, t.cancel_acknowledged_at),
    ended_at = a.ended_at,
    remote_expires_at = nullif(coalesce(a.remote_expires_at, t.remote_expires_at), 'infinity'),
    start_clock = CASE WHEN a.ended_at IS NULL THEN nullif(coalesce(a.start_clock, t.start_clock), 'infinity') END,
    stall_clock = CASE WHEN a.ended_at IS NULL AND t.cancel_requested_at IS NULL
                       THEN nullif(coalesce(a.stall_clock + a.step + {PAUSED}, CASE
                         WHEN a.seen AND t.stall_clock IS NOT NULL AND t.stall_at <= a.at + a.step THEN t.stall_at
                         ELSE t.stall_clock END), 'infinity') END,
    stall_at = nullif(coalesce(a.stall_clock + a.step + {PAUSED}, t.stall_at), 'infinity'),
    input_clock = CASE WHEN a.ended_at IS NULL AND t.cancel_requested_at IS NULL
                       THEN nullif(coalesce({INPUT}, t.input_clock), 'infinity') END,
    blind_clock = CASE WHEN a.ended_at IS NULL
                       THEN nullif(coalesce(a.blind_clock + a.step + {PAUSED}, t.blind_clock), 'infinity') END,
    deadline_clock = CASE WHEN a.ended_at IS NULL THEN t.deadline_clock END,
    cancel_clock = CASE WHEN a.ended_at IS NULL THEN t.cancel_clock END,
    next_poll_at = CASE WHEN a.ended_at IS NULL
                        THEN nullif(coalesce(a.next_poll_at + a.step, t.next_poll_at), 'infinity') END,
    judge_at = CASE WHEN a.judge OR (a.changed AND t.stall_clock IS NULL) OR (a.seen AND t.blind_clock IS NULL)
                    THEN statement_timestamp() ELSE t.judge_at END
  FROM answer a
  WHERE t.id = a.id AND t.ended_at IS NULL
    AND (t.poll_lease = a.lease OR (t.remote_task_id = '' AND a.remote_task_id <> ''))
  RETURNING t.id, t.state, t.remote_status, t.correlation_id, a.was, a.at, a.notes
), observed AS (
  INSERT INTO connectors_observation (task_id, at, what, state, remote_status, detail)
  SELECT moved.id, moved.at, note.value ->> 0, moved.state, moved.remote_status, note.value ->> 1
    FROM moved CROSS JOIN LATERAL jsonb_array_elements(moved.notes) WITH ORDINALITY AS note
   WHERE moved.notes IS NOT NULL
   ORDER BY moved.id, note.ordinality
), audited AS (
  INSERT INTO audit_auditline (at, actor_name, actor_type, action, object_kind, object_key, detail, correlation_id)
  SELECT statement_timestamp(), %(actor)s, %(actor_type)s, 'task.' || moved.state, 'task', 'T-' || moved.id,
         moved.was || ' → ' || moved.state, moved.correlation_id
    FROM moved WHERE moved.state <> moved.was
)
SELECT count(*), count(*) FILTER (WHERE state <> was) FROM moved
""".replace("{TOLERANCE}", str(TOLERANCE_SECONDS))
    .replace("{INPUT}", INPUT_CLOCK)
    .replace("{PAUSED}", "greatest(t.paused_until - a.at - a.step, interval '0')")
)

_SET_ASIDE = """
UPDATE connectors_trackedtask
   SET next_poll_at = statement_timestamp() + make_interval(secs => %s), trouble = %s, trouble_kind = %s,
       misses = misses + 1, busy_until = NULL
 WHERE id = %s AND poll_lease = %s AND ended_at IS NULL
"""

_ACTOR = Actor.system("polling")


@dataclass
class Recorded:
    """Counts of one recording."""

    rows: int = 0
    moved: int = 0
    set_aside: int = 0

    def __iadd__(self, other: "Recorded") -> "Recorded":
        self.rows += other.rows
        self.moved += other.moved
        self.set_aside += other.set_aside
        return self


def record(changes: Sequence[Change]) -> Recorded:
    """Write what was seen, in one statement; one row that cannot be written is set aside and stops no other.

    Raises OperationalError or InterfaceError when the database itself is away; nothing is written then.
    """
    if not changes:
        return Recorded()
    try:
        return _write(changes)
    except (OperationalError, InterfaceError):
        raise
    except (Error, TypeError, ValueError) as error:
        if len(changes) == 1:
            return _set_aside(changes[0], error)
    middle = len(changes) // 2
    recorded = record(changes[:middle])
    recorded += record(changes[middle:])
    return recorded


def _write(changes: Sequence[Change]) -> Recorded:
    answers = orjson.dumps([_row(change) for change in changes]).decode()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD, {"answers": answers, "actor": _ACTOR.name, "actor_type": _ACTOR.actor_type.value})
        rows, moved = cursor.fetchone()
    return Recorded(rows=rows, moved=moved)


def _row(change: Change) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": change.held.id,
        "lease": change.held.lease,
        "was": change.held.state,
        "at": change.at,
        **change.columns,
    }
    if change.notes:
        row["notes"] = [[note.what, note.detail] for note in change.notes]
    return row


def _set_aside(change: Change, error: Exception) -> Recorded:
    reason = " ".join(str(error).split())[:200]
    logger.error("task T-%d is set aside for %d s: %s", change.held.id, SET_ASIDE_SECONDS, reason)
    trouble = f"The server's answer could not be recorded: {reason}"[:300].replace("\0", "")
    with connection.cursor() as cursor:
        cursor.execute(_SET_ASIDE, [SET_ASIDE_SECONDS, trouble, Trouble.SET_ASIDE, change.held.id, change.held.lease])
    return Recorded(set_aside=1)
