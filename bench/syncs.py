"""Runs of data syncs taken in batches by two processes, beside the same rows copied raw; and a sweep of many late syncs.

Every run is read, kept and moves what is known of its sync. The raw side copies the bodies of the same runs into a bare table, as
fast as the driver goes, from two processes as well.
"""

import argparse
import json
import time
from datetime import datetime, timedelta
from typing import Any

from bench.lineage import PROCESSES, _at_once
from bench.scratch import scratch_database

SYNCS, STREAMS = 200, 5
_COPIES = """
INSERT INTO connectors_connector (key, {names})
SELECT 'sync-' || number, {names} FROM connectors_connector, generate_series(1, %s) number WHERE key = 'first'
"""
_STATES = """
INSERT INTO connectors_syncstate (connector_id, pause_reason, paused_by, pull_lease, pull_failures, pull_detail)
SELECT id, '', '', 0, 0, '' FROM connectors_connector c
WHERE NOT EXISTS (SELECT FROM connectors_syncstate s WHERE s.connector_id = c.id)
"""
_LATE = """
UPDATE connectors_syncstate SET judge_at = NULL, fresh_until = statement_timestamp() - interval '1 minute',
  freshness_clock = statement_timestamp() - interval '1 minute'
"""


def _run(number: int, begun: datetime) -> dict[str, Any]:
    """A run of five streams; the runs of one sync follow each other."""
    at = begun + timedelta(milliseconds=number)
    streams = [
        {"name": f"table_{one}", "mode": "incremental", "cursor": str(number), "rows": 100} for one in range(STREAMS)
    ]
    return {
        "run": f"run-{number}", "state": "succeeded", "started_at": at.isoformat(), "ended_at": at.isoformat(), "rows": 500,
        "streams": streams,
    }  # fmt: skip


def _raw(url: str, runs: int, batch: int, begun: datetime) -> float:
    import psycopg

    bodies = [[json.dumps(_run(number, begun)) for number in range(part, runs, PROCESSES)] for part in range(PROCESSES)]
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute("CREATE TABLE bare (at timestamptz DEFAULT now(), body jsonb)")

    def insert(part: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for first in range(0, len(bodies[part]), batch):
                with connection.cursor().copy("COPY bare (body) FROM STDIN") as copy:
                    for body in bodies[part][first : first + batch]:
                        copy.write_row([body])

    rate = runs / _at_once(insert)
    print(f"raw COPY of {runs:,} runs, {PROCESSES} processes: {rate:9,.0f} rows/s")
    return rate


def _taken(runs: int, batch: int, begun: datetime, raw_rate: float) -> None:
    from django.db import connections

    from connectors.syncs.keeping import Report, take_many
    from portal.operations.services import database_now
    from portal.people.actors import Actor
    from tests.people import machine

    def work(part: int) -> None:
        who = Actor.of(machine("airflow"))
        mine = range(part, runs, PROCESSES)
        for first in range(0, len(mine), batch):
            reports = [
                Report(f"sync-{number % SYNCS + 1}", _run(number, begun)) for number in mine[first : first + batch]
            ]
            found = take_many(actor=who, reports=reports, now=database_now())
            if any(not hasattr(one, "outcome") for one in found):
                raise SystemExit(f"refused: {found[0]}")
        connections.close_all()

    rate = runs / _at_once(work)
    print(f"taken {batch} at a time, {PROCESSES} processes: {rate:9,.0f} runs/s   ratio {rate / raw_rate:5.2f} of raw")


def run(options: argparse.Namespace) -> None:
    """Print the figures."""
    with scratch_database() as url:
        from django.db import connection, connections

        from connectors.models import Connector
        from portal.operations.services import database_now
        from severity import freshness_statements, sweep
        from tests.documents import data_movement_document
        from tests.people import machine
        from tests.registering import apply_connector

        machine("airflow")
        apply_connector(data_movement_document("first"))
        names = ", ".join(
            f'"{one.column}"' for one in Connector._meta.concrete_fields if one.column not in ("id", "key")
        )
        with connection.cursor() as cursor:
            cursor.execute(_COPIES.format(names=names), [options.late_syncs])
            cursor.execute(_STATES)
        begun = database_now() - timedelta(hours=5)
        connections.close_all()
        raw_rate = _raw(url, options.sync_runs, options.sync_batch, begun)
        _taken(options.sync_runs, options.sync_batch, begun, raw_rate)
        with connection.cursor() as cursor:
            cursor.execute(_LATE)
            cursor.execute("ANALYZE connectors_syncstate")
        begins = time.perf_counter()
        looked, opened = sweep.drain(freshness_statements.LATE)
        spent = time.perf_counter() - begins
        print(f"{looked:,} late syncs judged, {opened:,} incidents: {spent:5.2f} s ({looked / spent:,.0f}/s)")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--sync-runs", type=int, default=10_000, help="runs of data syncs to take (10,000)")
    parser.add_argument("--sync-batch", type=int, default=100, help="how many at a time (100)")
    parser.add_argument("--late-syncs", type=int, default=10_000, help="late syncs to judge (10,000)")
