"""Polls per second of one worker's polling beside a plain loop of the same client, in the same run.

    DATABASE_URL=postgresql://… PORTAL_MODE=test python -m bench.polling [--seconds 8] [--tasks 2000]

Makes and drops a database of its own beside the one DATABASE_URL names. The plain loop has as many threads as a
worker uses for one server and does nothing with the answers; the worker also claims every task in the database and
records every look. Both run in turn, several times, against the same server in a process of its own.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import django
import psycopg

os.environ.setdefault("PORTAL_MODE", "test")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
SCRATCH = f"bench_polling_{os.getpid()}"
TASKS = """
INSERT INTO connectors_trackedtask (connector_id, operation, remote_task_id, idempotency_key, owner_id,
  arguments_digest, started_by_id, started_by_name, correlation_id, state, adopted, remote_status, status_message,
  trouble, start_seconds, deadline_seconds, stall_seconds, input_seconds, blind_seconds, cancel_seconds, accepted_at,
  started_at, deadline_at, last_seen_at, last_change_at, deadline_clock, stall_clock, blind_clock, next_poll_at,
  poll_lease, polls, misses)
SELECT %(connector)s, 'reconcile_ledger', 'remote-' || n, 'key-' || n, %(owner)s, repeat('0', 64), %(user)s, 'amal', '',
  'working', false, 'working', 'Matching bank lines with postings.', '', 60, 86400, 3600, 3600, 3600, 60,
  now(), now(), now() + interval '1 day', now(), now(), now() + interval '1 day', now() + interval '1 hour',
  now() + interval '1 hour', now(), 0, 0, 0
  FROM generate_series(1, %(tasks)s) AS n
"""


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database that exists only for this run; Django is set up on it."""
    url = os.environ["DATABASE_URL"]
    base = url.rpartition("/")[0]
    with psycopg.connect(f"{base}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{SCRATCH}"')
        os.environ["DATABASE_URL"] = f"{base}/{SCRATCH}"
        try:
            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0, skip_checks=True)
            yield
        finally:
            from django.db import connections

            connections.close_all()
            admin.execute(f'DROP DATABASE "{SCRATCH}" WITH (FORCE)')


@contextmanager
def answerer() -> Iterator[str]:
    """The address of the answering server."""
    command = [sys.executable, "-m", "bench.answerer"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().removeprefix("listening on ").strip()
    finally:
        process.terminate()
        process.wait()


def plain(url: str, threads: int, seconds: float) -> float:
    """Looks a second of a bare client loop."""
    from connectors.mcp.client import get_task

    numbers, end, done = count(1), time.monotonic() + seconds, []

    def loop() -> None:
        looks = 0
        while time.monotonic() < end:
            assert get_task(url, f"remote-{next(numbers)}").seen
            looks += 1
        done.append(looks)

    workers = [threading.Thread(target=loop) for _ in range(threads)]
    begun = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / (time.monotonic() - begun)


def polling(seconds: float) -> float:
    """Looks a second of one worker's polling. There are so many tasks that some are always due."""
    from connectors.polling import Poller

    poller, recorded = Poller(), 0
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        recorded += poller.tick()["recorded"]
    spent = time.monotonic() - begun
    time.sleep(1)  # its threads end what they had begun
    return recorded / spent


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=5000)
    options = parser.parse_args()
    with scratch_database(), answerer() as url:
        from django.db import connection

        from connectors.polling import AT_ONCE
        from tests.connectors.tracking import world

        connector = world.connector(url)
        user = world.person().user
        assert user is not None
        with connection.cursor() as cursor:
            cursor.execute(
                TASKS,
                {"connector": connector.pk, "owner": connector.owner_id, "user": user.pk, "tasks": options.tasks},
            )
            cursor.execute("ANALYZE")
        plain(url, AT_ONCE, 1)
        ratios = []
        for _ in range(options.rounds):
            bare, ours = plain(url, AT_ONCE, options.seconds), polling(options.seconds)
            ratios.append(bare / ours)
            print(f"plain client loop {bare:7.0f}/s   worker's polling {ours:7.0f}/s   ratio {bare / ours:.2f}")
        print(f"median ratio {statistics.median(ratios):.2f} with {AT_ONCE} threads (aim: at most 1.5)")


if __name__ == "__main__":
    main()
