"""Many running tasks of one connector, written by one statement a hundred thousand."""

from typing import Any

CHUNK = 100_000
_INSERT = """
INSERT INTO connectors_trackedtask (connector_id, operation, remote_task_id, idempotency_key, owner_id,
  arguments_digest, started_by_id, started_by_name, correlation_id, state, adopted, remote_status, status_message,
  trouble, start_seconds, deadline_seconds, stall_seconds, input_seconds, blind_seconds, cancel_seconds, accepted_at,
  started_at, deadline_at, last_seen_at, last_change_at, deadline_clock, stall_clock, blind_clock, next_poll_at,
  poll_lease, polls, misses)
SELECT %(connector)s, 'reconcile_ledger', 'remote-' || n, 'key-' || n, %(owner)s, repeat('0', 64), %(user)s, 'amal', '',
  'working', false, 'working', 'Matching bank lines with postings.', '', 60, 86400, 3600, 3600, 3600, 60,
  now(), now(), now() + interval '1 day', now(), now(), now() + interval '1 day', now() + interval '6 hours',
  now() + interval '6 hours', now(), 0, 0, 0
  FROM generate_series(%(first)s, %(last)s) AS n
"""


def fill(tasks: int, endpoint: str) -> None:
    """Insert this many open tasks of one new connector at the endpoint, remote ids `remote-1` and on; all due for a look."""
    from django.db import connection

    from tests.connectors.tracking import world

    connector = world.connector(endpoint)
    user = world.person().user
    assert user is not None
    values: dict[str, Any] = {"connector": connector.pk, "owner": connector.owner_id, "user": user.pk}
    with connection.cursor() as cursor:
        for first in range(1, tasks + 1, CHUNK):
            cursor.execute(_INSERT, values | {"first": first, "last": min(tasks, first + CHUNK - 1)})
        cursor.execute("VACUUM ANALYZE connectors_trackedtask")
