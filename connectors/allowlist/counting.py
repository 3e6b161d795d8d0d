"""What was asked, by the hour: answers are gathered into counts, each of them once."""

from datetime import timedelta

from django.db import connection

from portal.operations.services import beat

# Counts are kept for so long.
KEPT = timedelta(days=400)
BATCH, ROUNDS = 20_000, 20

# Takes answers away and counts them in one statement: whoever dies in between has done neither. Answers that another worker
# is counting are skipped; counts are written in one order, so that two workers wait for each other and never for both.
_GATHER = """
WITH taken AS (
  DELETE FROM connectors_calldecision WHERE id IN (
    SELECT id FROM connectors_calldecision ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
  ) RETURNING at, connector_key, agent, operation, environment, reason
),
summed AS (
  SELECT date_trunc('hour', at, 'UTC') AS hour, connector_key, agent, operation, environment, reason,
         count(*) AS calls, max(at) AS last_at
  FROM taken GROUP BY 1, 2, 3, 4, 5, 6
),
counted AS (
  INSERT INTO connectors_callcount AS known
    (hour, connector_id, connector_key, agent, operation, environment, reason, calls, last_at)
  SELECT hour, c.id, connector_key, agent, operation, environment, reason, calls, last_at
  FROM summed LEFT JOIN connectors_connector c ON c.key = connector_key
  ORDER BY connector_key, hour, agent, operation, environment, reason
  ON CONFLICT (connector_key, hour, agent, operation, environment, reason)
    DO UPDATE SET calls = known.calls + excluded.calls, last_at = greatest(known.last_at, excluded.last_at)
)
SELECT count(*) FROM taken
"""
_FORGET = """
DELETE FROM connectors_callcount WHERE id IN (
  SELECT id FROM connectors_callcount WHERE hour < statement_timestamp() - make_interval(days => %(days)s) LIMIT %(batch)s
)
"""


def gather(batch: int = BATCH) -> int:
    """Count one batch of answers. Returns how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, {"batch": batch})
        return int(cursor.fetchone()[0])


def forget() -> int:
    """Drop counts that are too old, a batch at most. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"days": KEPT.days, "batch": BATCH})
        return int(cursor.rowcount)


def tick() -> dict[str, int]:
    """Count what has been answered since, and forget what is too old."""
    counted = 0
    for _round in range(ROUNDS):
        taken = gather()
        counted += taken
        if taken < BATCH:
            break
    counts = {"counted": counted, "forgotten": forget()}
    beat("connectors.allowlist.counting", dict(counts))
    return counts
