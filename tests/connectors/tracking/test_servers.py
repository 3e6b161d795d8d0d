"""Servers are spared by all workers together: limits, a breaker with one try at a time, and what a server asks for."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from connectors.models import Connector, ServerState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import claim, servers
from portal.operations.services import database_now
from tests.connectors.tracking import world
from tests.documents import runtime_tool_document
from tests.registering import apply_connector
from tests.servers import scripted as server
from tests.servers.scripted import Exchange, ScriptedServer

pytestmark = pytest.mark.django_db


def watched(scripted: ScriptedServer, number: int) -> tuple[Connector, list[TrackedTask]]:
    connector = world.connector(scripted.url)
    return connector, [world.adopt(connector, f"r-{one}") for one in range(number)]


def due_now() -> None:
    TrackedTask.objects.update(next_poll_at=database_now() - timedelta(seconds=1))


def take(room: int = 100) -> list[Any]:
    return claim.claim(room=room, rooms={}, most=1000, after=0)[1]


def until(wanted: Callable[[], bool], pollers: list[Poller], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not wanted() and time.monotonic() < end:
        for poller in pollers:
            poller.tick()
    assert wanted()


def state_of(connector: Connector) -> ServerState:
    return ServerState.objects.get(connector=connector)


def test_no_more_at_once_than_its_connector_allows_whoever_takes(scripted: ScriptedServer) -> None:
    connector, tasks = watched(scripted, 9)
    ServerState.objects.create(connector=connector, at_once=3)
    assert [len(take()), len(take())] == [3, 0]
    assert state_of(connector).taken_at is not None
    TrackedTask.objects.update(busy_until=F("busy_until") - timedelta(hours=1))
    assert len(take()) == 3, "what was taken by one that died comes free with its lease"
    assert len(tasks) == 9


def test_what_is_recorded_makes_room_again(scripted: ScriptedServer) -> None:
    lock, now, most = threading.Lock(), [0], [0]
    answer = server.task()

    def slow(exchange: Exchange) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        answer(exchange)

    scripted.behave(slow)
    connector, tasks = watched(scripted, 12)
    ServerState.objects.create(connector=connector, at_once=2)
    until(lambda: not TrackedTask.objects.filter(polls=0).exists(), [Poller(), Poller()])
    assert most[0] <= 2
    assert not TrackedTask.objects.filter(busy_until__isnull=False).exists()
    assert len(tasks) == 12


def test_no_more_a_second_than_its_connector_allows(scripted: ScriptedServer) -> None:
    connector, _tasks = watched(scripted, 30)
    ServerState.objects.create(connector=connector, per_second=4, tokens=4, tokens_at=database_now())
    assert [len(take()), len(take())] == [4, 0]
    ServerState.objects.update(tokens_at=database_now() - timedelta(seconds=0.6))
    assert len(take()) == 2
    ServerState.objects.update(per_second=0.1, tokens=0, tokens_at=database_now() - timedelta(seconds=9))
    assert take() == []
    ServerState.objects.update(tokens_at=database_now() - timedelta(seconds=60))
    assert len(take()) == 1, "what was not used is not saved up"


def test_the_breaker_opens_lets_one_try_and_closes(scripted: ScriptedServer) -> None:
    connector, _tasks = watched(scripted, 10)
    poller = Poller()
    scripted.behave(server.server_error())
    for _ in range(servers.OPENS_AFTER):
        due_now()
        poller.tick()
    found = state_of(connector)
    assert (found.failures >= servers.OPENS_AFTER, found.reason[:20]) == (True, "The server is not ab")
    assert found.open_until is not None
    assert found.open_until > database_now()
    asked = len(scripted.requests)
    due_now()
    poller.tick()
    assert len(scripted.requests) == asked, "it is left alone"
    ServerState.objects.update(open_until=database_now())
    poller.tick(), Poller().tick()
    assert len(scripted.requests) == asked + 1, "one tries, for all workers"
    longer = state_of(connector)
    assert longer.open_until is not None
    assert longer.open_until - database_now() > timedelta(seconds=6), "it failed again, so it is left alone for longer"
    scripted.behave(server.task())
    ServerState.objects.update(open_until=database_now())
    due_now()
    until(lambda: state_of(connector).failures == 0, [poller])
    assert (state_of(connector).open_until, state_of(connector).opened_at) == (None, None)
    assert state_of(connector).closed_at is not None
    until(lambda: not TrackedTask.objects.filter(misses__gt=0).exists(), [poller])


def test_what_one_task_is_told_to_wait_holds_for_all_of_its_server(scripted: ScriptedServer) -> None:
    connector, _tasks = watched(scripted, 1)
    scripted.behave(server.slow_down("40"))
    poller = Poller()
    poller.tick()
    world.adopt(connector, "another")
    asked = len(scripted.requests)
    poller.tick()
    assert len(scripted.requests) == asked
    held = state_of(connector).open_until
    assert held is not None
    assert timedelta(seconds=30) < held - database_now() <= timedelta(seconds=40)


def test_a_server_that_is_well_has_no_row_and_others_are_not_touched(scripted: ScriptedServer) -> None:
    watched(scripted, 3)
    Poller().tick()
    assert not ServerState.objects.exists()
    with ScriptedServer() as other:
        bad, _ = watched(other, 1)
        other.behave(server.hang_up)
        due_now()
        Poller().tick()
        assert list(ServerState.objects.values_list("connector_id", flat=True)) == [bad.pk]


def test_limits_are_part_of_the_document() -> None:
    apply_connector(runtime_tool_document("crm-lookup", {"runtime_tool.limits": {"at_once": 2, "per_second": 0.5}}))
    found = ServerState.objects.get(connector__key="crm-lookup")
    assert (found.at_once, found.per_second) == (2, 0.5)
    apply_connector(runtime_tool_document("crm-lookup", {"facets.version.number": "1.0.1"}))
    found.refresh_from_db()
    assert (found.at_once, found.per_second) == (None, None)


@pytest.mark.parametrize("told", [[], [servers.Told(0, False)], [servers.Told(0, False, 5.0, "a\0b")]])
def test_what_is_told_again_and_again_is_taken(told: list[servers.Told], scripted: ScriptedServer) -> None:
    connector, _ = watched(scripted, 0)
    mine = [servers.Told(connector.pk, one.answered, one.wait, one.reason) for one in told]
    for _ in range(3):
        servers.tell(mine)
    assert ServerState.objects.filter(failures=3 * len(mine)).exists() == bool(mine)


def asked_to_wait(connector: Connector) -> None:
    servers.tell([servers.Told(connector.pk, False, 40.0, "Wait.")])


@pytest.mark.parametrize("late", [[servers.Told(0, False)] * 6, [servers.Told(0, True)], [servers.Told(0, False, 2.0)]])
def test_what_comes_late_does_not_shorten_what_the_server_asked_for(
    late: list[servers.Told], scripted: ScriptedServer
) -> None:
    connector, _ = watched(scripted, 1)
    asked_to_wait(connector)
    servers.tell([servers.Told(connector.pk, one.answered, one.wait) for one in late])
    held = state_of(connector).open_until
    assert held is not None
    assert held - database_now() > timedelta(seconds=35)
    assert take() == []


def test_once_it_has_waited_an_answer_closes_it(scripted: ScriptedServer) -> None:
    connector, _ = watched(scripted, 1)
    asked_to_wait(connector)
    ServerState.objects.update(**{name: database_now() for name in ("open_until", "asked_until")})
    Poller().tick()
    assert (state_of(connector).open_until, state_of(connector).opened_at) == (None, None)
