"""Many incidents at once: how many notices leave, and how long deciding it takes beside the bare rows of the same decisions.

The raw side writes as many rows as there are decisions into a bare table, a batch of the sweep at a time, and nothing else.
"""

import argparse
import time

import psycopg

from bench.scratch import scratch_database

_RAW = """
INSERT INTO bare (incident, route, what, at) SELECT number, number %% 3, 'opened', now()
FROM generate_series(%s::bigint, %s::bigint) number
"""


def _raw(url: str, rows: int, batch: int) -> float:
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(
            "CREATE TABLE bare (id bigserial PRIMARY KEY, incident bigint, route int, what text, at timestamptz)"
        )
        raw.execute("CREATE UNIQUE INDEX ON bare (incident, route)")
        begins = time.perf_counter()
        for first in range(1, rows + 1, batch):
            raw.execute(_RAW, [first, min(rows, first + batch - 1)])
        spent = time.perf_counter() - begins
    print(f"raw: {rows:,} rows, {batch} at a time: {spent:6.2f} s ({rows / spent:9,.0f}/s)")
    return rows / spent


def run(options: argparse.Namespace) -> None:
    """Print the figures."""
    with scratch_database() as url:
        from portal.outbox.models import OutboxEvent
        from severity import sweep
        from severity.models import Telling
        from severity.routing import statements
        from tests.connectors.tracking.world import connector
        from tests.severity.routing.world import owners, passes, route, slip

        connectors = [connector("http://127.0.0.1:9/mcp") for _number in range(options.noisy)]
        owners("amal", "noor")
        route("pager", repeat_minutes=60)
        route("room", way="chat")
        print(f"opening {options.incidents:,} incidents of {options.noisy} connectors")
        for number in range(options.incidents):
            slip(number, connector=connectors[number % options.noisy])
        raw_rate = _raw(url, 3 * options.incidents, sweep.BATCH)
        for words in ("at once", "after the window"):
            begins = time.perf_counter()
            looked = {
                name: sweep.drain(statement)[0]
                for name, statement in (("routed", statements.ROUTE), ("judged", statements.TELL))
            }
            spent = time.perf_counter() - begins
            told = OutboxEvent.objects.filter(topic="incident.told").count()
            rate = Telling.objects.count() / spent
            print(
                f"{words}: {looked['routed']:,} routed, {looked['judged']:,} judged in {spent:6.2f} s"
                f" ({rate:9,.0f} tellings/s, ratio {rate / raw_rate:5.2f} of raw); {told:,} notices so far on three routes"
            )
            passes(minutes=11)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--incidents", type=int, default=10_000, help="incidents at once (10,000)")
    parser.add_argument("--noisy", type=int, default=50, help="connectors that they are of (50)")
