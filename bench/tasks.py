"""Many running tasks, written by one statement a hundred thousand."""

from typing import Any

CHUNK = 100_000
_INSERT = """
INSERT INTO connectors_trackedtask (connector_id, operation, remote_task_id, idempotency_key, owner_id,
  arguments_digest, started_by_id, started_by_name, correlation_id, state, adopted, remote_status, status_message,
  trouble, start_seconds, deadline_seconds, stall_seconds, input_seconds, blind_seconds, cancel_seconds, accepted_at,
  started_at, deadline_at, last_seen_at, last_change_at, deadline_clock, stall_clock, blind_clock, next_poll_at,
  poll_lease, polls, misses)
SELECT (%(connectors)s::bigint[])[1 + n %% %(servers)s], 'reconcile_ledger', 'remote-' || n, 'key-' || n, %(owner)s,
  repeat('0', 64), %(user)s, 'amal', '',
  'working', false, 'working', 'Matching bank lines with postings.', '', 60, 86400, 3600, 3600, 3600, 60,
  now(), now(), now() + interval '1 day', now(), now(), now() + interval '1 day', now() + interval '6 hours',
  now() + interval '6 hours', now() + random() * %(spread)s * interval '1 second', 0, 0, 0
  FROM generate_series(%(first)s, %(last)s) AS n
"""


def fill(tasks: int, endpoint: str, *, servers: int = 1, spread: float = 0.0) -> None:
    """Insert this many open tasks of new connectors at the endpoint, remote ids `remote-1` and on.

    With one server they are all at the endpoint itself, with more at addresses below it. Due for a look within `spread` seconds.
    """
    from django.db import connection

    from tests.connectors.tracking import world

    addresses = [endpoint] if servers == 1 else [f"{endpoint}/{number}" for number in range(servers)]
    connectors = [world.connector(address) for address in addresses]
    user = world.person().user
    assert user is not None
    values: dict[str, Any] = {
        "connectors": [one.pk for one in connectors], "servers": servers, "owner": connectors[0].owner_id,
        "user": user.pk, "spread": spread,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for first in range(1, tasks + 1, CHUNK):
            cursor.execute(_INSERT, values | {"first": first, "last": min(tasks, first + CHUNK - 1)})
        cursor.execute("VACUUM ANALYZE connectors_trackedtask")
