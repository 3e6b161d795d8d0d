"""Adding up what was observed of each server: one statement over tasks and incidents, written anew, safe to repeat."""

from django.db import connection, transaction

DAYS = (7, 30, 90)
_LOCK = 7_310_042
_SPANS = ", ".join(f"({days})" for days in DAYS)
_ROLLUP = f"""
WITH spans (days) AS (VALUES {_SPANS}),
seen AS (
  SELECT t.connector_id, spans.days, count(*) AS tasks, count(t.ended_at) AS ended,
         count(*) FILTER (WHERE t.state = 'lost') AS lost, count(*) FILTER (WHERE t.state = 'expired') AS expired,
         count(*) FILTER (WHERE t.state IN ('failed', 'failed_tool', 'not_started')) AS failed,
         count(*) FILTER (WHERE t.state = 'cancelled_remotely') AS cancelled_remotely,
         count(*) FILTER (WHERE t.state = 'start_unknown') AS start_unknown,
         count(t.cancel_requested_at) FILTER (WHERE t.ended_at IS NOT NULL OR t.cancel_clock IS NULL) AS cancels,
         count(*) FILTER (WHERE t.cancel_requested_at IS NOT NULL AND t.state = 'cancelled'
           AND t.ended_at <= t.cancel_requested_at + t.cancel_seconds * interval '1 second') AS cancels_honoured,
         count(*) FILTER (WHERE t.remote_expires_at < t.deadline_at) AS short_lived,
         count(*) FILTER (WHERE t.started_at IS NOT NULL AND t.remote_expires_at IS NULL) AS without_expiry,
         count(*) FILTER (WHERE t.trouble_kind IN ('unauthorized', 'credential')) AS refused,
         count(*) FILTER (WHERE t.trouble_kind = 'drift') AS drifted,
         min(t.poll_interval_ms) AS interval_least,
         percentile_disc(0.5) WITHIN GROUP (ORDER BY t.poll_interval_ms) AS interval_median,
         max(t.poll_interval_ms) AS interval_most
  FROM connectors_trackedtask t JOIN spans ON t.accepted_at > statement_timestamp() - spans.days * interval '1 day'
  GROUP BY 1, 2
),
slips AS (
  SELECT i.connector_id, spans.days, count(DISTINCT i.task_id) AS slipped,
         avg(extract(epoch FROM i.acknowledged_at - i.opened_at)) AS mtta,
         avg(extract(epoch FROM i.resolved_at - i.opened_at)) AS mttr
  FROM severity_incident i JOIN connectors_trackedtask t ON t.id = i.task_id
    JOIN spans ON t.accepted_at > statement_timestamp() - spans.days * interval '1 day'
  WHERE i.source = 'task' AND i.opened_at > statement_timestamp() - interval '{max(DAYS)} days'
  GROUP BY 1, 2
)
INSERT INTO severity_watchlistrow (connector_id, days, tasks, ended, slipped, lost, expired, failed, cancelled_remotely,
  start_unknown, cancels, cancels_honoured, short_lived, without_expiry, refused, drifted, interval_least, interval_median,
  interval_most, mtta, mttr, computed_at)
SELECT seen.connector_id, seen.days, tasks, ended, coalesce(slips.slipped, 0), lost, expired, failed, cancelled_remotely,
  start_unknown, cancels, cancels_honoured, short_lived, without_expiry, refused, drifted, interval_least, interval_median,
  interval_most, mtta, mttr, statement_timestamp()
FROM seen LEFT JOIN slips ON slips.connector_id = seen.connector_id AND slips.days = seen.days
ORDER BY 1, 2
"""


def tick() -> int:
    """Add up anew; how many rows there are. Where another worker does so just now, nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("DELETE FROM severity_watchlistrow")
        cursor.execute(_ROLLUP)
        return int(cursor.rowcount)
