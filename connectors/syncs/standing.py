"""What is known of data movements now, worked out from their runs and documents; and bringing it in line with a changed document.

One statement for many. Freshness ends one SLA after how new the data of the newest success is; before any success, one SLA after
the connector last changed. The clock is armed anew when that instant moves, and is left alone when it does not: what was judged
once is not judged again.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from connectors.models import Connector, SyncState
from portal.registry.models import STANDING

TYPICAL_OF = 20
_RECOMPUTE = """
WITH given AS (
  SELECT s.id, s.connector_id, c.state = ANY(%(standing)s) AS stands, c.updated_at,
         (c.document #>> '{data_movement,freshness_seconds}')::bigint * interval '1 second' AS sla,
         coalesce(c.document #>> '{data_movement,jobs_api,url}', '') <> '' AND c.state = ANY(%(standing)s) AS pulls
  FROM connectors_syncstate s JOIN connectors_connector c ON c.id = s.connector_id
  WHERE s.id = ANY(%(ids)s)
),
known AS (
  SELECT given.id, given.pulls, last.id AS last_id, success.id AS success_id, success.data_until, typical.rows AS typical,
         CASE WHEN stands THEN coalesce(success.data_until, success.ended_at, given.updated_at) + sla END AS fresh_until
  FROM given
    LEFT JOIN LATERAL (
      SELECT id FROM connectors_syncrun r WHERE r.connector_id = given.connector_id
      ORDER BY r.started_at DESC, r.id DESC LIMIT 1) last ON true
    LEFT JOIN LATERAL (
      SELECT id, data_until, ended_at FROM connectors_syncrun r
      WHERE r.connector_id = given.connector_id AND r.state = 'succeeded'
      ORDER BY r.started_at DESC, r.id DESC LIMIT 1) success ON true
    LEFT JOIN LATERAL (
      SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY newest.rows) AS rows FROM (
        SELECT r.rows FROM connectors_syncrun r WHERE r.connector_id = given.connector_id AND r.state = 'succeeded'
        ORDER BY r.started_at DESC, r.id DESC LIMIT %(typical)s) newest WHERE newest.rows IS NOT NULL) typical ON true
)
UPDATE connectors_syncstate s SET
  last_run_id = known.last_id, last_success_id = known.success_id, data_until = known.data_until, typical_rows = known.typical,
  fresh_until = known.fresh_until,
  freshness_clock = CASE WHEN known.fresh_until IS NULL THEN NULL
                         WHEN known.fresh_until IS DISTINCT FROM s.fresh_until THEN greatest(known.fresh_until, s.paused_until)
                         ELSE s.freshness_clock END,
  judge_at = statement_timestamp(),
  pull_at = CASE WHEN known.pulls THEN coalesce(s.pull_at, statement_timestamp()) END
FROM known WHERE s.id = known.id
"""


def recompute(ids: Sequence[int]) -> None:
    """Work out anew what is known of these (ids of states, whose rows are locked)."""
    if not ids:
        return
    values: dict[str, Any] = {"ids": list(ids), "standing": [state.value for state in STANDING], "typical": TYPICAL_OF}
    with connection.cursor() as cursor:
        cursor.execute(_RECOMPUTE, values)


@transaction.atomic
def settle(entry: Connector) -> None:
    """After a change of the connector: another SLA moves the clocks, a retired one has none, a jobs API is looked at."""
    state, _made = SyncState.objects.get_or_create(connector=entry)
    locked = SyncState.objects.select_for_update(of=("self",), no_key=True).get(pk=state.pk)
    recompute([locked.pk])
