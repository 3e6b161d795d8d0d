"""Judging is killed again and again; nothing is lost and nothing doubled."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import OperationalError, connection, connections

from portal.audit.models import AuditLine
from portal.env import ROOT
from portal.outbox.models import OutboxEvent
from severity import statements, sweep
from severity.models import Incident, TimelineEvent
from tests.database import address
from tests.severity.slipping import PASSED, running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("committed")]
TASKS = 80
KILLS = 6
JUDGE = """
import django
django.setup()
from severity import statements, sweep
print("judging", flush=True)
while True:
    sweep.drain(statements.SLIPS, batch=2)
"""


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


def test_a_judge_killed_while_judging_loses_and_doubles_nothing() -> None:
    for _number in range(TASKS):
        running(deadline=PASSED)
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
    sweep.drain(statements.SLIPS)
    everything_is_there_once()


def test_a_judge_whose_connection_is_cut_goes_on_and_doubles_nothing() -> None:
    for _number in range(TASKS):
        running(deadline=PASSED)
    done, errors = threading.Event(), []

    def work() -> None:
        while not done.is_set():
            try:
                if sweep.drain(statements.SLIPS, batch=2) == (0, 0):
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
    sweep.drain(statements.SLIPS)
    everything_is_there_once()
