"""A database server whose clock can be stepped, and very many tasks in it."""

import os
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from portal.embedded.postgres import prepare, wait_ready
from portal.embedded.process import spawn, stop
from portal.env import ROOT

CONNECTORS = 40
# Written by one statement each: what no test waits for.
_TASKS = """
INSERT INTO connectors_trackedtask (connector_id, operation, remote_task_id, idempotency_key, owner_id,
  arguments_digest, started_by_id, started_by_name, correlation_id, state, adopted, remote_status, status_message,
  trouble, start_seconds, deadline_seconds, stall_seconds, input_seconds, blind_seconds, cancel_seconds, accepted_at,
  started_at, deadline_at, last_seen_at, last_change_at, deadline_clock, stall_clock, blind_clock, next_poll_at,
  poll_interval_ms, poll_lease, polls, misses)
SELECT (%(connectors)s::bigint[])[1 + n %% %(many)s], 'reconcile_ledger', name, name, %(owner)s,
  repeat('0', 64), %(user)s, 'amal', '', 'working', true, 'working', '',
  '', 60, 86400, 86400, 3600, 600, 60, now(),
  now(), due, now(), now(), due, now() + interval '24 hours', now() + interval '600 seconds',
  now() + random() * %(interval)s * interval '1 second', %(interval)s * 1000, 0, 0, 0
FROM (SELECT n,
             %(kind)s || '-' || n || CASE %(kind)s WHEN 'failing' THEN '-' || round(after::numeric, 1) ELSE '' END AS name,
             now() + CASE %(kind)s WHEN 'late' THEN after * interval '1 second' ELSE interval '1 day' END AS due
      FROM (SELECT n, %(first)s + %(span)s * n / %(tasks)s AS after FROM generate_series(1, %(tasks)s) AS n) evenly) made
"""


class SteppedServer:
    """An embedded PostgreSQL of its own; `step` puts its clock forward or back, `crash` ends it and starts it again."""

    def __init__(self, home: Path) -> None:
        home.chmod(0o755)
        self._data, self._offset = home / "data", home / "offset"
        self._log = (home / "server.log").open("ab")
        self.step(0)
        self._start()
        self.url = self._cluster.url()

    def step(self, seconds: int) -> None:
        """Have its clock differ from the machine's by so much; for all its processes at once, like the clock of a machine."""
        fresh = self._offset.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.chmod(0o644)
        fresh.replace(self._offset)

    def crash(self) -> None:
        """Kill it, and have it recover."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self._start()

    def close(self) -> None:
        """Stop it and let go of its files."""
        stop(self._process, number=signal.SIGINT, seconds=20)
        self._log.close()

    def _start(self) -> None:
        library = str(files("libfaketime") / "vendor" / "libfaketime" / "src" / "libfaketime.so.1")
        env = os.environ | {
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self._offset), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        self._cluster = prepare(self._data)
        self._process = spawn(
            self._cluster.argv(), output=self._log, user=self._cluster.user, death_signal=signal.SIGQUIT,
            cwd=self._data, env=env,
        )  # fmt: skip
        wait_ready(self._cluster, self._process)


def fill(url: str, endpoint: str, **told: float) -> None:
    """Put tasks into the database at this address, in a process of its own: `calm`, `late` and `failing` of them."""
    env = os.environ | {"DATABASE_URL": url}
    arguments = [f"{name}={value}" for name, value in told.items()]
    subprocess.run([sys.executable, "-m", "tests.faults.at_size", endpoint, *arguments], cwd=ROOT, env=env, check=True)


def _fill(endpoint: str, told: dict[str, float]) -> None:
    from django.db import connection

    from tests.connectors.tracking import world

    connectors = [world.connector(f"{endpoint}/{number}") for number in range(CONNECTORS)]
    user = world.person().user
    assert user is not None
    values: dict[str, Any] = {
        "connectors": [one.pk for one in connectors], "many": CONNECTORS, "owner": connectors[0].owner_id, "user": user.pk,
        "interval": told["interval"], "first": told["first"], "span": told["span"],
    }  # fmt: skip
    with connection.cursor() as cursor:
        for kind in ("calm", "late", "failing"):
            cursor.execute(_TASKS, values | {"kind": kind, "tasks": int(told[kind])})
        cursor.execute("ANALYZE connectors_trackedtask")


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    _fill(sys.argv[1], {name: float(value) for name, value in (one.split("=") for one in sys.argv[2:])})
