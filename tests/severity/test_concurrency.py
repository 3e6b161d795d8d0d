"""Many sweeps at once, and a shape that failed before, built on purpose (the other: tests/faults/test_killed_between.py)."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from connectors.models import Maintenance, TrackedTask
from connectors.tracking import maintenance
from portal.operations.services import database_now
from severity import statements, sweep
from severity.models import Incident
from tests.connectors.tracking import world
from tests.severity.slipping import PASSED, running


@pytest.mark.usefixtures("committed")
def test_many_sweeps_at_once_open_each_incident_once() -> None:
    tasks = [running(deadline=PASSED) for _number in range(60)]
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        for _round in range(3):
            sweep.drain(statements.SLIPS, batch=7)
        connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Incident.objects.filter(task__in=tasks).count() == len(tasks)
    assert sum(Incident.objects.filter(task__in=tasks).values_list("repeats", flat=True)) == 0


@pytest.mark.usefixtures("committed")
def test_without_a_lock_and_a_key_two_sweeps_double_as_it_failed_before() -> None:
    """A shape that must not come back: it fails under the very race that the sweep survives."""
    task = running(deadline=PASSED)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive_incident (task_id bigint)")
    try:
        both_looked = threading.Barrier(2)

        def naive() -> None:
            found = list(TrackedTask.objects.filter(due_at__lte=database_now()).values_list("pk", flat=True))
            both_looked.wait()
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO naive_incident VALUES (%s)", [(pk,) for pk in found])
            connections.close_all()

        threads = [threading.Thread(target=naive) for _number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM naive_incident WHERE task_id = %s", [task.pk])
            assert cursor.fetchone()[0] == 2
        sweep.tick()
        assert Incident.objects.filter(task=task).count() == 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE naive_incident")


@pytest.mark.usefixtures("committed")
def test_a_sweep_beside_one_that_begins_maintenance_waits_and_judges_what_then_stands() -> None:
    task, now = running(deadline=timedelta(minutes=-1)), database_now()
    of = {"connector_key": task.connector.key, "reason": "Their upgrade."}
    planned = maintenance.plan(actor=world.person(), now=now, starts_at=now, until=now + timedelta(hours=1), **of)
    began = now - timedelta(minutes=5)
    Maintenance.objects.filter(pk=planned.pk).update(starts_at=began, until=began + timedelta(hours=1))
    done = threading.Event()

    def second() -> None:
        try:
            sweep.tick()
        finally:
            connections.close_all()
            done.set()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        maintenance.begin_due()
        thread.start()
        assert not done.wait(0.5)
    thread.join(20)
    assert not Incident.objects.filter(task=task).exists()
    assert world.again(task).deadline_at == task.deadline_at + timedelta(hours=1)
