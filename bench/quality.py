"""Results of checkpoints taken by two processes, single and in batches, beside the same rows inserted raw; and over HTTP.

Every result is read, judged, kept and moves what is known of its checkpoint; a tenth of them fail. The raw side copies the
bodies of the same runs into a bare table, as fast as the driver goes, from two processes as well.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bench.lineage import PROCESSES, _at_once, _wait
from bench.scratch import scratch_database

CHECKPOINTS, BATCH, CHECKS = 200, 100, 20


def _result(number: int, begun: datetime) -> dict[str, Any]:
    """A result of twenty checks; the runs of one checkpoint follow each other."""
    at = begun + timedelta(milliseconds=number)
    checks = [
        {"definition": "orders", "type": "not_null", "outcome": "fail" if number % 10 == 0 and one == 0 else "pass",
         "columns": ["total"], "counts": {"element_count": 100_000, "unexpected_count": 0}}
        for one in range(CHECKS)
    ]  # fmt: skip
    key = f"orders-{number % CHECKPOINTS}"
    return {"checkpoint": key, "run_id": f"run-{number}", "run_at": at.isoformat(), "checks": checks}


def _raw(url: str, results: int, begun: datetime) -> float:
    import psycopg

    bodies = [
        [json.dumps(_result(number, begun)) for number in range(part, results, PROCESSES)] for part in range(PROCESSES)
    ]
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("CREATE TABLE bare (at timestamptz DEFAULT now(), body jsonb)")

    def insert(part: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for first in range(0, len(bodies[part]), BATCH):
                with connection.cursor().copy("COPY bare (body) FROM STDIN") as copy:
                    for body in bodies[part][first : first + BATCH]:
                        copy.write_row([body])

    rate = results / _at_once(insert)
    print(f"raw COPY of {results:,} results, {PROCESSES} processes: {rate:9,.0f} rows/s")
    return rate


def _taken(results: int, begun: datetime, raw_rate: float) -> None:
    from django.db import connections

    from metrics.quality.taking import Report, take_many
    from portal.operations.services import database_now
    from tests.people import actor

    def take(size: int) -> Callable[[int], None]:
        def work(part: int) -> None:
            who = actor("prober")
            mine = range(part, results, PROCESSES)
            for first in range(0, len(mine), size):
                told = [_result(number, begun + timedelta(seconds=size)) for number in mine[first : first + size]]
                reports = [Report(one["checkpoint"], "", one | {"run_id": f"{size}-{one['run_id']}"}) for one in told]
                found = take_many(actor=who, reports=reports, now=database_now())
                if any(not hasattr(one, "verdict") for one in found):
                    raise SystemExit(f"refused: {found[0]}")
            connections.close_all()

        return work

    for size in (BATCH, 1):
        rate = results / _at_once(take(size))
        print(
            f"taken {size:>3} at a time, {PROCESSES} processes:          {rate:9,.0f} results/s"
            f"   ratio {rate / raw_rate:5.2f} (aim 500 results/s)"
        )


def _over_http(results: int, begun: datetime) -> None:
    from django.db import connections

    from portal.operations.services import database_now
    from portal.people.models import User
    from portal.people.tokens import create_token
    from tests.people import actor

    token = create_token(
        actor=actor("adam"), user=User.objects.get(username="prober"), actor_type="executor_system", name="bench",
        now=database_now(),
    )  # fmt: skip
    connections.close_all()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", str(PROCESSES),
               "--threads", "4", "--worker-class", "gthread", "--log-level", "error"]  # fmt: skip
    server = subprocess.Popen(command, env=os.environ)
    try:
        _wait(port)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for size in (1, BATCH):
            begins = time.perf_counter()

            def send(part: int, size: int = size) -> None:
                connection = http.client.HTTPConnection("127.0.0.1", port)
                for first in range(0, results // 8, size):
                    numbers = [part + 8 * number for number in range(first, first + size)]
                    told = [_result(number, begun + timedelta(minutes=size)) for number in numbers]
                    told = [one | {"run_id": f"http-{size}-{one['run_id']}"} for one in told]
                    path = (
                        f"/api/v1/checkpoints/{told[0]['checkpoint']}/results/"
                        if size == 1
                        else "/api/v1/checkpoints/results/"
                    )
                    body = {name: value for name, value in told[0].items() if name != "checkpoint"}
                    connection.request("POST", path, json.dumps(body if size == 1 else {"results": told}), headers)
                    answer = connection.getresponse()
                    text = answer.read()
                    if answer.status not in (200, 201) or b'"refused":[{' in text:
                        raise SystemExit(f"refused: {answer.status} {text[:300]!r}")

            threads = [threading.Thread(target=send, args=(part,)) for part in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            rate = 8 * (-(-(results // 8) // size)) * size / (time.perf_counter() - begins)
            print(
                f"over HTTP, {size:>3} a request, {PROCESSES} web workers, 8 senders: {rate:9,.0f} results/s (aim 500)"
            )
    finally:
        server.terminate()
        server.wait()


def run(options: argparse.Namespace) -> None:
    """Print the figures."""
    with scratch_database() as url:
        from django.db import connections

        from portal.operations.services import database_now
        from tests.metrics.quality.checking import PLAIN_COLUMNS, checkpoint, stored
        from tests.people import machine

        machine("prober")
        stored(columns=PLAIN_COLUMNS, consumers=[])
        for number in range(CHECKPOINTS):
            checkpoint(key=f"orders-{number}")
        begun = database_now() - timedelta(hours=5)
        connections.close_all()
        raw_rate = _raw(url, options.quality_results, begun)
        _taken(options.quality_results, begun, raw_rate)
        _over_http(options.quality_results, begun)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--quality-results", type=int, default=4_000, help="results of checkpoints to take (4,000)")
