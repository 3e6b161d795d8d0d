"""Servers that misbehave hinder nobody but themselves."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from connectors import polling
from connectors.models import Observation, ServerState, TaskState, TrackedTask
from connectors.polling import Poller
from portal.operations.services import database_now
from tests.connectors.tracking import world
from tests.servers import scripted as bad
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def servers() -> Iterator[list[ScriptedServer]]:
    """Three servers: one that is well and two to be told otherwise."""
    with ExitStack() as stack:
        yield [stack.enter_context(ScriptedServer()) for _ in range(3)]


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (bad.unauthorized(), "unauthorized"),
        (bad.slow_down("40"), "rate_limited"),
        (bad.server_error(), "unavailable"),
        (bad.garbage(), "drift"),
        (bad.html(), "drift"),
        (bad.hang_up, "unavailable"),
        (bad.task(status="meditating"), "drift"),
        (bad.task(taskId="another"), "drift"),
        (bad.redirect("http://127.0.0.1:9/"), "drift"),
    ],
)
def test_a_look_that_fails_is_a_miss_with_its_reason_and_changes_nothing_else(
    scripted: ScriptedServer, behaviour: bad.Behaviour, kind: str
) -> None:
    task = world.adopt(world.connector(scripted.url), "r-1")
    poller = Poller()
    poller.tick()
    seen = world.again(task)
    assert seen.state == TaskState.WORKING
    scripted.behave(behaviour)
    world.due(task)
    poller.tick()
    found = world.again(task)
    assert (found.trouble_kind, found.misses, found.state) == (kind, 1, TaskState.WORKING)
    assert found.trouble
    unmoved = ("stall_clock", "blind_clock", "last_seen_at", "last_change_at", "remote_status", "deadline_clock")
    assert [getattr(found, name) for name in unmoved] == [getattr(seen, name) for name in unmoved]
    if kind == "rate_limited":
        assert found.next_poll_at is not None
        assert found.next_poll_at >= database_now() + timedelta(seconds=35)
    scripted.behave(bad.task())
    world.due(task)
    # What it asked for would hold for all of its tasks.
    ServerState.objects.filter(open_until__isnull=False).update(open_until=database_now())
    poller.tick()
    found = world.again(task)
    assert (found.trouble_kind, found.trouble, found.misses) == ("", "", 0)
    whats = list(Observation.objects.filter(task=task).values_list("what", flat=True))
    assert whats[-2:] == ["trouble", "recovered"]


def test_servers_that_hang_do_not_delay_the_looks_at_a_healthy_one(servers: list[ScriptedServer]) -> None:
    well, *silent = servers
    for server in silent:
        server.behave(bad.silence)
    connectors = [world.connector(server.url) for server in silent]
    hanging = [world.adopt(connector, f"r-{n}") for connector in connectors for n in range(30)]
    of_well = world.connector(well.url)
    healthy = [world.adopt(of_well, f"r-{n}") for n in range(5)]
    poller = Poller()
    rounds = 4
    for _ in range(rounds):
        TrackedTask.objects.filter(pk__in=[task.pk for task in healthy]).update(next_poll_at=database_now())
        poller.tick()
    polls = TrackedTask.objects.filter(pk__in=[task.pk for task in healthy]).values_list("polls", flat=True)
    assert min(polls) >= rounds, "each was looked at in every round, while the others are still silent"
    assert not TrackedTask.objects.filter(pk__in=[task.pk for task in hanging], last_seen_at__isnull=False).exists()
    asked = [len(server.requests) for server in silent]
    assert max(asked) <= polling.AT_ONCE, "a silent server gets few at once"


def test_a_tick_never_waits_for_a_silent_server(scripted: ScriptedServer) -> None:
    scripted.behave(bad.silence)
    task = world.adopt(world.connector(scripted.url), "r-1")
    poller = Poller()
    begun = time.monotonic()
    counts = poller.tick()
    assert time.monotonic() - begun < 5, "well before the look itself gives up"
    assert counts["in_flight"] == 1
    scripted.stop()
    end = time.monotonic() + 20
    while world.again(task).misses == 0 and time.monotonic() < end:
        poller.tick()
    assert world.again(task).trouble_kind == "unavailable"


def test_a_dead_server_with_many_tasks_is_left_alone(closed_port: int) -> None:
    connector = world.connector(f"http://127.0.0.1:{closed_port}/mcp")
    tasks = [world.adopt(connector, f"r-{n}") for n in range(20)]
    poller = Poller()
    for _ in range(4):
        TrackedTask.objects.filter(connector=connector).update(next_poll_at=database_now())
        poller.tick()
    found = TrackedTask.objects.filter(pk__in=[task.pk for task in tasks])
    assert 5 <= sum(found.values_list("misses", flat=True)) <= 2 * polling.AT_ONCE
    left = ServerState.objects.get(connector=connector).open_until
    assert left is not None
    assert left > database_now()


def test_the_answer_of_a_server_that_repeats_a_task_id_is_set_aside(scripted: ScriptedServer) -> None:
    connector = world.connector(scripted.url)
    world.adopt(connector, "r-1")
    Poller().tick()
    scripted.behave(bad.task(taskId="r-1"))
    task = world.start(connector)
    Poller().tick()
    found = world.again(task)
    assert (found.trouble_kind, found.remote_task_id) == ("set_aside", "")
    assert found.start_attempted_at is not None, "it is known to have been sent, so it is not sent again"
