"""The SQL by which workers take tasks to look at.

A claim is a lease: it moves `next_poll_at` on and raises `poll_lease`. Nothing else marks a task as taken, so whatever
dies leaves nothing behind that does not run out by itself. An answer is recorded only while its lease still holds
(`connectors.tracking.recording`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction

from connectors.tracking import servers
from connectors.tracking.change import Held
from portal.operations.clock import TOLERANCE_SECONDS

# Longer than the longest exchange of its kind together with the wait before it (see `exchange`).
LOOK_LEASE_SECONDS = 30
START_LEASE_SECONDS = 75

_HELD = tuple(field.name for field in fields(Held))

_HELD_SQL = """
statement_timestamp(), t.id, t.poll_lease, t.connector_id, {version}, {endpoint}, t.operation,
          t.remote_task_id, t.state, t.adopted, t.remote_status, t.status_message, t.input_requests::text,
          t.trouble_kind, t.misses, t.poll_interval_ms, t.started_at, t.deadline_at, t.remote_expires_at,
          t.cancel_requested_at, t.cancel_acknowledged_at, t.stall_seconds, t.input_seconds, t.blind_seconds,
          {attempted} IS NOT NULL, t.arguments::text,
          CASE WHEN t.remote_task_id = ''
               THEN encode(sha256(convert_to(t.connector_id || '/' || t.owner_id || '/' || t.idempotency_key, 'UTF8')),
                           'hex')
               ELSE '' END,
          t.remote_session,
          t.remote_task_id = '' AND (
            EXISTS (SELECT FROM connectors_verification v
                     WHERE v.connector_id = t.connector_id AND v.quarantined_at IS NOT NULL)
            OR EXISTS (SELECT FROM connectors_knowntool k
                        WHERE k.connector_id = t.connector_id AND k.name = t.operation AND k.quarantined))
"""
# One task, whose row is locked already, to be written to at once.
_HOLD = """
UPDATE connectors_trackedtask t SET poll_lease = t.poll_lease + 1
  FROM connectors_connector c WHERE t.id = %s AND c.id = t.connector_id
RETURNING {HELD}
""".replace("{HELD}", _HELD_SQL.format(version="c.version", endpoint="c.endpoint", attempted="t.start_attempted_at"))
# What is left of the exchanges a second that a server is asked at most; NULL without such a limit.
_TOKENS = """CASE WHEN s.per_second IS NOT NULL THEN least(greatest(s.per_second, 1), s.tokens + s.per_second * extract(
  epoch FROM statement_timestamp() - coalesce(s.tokens_at, statement_timestamp() - interval '1 hour'))::float) END"""
# If whoever takes it dies, its server is still asked no sooner than it allows: what it said, but not past the deadline; after
# that an hour at most.
_PACE = """least(coalesce(t.poll_interval_ms, 0) / 1000.0,
  CASE WHEN t.deadline_at > statement_timestamp() THEN extract(epoch FROM t.deadline_at - statement_timestamp()) ELSE 3600 END)"""
# A task of every server with room, in turn; `after` rotates the turn where the total is short.
_CLAIM = (
    """
