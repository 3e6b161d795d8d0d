"""Polls per second of one worker's polling beside a plain loop of the same client, in the same run.

The plain loop has as many threads as a
worker uses for one server and does nothing with the answers; the worker also claims every task in the database and
records every look. Both run in turn, several times, against the same server in a process of its own.
"""

import argparse
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from bench.scratch import scratch_database
from bench.tasks import fill


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


def run(options: argparse.Namespace) -> None:
    """Print both rates and their ratio."""
    with scratch_database(), answerer() as url:
        from connectors.polling import AT_ONCE

        fill(options.polled, url)
        plain(url, AT_ONCE, 1)
        ratios = []
        for _ in range(options.rounds):
            bare, ours = plain(url, AT_ONCE, options.seconds), polling(options.seconds)
            ratios.append(bare / ours)
            print(f"plain client loop {bare:7.0f}/s   worker's polling {ours:7.0f}/s   ratio {bare / ours:.2f}")
        print(f"median ratio {statistics.median(ratios):.2f} with {AT_ONCE} threads (aim: at most 1.5)")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--seconds", type=float, default=6, help="length of each run (6)")
    parser.add_argument("--polled", type=int, default=5000, help="tasks under watch (5,000)")
