"""How far polls are behind the instants at which they were due."""

from dataclasses import dataclass
from datetime import datetime

from django.db import Error, connection

from portal.operations.readiness import Check
from portal.operations.signs import LEAST_SILENCE

# Of every server the polls that wait longest: its oldest are the first of the index on (connector, next_poll_at).
OF_EACH = 200
# A server that is left alone is not asked late but on purpose, and one with limits is late only while nothing at all is taken
# for it, for longer than three of its own intervals.
_BEHIND = """
WITH behind AS (
  SELECT server.key, waiting.since
  FROM connectors_connector server
    LEFT JOIN connectors_serverstate state ON state.connector_id = server.id
    CROSS JOIN LATERAL (
      SELECT greatest(task.next_poll_at, state.open_until, state.closed_at,
               CASE WHEN state.at_once IS NOT NULL OR state.per_second IS NOT NULL
                    THEN state.taken_at + coalesce(3 / state.per_second, 0) * interval '1 second' END) AS since
      FROM connectors_trackedtask task
      WHERE task.connector_id = server.id AND task.next_poll_at <= statement_timestamp()
      ORDER BY task.next_poll_at LIMIT %s) waiting
  WHERE server.endpoint <> '' AND waiting.since <= statement_timestamp()
)
SELECT count(*), min(since), percentile_disc(0.05) WITHIN GROUP (ORDER BY since),
       (SELECT key FROM behind ORDER BY since, key LIMIT 1), statement_timestamp()
FROM behind
"""


@dataclass(frozen=True)
class Lag:
    """The polls that are due at `now` and not done.

    `waiting` counts at most `OF_EACH` of a server. `worst` and `p95` are seconds behind, 0 where none waits; `oldest` is when
    the worst was due, `connector` the key of its server.
    """

    waiting: int
    oldest: datetime | None
    worst: float
    p95: float
    connector: str
    now: datetime


def lag() -> Lag:
    """One look by the index: what it costs follows the number of servers and what waits, not that of tasks."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, [OF_EACH])
        waiting, oldest, p95, key, now = cursor.fetchone()

    def seconds(at: datetime | None) -> float:
        return 0.0 if at is None else round(max(0.0, (now - at).total_seconds()), 1)

    return Lag(int(waiting), oldest, seconds(oldest), seconds(p95), key or "", now)


def check() -> Check:
    """Polls are done when they are due: what `/-/readyz` asks."""
    try:
        found = lag()
    except Error as error:
        return Check("polls", False, str(error).splitlines()[0][:200])
    if not found.waiting:
        return Check("polls", True, "none waits")
    told = f"{found.waiting} wait, the longest for {found.worst:.1f} s ({found.connector}), p95 {found.p95:.1f} s"
    return Check("polls", found.worst <= LEAST_SILENCE.total_seconds(), told)
