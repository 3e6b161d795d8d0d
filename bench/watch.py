"""The whole watch at size: a million open tasks of two hundred servers, two thousand due for a look every second.

Workers are processes that do all that a worker does (`manage.py tick`), one and then two of them, against a server in a process
of its own; the raw side is a plain loop of the client in one process. Measured while they run: looks a second, how far looks are
behind, the time from a deadline to its incident, memory; then again while one of the servers hangs.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psutil

from bench.polling import plain
from bench.scratch import scratch_database
from bench.tasks import fill
from tests.servers.counting import counting, report

INTERVAL = 500.0
SERVERS = 200
WARM_SECONDS = 15.0
# So long takes writing all tasks once more, at most.
UPDATE_SECONDS = 60.0
_DEADLINES = """
UPDATE connectors_trackedtask SET (deadline_at, deadline_clock) = (at, at)
FROM (SELECT id AS task, statement_timestamp() + random() * %s * interval '1 second' AS at
      FROM connectors_trackedtask WHERE id BETWEEN %s AND %s AND ended_at IS NULL) AS made
WHERE id = task
"""
_OPENED = """
SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY opened_at - epoch),
  percentile_disc(0.99) WITHIN GROUP (ORDER BY opened_at - epoch)
FROM severity_incident WHERE task_id BETWEEN %s AND %s
"""


@dataclass
class Measured:
    """One run."""

    looks: float = 0.0
    lags: list[float] = field(default_factory=list)
    worst: float = 0.0
    memory: int = 0
    incidents: tuple[int, float, float] = (0, 0.0, 0.0)

    def __str__(self) -> str:
        count, half, most = self.incidents
        middle = statistics.median(self.lags) if self.lags else 0.0
        return (
            f"{self.looks:6.0f} looks/s   behind: p95 {middle:5.1f} s, worst {self.worst:5.1f} s"
            f"   deadline to incident: p50 {half:4.2f} s, p99 {most:4.2f} s ({count})   {self.memory:4d} MB a worker"
        )


@contextmanager
def _workers(number: int) -> Iterator[list[psutil.Process]]:
    command = [sys.executable, "manage.py", "tick"]
    quiet = subprocess.DEVNULL
    started = [subprocess.Popen(command, env=os.environ, stdout=quiet, stderr=quiet) for _ in range(number)]
    try:
        yield [psutil.Process(one.pid) for one in started]
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait()


def measure(url: str, workers: int, seconds: float, first: int) -> Measured:
    """Run so many workers for a while; tasks from id `first` on have their deadlines in it."""
    from django.db import connection

    from connectors.tracking.lag import lag

    found, deadlines = Measured(), 2000
    with _workers(workers) as processes:
        time.sleep(WARM_SECONDS)
        with connection.cursor() as cursor:
            cursor.execute(_DEADLINES, [seconds - 5, first, first + deadlines - 1])
        before, begun = report(url)["polls"], time.monotonic()
        while time.monotonic() - begun < seconds:
            time.sleep(2)
            behind = lag()
            found.lags.append(behind.p95)
            found.worst = max(found.worst, behind.worst)
        found.looks = (report(url)["polls"] - before) / (time.monotonic() - begun)
        found.memory = max(one.memory_info().rss for one in processes) >> 20
        with connection.cursor() as cursor:
            cursor.execute(_OPENED, [first, first + deadlines - 1])
            count, half, most = cursor.fetchone()
        found.incidents = (count, half.total_seconds() if half else 0.0, most.total_seconds() if most else 0.0)
    return found


def _again() -> None:
    """All tasks are due evenly over the interval once more, from when this returns: nothing is behind."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_trackedtask SET next_poll_at = now() + (%s + random() * %s) * interval '1 second',"
            " busy_until = NULL WHERE ended_at IS NULL",
            [UPDATE_SECONDS, INTERVAL],
        )
        cursor.execute("VACUUM ANALYZE connectors_trackedtask")
        cursor.execute("SELECT greatest(0, extract(epoch FROM min(next_poll_at) - now())) FROM connectors_trackedtask")
        time.sleep(float(cursor.fetchone()[0]))


def run(options: argparse.Namespace) -> None:
    """Print what one worker sustains, what a second adds, and what a server that hangs costs the others."""
    with scratch_database(), ExitStack() as running:
        url = running.enter_context(counting(INTERVAL))
        begun = time.monotonic()
        fill(options.watched, url, servers=SERVERS, spread=INTERVAL)
        _again()
        due = options.watched / INTERVAL
        print(
            f"{options.watched} tasks of {SERVERS} servers made in {time.monotonic() - begun:.0f} s; {due:.0f} due a second"
        )
        print(f"plain client loop, 8 threads in one process: {plain(url, 8, 6):6.0f} looks/s")
        found = {}
        for number, workers in enumerate((1, 2)):
            found[workers] = measure(url, workers, options.watching, 1 + 10_000 * number)
            print(f"{workers} worker(s): {found[workers]}", flush=True)
            _again()
        print(f"the second adds {found[2].looks / found[1].looks - 1:+.0%}")
        hanging = running.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        from connectors.models import Connector

        one = Connector.objects.order_by("pk").first()
        assert one is not None
        Connector.objects.filter(pk=one.pk).update(endpoint=f"http://127.0.0.1:{hanging.getsockname()[1]}/mcp")
        hung = measure(url, 2, options.watching, 30_001)
        print(
            f"2 workers, one server of {SERVERS} hangs: {hung}; looks at the others {hung.looks / found[2].looks:.2f} of without"
        )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--watched", type=int, default=1_000_000, help="open tasks (1,000,000)")
    parser.add_argument("--watching", type=float, default=45, help="length of each run of the watch in seconds (45)")
