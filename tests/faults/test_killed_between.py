"""A real kill -9 between marking a slip as seen and writing its incident: two steps lose it, one statement does not."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from django.db import connection

from portal.env import ROOT
from severity import sweep
from severity.models import Incident
from tests.connectors.tracking import world
from tests.database import address
from tests.severity.slipping import PASSED, running

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("committed")]
DOOR = 7_301
# The shape that must not come back: the clock is taken off in one transaction, the incident written in the next.
TWO_STEPS = """
import django
django.setup()
from django.db import transaction
from connectors.models import TrackedTask
from portal.operations.services import database_now
from severity.models import Incident
now = database_now()
with transaction.atomic():
    slips = [(task, task.deadline_clock) for task in TrackedTask.objects.select_for_update(no_key=True, skip_locked=True)
             .filter(due_at__lte=now)]
    TrackedTask.objects.filter(pk__in=[task.pk for task, _ in slips]).update(deadline_clock=None)
with transaction.atomic():
    for task, clock in slips:
        Incident.objects.create(
            severity=1, source="task", rule="deadline", subject_kind="task", subject_key=task.human_id, subject_id=task.pk,
            task=task, connector_id=task.connector_id, title="Late", dedup_key=f"task:{task.pk}:deadline", epoch=clock,
            owner_id=task.owner_id, opened_at=now, last_update_at=now)
"""
ONE_STATEMENT = """
import django
django.setup()
from severity import statements, sweep
sweep.drain(statements.SLIPS)
"""


@pytest.fixture
def door(committed: None) -> Iterator[None]:
    """Whoever writes an incident waits at a door while somebody holds it shut."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION wait_at_the_door() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM pg_advisory_xact_lock_shared({DOOR}); RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER door BEFORE INSERT ON severity_incident FOR EACH ROW EXECUTE FUNCTION wait_at_the_door()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER door ON severity_incident; DROP FUNCTION wait_at_the_door()")


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", [DOOR]
        )
        return int(cursor.fetchone()[0])


def _kill_at_the_door(work: str) -> None:
    """Run the work in a process of its own up to the writing of its first incident, and kill -9 it there."""
    environment = os.environ | {"DATABASE_URL": address(), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    with _shut(), subprocess.Popen([sys.executable, "-c", work], env=environment, cwd=ROOT) as worker:
        deadline = time.monotonic() + 30
        while not _waiting():
            assert worker.poll() is None, "it ended before it wrote an incident"
            assert time.monotonic() < deadline, "it never came to write an incident"
            time.sleep(0.02)
        worker.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    # Its session learns of the death when it answers; until then it holds the locks of what it did not commit.
    while _sessions_of_others():
        assert time.monotonic() < deadline, "the session of the killed process lives on"
        time.sleep(0.02)


@contextlib.contextmanager
def _shut() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [DOOR])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [DOOR])


def _sessions_of_others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("door")
def test_a_kill_between_the_steps_loses_the_incident_of_two_steps_and_none_of_ours() -> None:
    theirs = running(deadline=PASSED)
    _kill_at_the_door(TWO_STEPS)
    sweep.tick()
    assert world.again(theirs).due_at is None, "it was marked as seen"
    assert not Incident.objects.filter(task=theirs).exists(), "this shape was expected to lose it"

    ours = running(deadline=PASSED)
    _kill_at_the_door(ONE_STATEMENT)
    assert world.again(ours).due_at == ours.due_at, "nothing of the killed statement stays"
    assert not Incident.objects.filter(task=ours).exists()
    sweep.tick()
    sweep.tick()
    assert Incident.objects.get(task=ours).repeats == 0
    assert world.again(ours).due_at is None
