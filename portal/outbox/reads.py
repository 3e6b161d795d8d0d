"""Reads of notices that pages share."""

from django.db import connection

from portal.outbox.models import Notice
from portal.people.models import User

# More than this is shown as "99+"; counting further would cost and tell nothing.
MOST_COUNTED = 100


def counters(user: User) -> dict[str, int]:
    """How many notices this person has not read."""
    return {"notices": Notice.objects.filter(user=user, read_at__isnull=True).order_by()[:MOST_COUNTED].count()}


_BEHIND = """
SELECT coalesce(extract(epoch FROM statement_timestamp() - least(
  (SELECT min(due_at) FROM outbox_outboxevent WHERE due_at <= statement_timestamp()),
  (SELECT min(due_at) FROM outbox_delivery WHERE due_at <= statement_timestamp()))), 0)
"""


def behind_seconds() -> float:
    """For how many seconds the oldest notice that is due waits; 0 if none does. Pauses after failures do not count."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND)
        return round(float(cursor.fetchone()[0]), 1)
