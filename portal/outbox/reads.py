"""Reads of notices that pages share."""

from portal.outbox.models import Notice
from portal.people.models import User

# More than this is shown as "99+"; counting further would cost and tell nothing.
MOST_COUNTED = 100


def counters(user: User) -> dict[str, int]:
    """How many notices this person has not read."""
    return {"notices": Notice.objects.filter(user=user, read_at__isnull=True).order_by()[:MOST_COUNTED].count()}
