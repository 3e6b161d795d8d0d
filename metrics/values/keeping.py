"""Forgetting measured values that are older than `METRIC_VALUES_DAYS`."""

from django.db import connection

from metrics.values.taking import kept_from
from portal.operations.services import database_now

_AT_ONCE = 5_000
# Metric by metric, for the index of the places begins with the metric.
_FORGET = """
DELETE FROM metrics_measuredvalue WHERE id IN (
  SELECT old.id FROM metrics_metric metric CROSS JOIN LATERAL (
    SELECT id FROM metrics_measuredvalue WHERE metric_id = metric.id AND at < %(before)s LIMIT %(most)s) old
  LIMIT %(most)s)
"""


def tick() -> int:
    """Forget in batches, each its own statement. Returns how many values went."""
    before, gone = kept_from(database_now()), 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, {"before": before, "most": _AT_ONCE})
            count = int(cursor.rowcount)
        gone += count
        if count < _AT_ONCE:
            return gone
