"""Forgetting events and runs that are older than LINEAGE_DAYS. The graph is kept."""

from datetime import timedelta

from django.conf import settings
from django.db import connection

from portal.operations.services import database_now

_AT_ONCE = 5_000
_FORGET = tuple(
    f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {column} < %s ORDER BY {column} LIMIT {_AT_ONCE})"  # noqa: S608
    for table, key, column in (
        ("metrics_lineageevent", "digest", "received_at"),
        ("metrics_lineagerun", "id", "last_at"),
    )
)


def tick() -> int:
    """Forget in batches, each its own statement. Returns how many rows went."""
    before, gone = database_now() - timedelta(days=settings.LINEAGE_DAYS), 0
    for statement in _FORGET:
        while True:
            with connection.cursor() as cursor:
                cursor.execute(statement, [before])
                count = int(cursor.rowcount)
            gone += count
            if count < _AT_ONCE:
                break
    return gone