WITH server AS MATERIALIZED (
  SELECT c.id, c.endpoint, c.version, CASE
      WHEN spared.connector_id IS NULL THEN coalesce(busy.room, %(room)s)
      WHEN spared.connector_id <> ALL(%(mine)s) OR spared.open_until > statement_timestamp() THEN 0
      WHEN spared.open_until IS NOT NULL THEN 1
      ELSE greatest(0, least(coalesce(busy.room, %(room)s), floor(spared.tokens_now)::int, spared.at_once - (
             SELECT count(*) FROM connectors_trackedtask t
             WHERE t.connector_id = c.id AND t.busy_until > statement_timestamp())::int)) END AS room
    FROM connectors_connector c
    LEFT JOIN unnest(%(busy)s::bigint[], %(rooms)s::int[]) AS busy (id, room) ON busy.id = c.id
    LEFT JOIN (SELECT s.*, {TOKENS} AS tokens_now
                 FROM connectors_serverstate s
                WHERE at_once IS NOT NULL OR per_second IS NOT NULL OR open_until IS NOT NULL) AS spared
      ON spared.connector_id = c.id
   WHERE c.endpoint <> ''
     AND (%(expected)s::timestamptz IS NULL
          OR abs(extract(epoch FROM statement_timestamp() - %(expected)s::timestamptz)) <= %(tolerance)s)
   ORDER BY c.id <= %(after)s, c.id
),
due AS MATERIALIZED (
  SELECT due.id, due.start_attempted_at, server.id AS server_id, server.endpoint, server.version
    FROM server
   CROSS JOIN LATERAL (
         SELECT t.id, t.start_attempted_at
           FROM connectors_trackedtask t
          WHERE t.connector_id = server.id AND t.next_poll_at <= statement_timestamp()
          ORDER BY t.next_poll_at
          LIMIT server.room
            FOR NO KEY UPDATE SKIP LOCKED) AS due
   WHERE server.room > 0
   LIMIT %(most)s
),
spent AS (
  UPDATE connectors_serverstate s
     SET tokens = coalesce({TOKENS} - taken.number, 0),
         taken_at = statement_timestamp(),
         tries = s.tries + CASE WHEN s.open_until IS NULL THEN 0 ELSE 1 END,
         tokens_at = CASE WHEN s.per_second IS NOT NULL THEN statement_timestamp() END,
         open_until = CASE WHEN s.open_until IS NOT NULL
                           THEN statement_timestamp() + make_interval(secs => %(look)s) END
    FROM (SELECT server_id, count(*) AS number FROM due GROUP BY server_id) AS taken
   WHERE s.connector_id = taken.server_id AND s.connector_id = ANY(%(mine)s)
)
UPDATE connectors_trackedtask t
   SET poll_lease = t.poll_lease + 1,
       polled_at = statement_timestamp(),
       busy_until = statement_timestamp()
                  + make_interval(secs => CASE WHEN t.remote_task_id = '' THEN %(start)s ELSE %(look)s END),
       next_poll_at = statement_timestamp()
                    + make_interval(secs => CASE WHEN t.remote_task_id = '' THEN %(start)s
                                                 ELSE greatest(%(look)s, {PACE}) END),
       start_attempted_at = CASE WHEN t.remote_task_id = '' THEN coalesce(t.start_attempted_at, statement_timestamp())
                                 ELSE t.start_attempted_at END
  FROM due
 WHERE t.id = due.id
RETURNING {HELD}
""".replace("{TOKENS}", _TOKENS)
    .replace("{PACE}", _PACE)
    .replace(
        "{HELD}", _HELD_SQL.format(version="due.version", endpoint="due.endpoint", attempted="due.start_attempted_at")
    )
)


def claim(
    *, room: int, rooms: Mapping[int, int], most: int, after: int, expected: datetime | None = None
) -> tuple[datetime | None, list[Held]]:
    """Take due tasks: at most `room` of each connector (or what `rooms` says of it), `most` in all; none at all while the
    database's clock is not near the `expected` one.

    Returns the database's clock at the claim (None where nothing was due) and the tasks.
    """
    with transaction.atomic():
        mine = servers.locked()
        return _claim(mine, room, rooms, most, after, expected)


def _claim(
    mine: list[int], room: int, rooms: Mapping[int, int], most: int, after: int, expected: datetime | None
) -> tuple[datetime | None, list[Held]]:
    """In a statement of its own, so that it sees what those did who held the locks before."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "mine": mine,
                "room": room,
                "busy": list(rooms),
                "rooms": list(rooms.values()),
                "most": most,
                "after": after,
                "expected": expected,
                "tolerance": TOLERANCE_SECONDS,
                "start": START_LEASE_SECONDS,
                "look": LOOK_LEASE_SECONDS,
            },
        )
        rows = cursor.fetchall()
    return (rows[0][0] if rows else None), [_held(row) for row in rows]


def hold(task_id: int) -> Held:
    """Take one task to write what was told of it, in the running transaction, which has locked its row."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [task_id])
        return _held(cursor.fetchone())


def _held(row: Sequence[Any]) -> Held:
    values = list(row[1:])
    for index in _JSON_COLUMNS:
        if values[index] is not None:
            values[index] = orjson.loads(values[index])
    return Held(*values)


_JSON_COLUMNS = (_HELD.index("input_requests"), _HELD.index("arguments"))
