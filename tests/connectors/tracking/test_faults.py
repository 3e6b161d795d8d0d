"""Workers that are killed, doubled or cut off from the database, against real servers and a real database."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import Error, connection
from django.db.models import Count

from connectors.models import Observation, TaskState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import recording
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from tests.connectors.tracking import world
from tests.database import address
from tests.servers.demo import ROOT, DemoServer
from tests.servers.scripted import ScriptedServer

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("committed")]
WORKER = """
import time, django
django.setup()
from connectors.polling import tick
print("working", flush=True)
while True:
    tick()
    time.sleep(0.05)
"""


@contextmanager
def worker() -> Iterator[subprocess.Popen[str]]:
    """A process that does nothing but the polling of a worker."""
    environment = {
        **os.environ,
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "LOG_LEVEL": "CRITICAL",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        yield process
    finally:
        process.kill()
        process.wait(10)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def leases_run_out() -> None:
    """Let the time of every lease pass at once."""
    TrackedTask.objects.filter(next_poll_at__isnull=False).update(next_poll_at=database_now())


def test_killed_again_and_again_no_task_is_lost_or_stuck_and_no_call_is_sent_twice(demo_server: DemoServer) -> None:
    connector = world.connector(demo_server.url)
    tasks = [
        world.start(connector, "generate_statement", arguments={"seconds": 1 + n % 3}, idempotency_key=f"k-{n}")
        for n in range(30)
    ]
    chance = random.Random(7)
    for _ in range(5):
        with worker() as process:
            time.sleep(chance.uniform(0.05, 0.6))
            kill(process)
        leases_run_out()
    poller, end = Poller(), time.monotonic() + 40
    settled = [TaskState.COMPLETED, TaskState.START_UNKNOWN]
    while TrackedTask.objects.exclude(state__in=settled).exists() and time.monotonic() < end:
        poller.tick()
        leases_run_out()
    states = dict(TrackedTask.objects.values_list("state").annotate(Count("id")).order_by())
    assert set(states) <= set(settled), states
    assert sum(states.values()) == len(tasks)
    assert states[TaskState.COMPLETED] >= 1
    remote = list(TrackedTask.objects.exclude(remote_task_id="").values_list("remote_task_id", flat=True))
    assert len(remote) == len(set(remote))
    ends = Observation.objects.filter(what="ended").values("task").annotate(times=Count("id"))
    assert all(line["times"] == 1 for line in ends), "each end was recorded once"
    assert AuditLine.objects.filter(action="task.completed").count() == states[TaskState.COMPLETED]


def test_a_call_is_sent_once_though_its_worker_is_killed_while_it_is_out(scripted: ScriptedServer) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(exchange: object) -> None:
        asked.set()
        go_on.wait(20)

    scripted.behave(slow)
    task = world.start(world.connector(scripted.url))
    with worker() as process:
        assert asked.wait(20)
        kill(process)
    go_on.set()
    found = world.again(task)
    assert found.start_attempted_at is not None, "that it may be running was known before it was sent"
    leases_run_out()
    Poller().tick()
    assert world.again(task).state == TaskState.START_UNKNOWN
    assert len(scripted.requests) == 1


def test_two_workers_at_once_record_every_change_once(demo_server: DemoServer) -> None:
    connector = world.connector(demo_server.url)
    for n in range(20):
        world.start(connector, "generate_statement", arguments={"seconds": 1}, idempotency_key=f"k-{n}")
    with worker(), worker():
        end = time.monotonic() + 30
        while TrackedTask.objects.filter(ended_at__isnull=True).exists() and time.monotonic() < end:
            time.sleep(0.2)
    assert TrackedTask.objects.filter(state=TaskState.COMPLETED).count() == 20
    for what in ("accepted", "started", "ended"):
        assert Observation.objects.filter(what=what).count() == 20
    assert AuditLine.objects.filter(action="task.completed").count() == 20


def test_a_worker_lives_through_the_loss_of_its_database_connections(scripted: ScriptedServer) -> None:
    connector = world.connector(scripted.url)
    task = world.adopt(connector, "r-1")
    poller = Poller()
    poller.tick()
    polls = world.again(task).polls
    assert polls >= 1

    world.due(task)
    # What is under way when the connection is lost is kept, and recorded once there is a new one.
    cut = threading.Thread(target=_cut_everybody_off)
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
    cut.start()
    cut.join()
    with pytest.raises(Error):
        poller.tick()
    connection.close()
    end = time.monotonic() + 20
    while world.again(task).polls == polls and time.monotonic() < end:
        poller.tick()
        time.sleep(0.1)
    assert world.again(task).polls > polls


def _cut_everybody_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


def test_answers_that_could_not_be_recorded_are_recorded_later(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = world.adopt(world.connector(scripted.url), "r-1")
    poller, record = Poller(), recording.record

    def cut_off_first(changes: list[object]) -> object:
        if changes:
            _cut(connection.connection.info.backend_pid)
        return record(changes)

    monkeypatch.setattr(recording, "record", cut_off_first)
    with pytest.raises(Error):
        poller.tick()
    connection.close()
    monkeypatch.setattr(recording, "record", record)
    poller.tick()
    assert world.again(task).polls == 1
    assert len(scripted.requests) == 1, "it was recorded, not asked again"


def _cut(pid: int) -> None:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    time.sleep(0.1)
