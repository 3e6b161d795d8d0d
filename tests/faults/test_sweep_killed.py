"""Judging is killed again and again; nothing is lost and nothing doubled."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections

from connectors.models import Connector, KnownTool, SyncState
from portal.audit.models import AuditLine
from portal.env import ROOT
from portal.operations.services import database_now
from portal.outbox.models import OutboxEvent
from severity import drift_statements, freshness_statements, statements, sweep
from severity.models import Incident, TimelineEvent
from tests.connectors.syncs.world import sync
from tests.connectors.tracking import world
from tests.database import address
from tests.severity.slipping import PASSED, running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("committed")]
TASKS = 80
KILLS = 6
JUDGE = """
import django
django.setup()
from severity import drift_statements, freshness_statements, statements, sweep
print("judging", flush=True)
while True:
    sweep.drain(statements.SLIPS, batch=2)
    sweep.drain(drift_statements.TOOLS, batch=2)
    sweep.drain(freshness_statements.LATE, batch=2)
"""


def slipping() -> str:
    """Tasks past their deadline; the statement that judges them."""
    for _number in range(TASKS):
        running(deadline=PASSED)
    return statements.SLIPS


def drifting() -> str:
    """Tools that are not as approved; the statement that judges them."""
    now = database_now()
    for _number in range(TASKS // 4):
        KnownTool.objects.bulk_create(
            KnownTool(connector=connector, name=name, state="changed", differs=["input"], quarantined=True,
                      drift_since=now, drift_at=now, judge_at=now)
            for connector in [world.connector("http://127.0.0.1:9/mcp")]
            for name in ("one", "two", "three", "four")
        )  # fmt: skip
    return drift_statements.TOOLS


def late() -> str:
    """As many late syncs as there are tasks elsewhere; the statement that judges them."""
    first = sync()
    columns = [field.column for field in Connector._meta.concrete_fields if field.column not in ("id", "key")]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO connectors_connector (key, {names}) SELECT 'copy-' || number, {names}"
            " FROM connectors_connector, generate_series(2, %s) number WHERE id = %s",
            [TASKS, first.pk],
        )
    known = set(SyncState.objects.values_list("connector_id", flat=True))
    SyncState.objects.bulk_create(
        SyncState(connector=one) for one in Connector.objects.exclude(pk__in=known).only("pk", "key")
    )
    at = database_now() - timedelta(minutes=5)
    SyncState.objects.update(fresh_until=at, freshness_clock=at, judge_at=None)
    return freshness_statements.LATE


WORLDS = pytest.mark.parametrize("prepare", [slipping, drifting, late], ids=["slips", "drift", "freshness"])


def judge() -> subprocess.Popen[str]:
    """A worker that only judges, in a process of its own, on the database of this test."""
    environment = os.environ | {
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORTAL_MODE": "test",
    }
    return subprocess.Popen([sys.executable, "-c", JUDGE], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def everything_is_there_once() -> None:
    """Each slip has one incident, with one line of the timeline, one version, one notice and one audit line."""
    assert Incident.objects.count() == TASKS
    assert Incident.objects.values("dedup_key").distinct().count() == TASKS
    assert TimelineEvent.objects.count() == TASKS
    assert Incident.history.count() == TASKS
    assert OutboxEvent.objects.filter(topic="incident.opened").count() == TASKS
    assert AuditLine.objects.filter(action="incident.opened").count() == TASKS


@WORLDS
def test_a_judge_killed_while_judging_loses_and_doubles_nothing(prepare: Callable[[], str]) -> None:
    statement = prepare()
    opened = []
    for number in range(KILLS):
        worker = judge()
        assert worker.stdout is not None
        assert worker.stdout.readline() == "judging\n"
        time.sleep(0.01 * number)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        opened.append(Incident.objects.count())
    assert opened[-1] > 0, "the judge was killed before it did anything; the test proves nothing"
    sweep.drain(statement)
    everything_is_there_once()


@WORLDS
def test_a_judge_whose_connection_is_cut_goes_on_and_doubles_nothing(prepare: Callable[[], str]) -> None:
    statement = prepare()
    done, errors = threading.Event(), []

    def work() -> None:
        while not done.is_set():
            try:
                if sweep.drain(statement, batch=2) == (0, 0):
                    break
            except OperationalError as error:
                errors.append(error)
                connections.close_all()
        connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(2)]
    for thread in threads:
        thread.start()
    cut = 0
    while cut < KILLS and any(thread.is_alive() for thread in threads):
        time.sleep(0.01)
        with connection.cursor() as cursor:
            # Only so much of a statement is kept there, and the sweep's begins like this.
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%WITH due AS (%'"
            )
            cut += cursor.fetchone()[0]
    for thread in threads:
        thread.join(60)
    done.set()
    assert errors, "no connection was cut while judging; the test proves nothing"
    sweep.drain(statement)
    everything_is_there_once()
