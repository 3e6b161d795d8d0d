"""Lineage: events taken by two processes beside the same rows inserted raw, and a two-hop page over a large graph.

Every event is a run of its own: it is read, judged, kept, gathered into its run and shown as edges. The raw side inserts the same
bodies by COPY into a bare table, as fast as the driver goes, from two processes as well. Over HTTP, two gunicorn workers answer
to eight connections, on the same two cores as the database and the senders.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from bench.scratch import scratch_database

PROCESSES, BATCH = 2, 100


def _event(number: int) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": f"2026-11-22T10:{number // 60 % 60:02d}:{number % 60:02d}.{number % 1000:03d}Z",
        "producer": "https://example.com/scheduler/1.0",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid4())},
        "job": {"namespace": "nightly", "name": f"job_{number % 200}"},
        "inputs": [{"namespace": "s", "name": f"in_{number % 200}"}, {"namespace": "s", "name": f"in_{number % 37}"}],
        "outputs": [{"namespace": "s", "name": f"out_{number % 200}"}],
    }


def _at_once(work: Callable[[int], None]) -> float:
    """Seconds until all processes are done; they begin together."""
    children = [multiprocessing.get_context("fork").Process(target=work, args=(number,)) for number in range(PROCESSES)]
    begun = time.perf_counter()
    for child in children:
        child.start()
    for child in children:
        child.join()
        if child.exitcode:
            raise SystemExit("A sender failed.")
    return time.perf_counter() - begun


def _ingest(url: str, events: int) -> None:
    import orjson
    import psycopg
    from django.db import connections

    from metrics.lineage.reading import read
    from metrics.lineage.receiving import bindings_of, keep
    from portal.operations.services import database_now
    from tests.metrics.lineage.telling import bound
    from tests.people import actor

    bound()
    bodies = [[orjson.dumps(_event(number)) for number in range(part, events, PROCESSES)] for part in range(PROCESSES)]
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("CREATE TABLE bare (at timestamptz DEFAULT now(), body jsonb)")
    connections.close_all()

    def insert(part: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for first in range(0, len(bodies[part]), BATCH):
                with connection.cursor().copy("COPY bare (body) FROM STDIN") as copy:
                    for body in bodies[part][first : first + BATCH]:
                        copy.write_row([body.decode()])

    def take(size: int) -> Callable[[int], None]:
        def work(part: int) -> None:
            who, now = actor("loader"), database_now()
            for first in range(0, len(bodies[part]), size):
                told = [read(orjson.loads(body), now) for body in bodies[part][first : first + size]]
                keep(told, bindings_of(who, [one.namespace for one in told]), now=database_now())
            connections.close_all()

        return work

    raw_rate = events / _at_once(insert)
    print(f"raw COPY of {events:,} bodies, {PROCESSES} processes: {raw_rate:9,.0f} rows/s")
    for size in (BATCH, 1):
        with psycopg.connect(url, autocommit=True) as raw:
            raw.execute(
                "TRUNCATE metrics_lineageevent, metrics_lineagerun, metrics_lineageedge, metrics_lineagenode CASCADE"
            )
        rate = events / _at_once(take(size))
        print(
            f"taken {size:>3} at a time, {PROCESSES} processes:          {rate:9,.0f} events/s"
            f"   ratio {rate / raw_rate:5.2f} (aim 1,000 events/s)"
        )


def _over_http(events: int) -> None:
    from django.db import connections

    from portal.operations.services import database_now
    from portal.people.models import User
    from portal.people.tokens import create_token
    from tests.people import actor

    token = create_token(
        actor=actor("adam"), user=User.objects.get(username="loader"), actor_type="automated_workflow", name="bench",
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
        for path, size in (("/api/v1/lineage", 1), ("/api/v1/lineage/batch", BATCH)):
            done, begun = 0, time.perf_counter()

            def send(part: int, path: str = path, size: int = size) -> None:
                connection = http.client.HTTPConnection("127.0.0.1", port)
                for first in range(0, events // 8, size):
                    told = [_event(part + 8 * number) for number in range(first, first + size)]
                    connection.request("POST", path, json.dumps(told if size > 1 else told[0]), headers)
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status not in (200, 201):
                        raise SystemExit(f"refused: {answer.status}")

            threads = [threading.Thread(target=send, args=(part,)) for part in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            done = 8 * (-(-(events // 8) // size)) * size
            rate = done / (time.perf_counter() - begun)
            print(
                f"over HTTP, {size:>3} a request, {PROCESSES} web workers, 8 senders: {rate:9,.0f} events/s (aim 1,000)"
            )
    finally:
        server.terminate()
        server.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The web workers did not come up.")


def _page(edges: int, rounds: int) -> None:
    from django.db import connection
    from django.test import Client

    from metrics.lineage.graph import _STEP
    from metrics.models import LineageNode
    from portal.people.requests import SIGNED_IN_AT
    from tests.people import user

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE metrics_lineageedge, metrics_lineagenode CASCADE")
        cursor.execute(
            "INSERT INTO metrics_lineagenode (kind, namespace, name, columns)"
            " SELECT 'dataset', 's', 'table_' || n, '{}' FROM generate_series(1, %s) n", [edges // 5])  # fmt: skip
        cursor.execute(
            "INSERT INTO metrics_lineageedge (source_id, target_id, declared, seen_at, seen_by)"
            " SELECT a.id, b.id, random() < 0.5, now(), '1/x'"
            " FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM metrics_lineagenode) a"
            " CROSS JOIN generate_series(1, 5) k"
            " JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM metrics_lineagenode) b"
            " ON b.n = (a.n * 7 + k * 131) %% %s + 1 AND b.id <> a.id ON CONFLICT DO NOTHING", [edges // 5])  # fmt: skip
        cursor.execute("ANALYZE metrics_lineageedge")
        cursor.execute("SELECT count(*) FROM metrics_lineageedge")
        count = cursor.fetchone()[0]
    client = Client()
    client.force_login(user("vera"))
    assert SIGNED_IN_AT
    nodes = list(LineageNode.objects.filter(kind="dataset").order_by("?").values_list("id", "name")[: rounds + 5])
    raw, ours = [], []
    for number, (pk, name) in enumerate(nodes):
        begun = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(_STEP, {"here": [pk], "most": 151})
            reached = sorted({one for row in cursor.fetchall() for one in row[:2]})
            cursor.execute(_STEP, {"here": reached, "most": 151})
            cursor.fetchall()
        spent = time.perf_counter() - begun
        begun = time.perf_counter()
        answer = client.get(f"/lineage/?focus=dataset:s:{name}")
        page = time.perf_counter() - begun
        if answer.status_code != 200:
            raise SystemExit(f"refused: {answer.status_code}")
        if number >= 5:
            raw.append(spent * 1000)
            ours.append(page * 1000)
    print(
        f"two hops over {count:,} edges: raw queries median {statistics.median(raw):5.1f} ms   page median"
        f" {statistics.median(ours):5.1f} ms, p95 {statistics.quantiles(ours, n=20)[-1]:5.1f} ms"
        f"   ratio {statistics.median(ours) / statistics.median(raw):5.1f} (aim 100 ms)"
    )


def run(options: argparse.Namespace) -> None:
    """Print the figures."""
    with scratch_database() as url:
        _ingest(url, options.lineage_events)
        _over_http(options.lineage_events)
        _page(options.lineage_edges, 60)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--lineage-events", type=int, default=8_000, help="lineage events to take (8,000)")
    parser.add_argument("--lineage-edges", type=int, default=100_000, help="edges of the graph (100,000)")
