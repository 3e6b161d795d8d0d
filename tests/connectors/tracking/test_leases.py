"""Claims are leases: what is out is not taken twice, what is stale is dropped, what is poisoned is set aside."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.mcp.observation import Kind, Observation, StartKind, StartOutcome
from connectors.models import Connector, TaskState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import claim, exchange, observe, recording, service
from connectors.tracking.change import Change, Held
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from tests.connectors.tracking import world
from tests.servers.scripted import ScriptedServer, hang_up, task

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:9/mcp"


def take(most: int = 100, room: int = 100, **rooms: int) -> list[Held]:
    return claim.claim(room=room, rooms={int(key[1:]): value for key, value in rooms.items()}, most=most, after=0)[1]


def take_of(connector: Connector) -> list[Held]:
    return [held for held in take() if held.connector_id == connector.pk]


def seen(held: Held, **told: Any) -> Change:
    told = {"remote_status": "working", "task_id": held.remote_task_id} | told
    return observe.looked(held, Observation(Kind.SEEN, **told), None, at=database_now(), spread=0)


def watched(of: Connector, number: int = 1) -> list[TrackedTask]:
    return [world.adopt(of, f"r-{n}") for n in range(number)]


def test_what_is_out_is_not_taken_again_before_its_lease_ends() -> None:
    connector = world.connector(NOWHERE)
    (task,) = watched(connector)
    (held,) = take_of(connector)
    assert held.id == task.pk
    assert take_of(connector) == []
    world.due(task)
    (again,) = take_of(connector)
    assert again.lease == held.lease + 1


def test_an_answer_of_an_older_lease_is_dropped() -> None:
    connector = world.connector(NOWHERE)
    (task,) = watched(connector)
    (held,) = take_of(connector)
    world.due(task)
    (newer,) = take_of(connector)
    assert recording.record([seen(held, remote_status="completed")]).rows == 0
    assert world.again(task).open
    assert recording.record([seen(newer)]).rows == 1


def test_the_same_answer_recorded_twice_counts_once() -> None:
    connector = world.connector(NOWHERE)
    (task,) = watched(connector)
    (held,) = take_of(connector)
    change = seen(held)
    assert recording.record([change]).rows == 1
    assert recording.record([change]).rows == 0
    assert world.again(task).polls == 1


def test_each_connector_gives_only_as_many_as_there_is_room_for() -> None:
    full, some, free = (world.connector(NOWHERE) for _ in range(3))
    for connector in (full, some, free):
        watched(connector, 5)
    now, held = claim.claim(room=4, rooms={full.pk: 0, some.pk: 2}, most=100, after=0)
    assert now is not None
    counts = [sum(task.connector_id == of.pk for task in held) for of in (full, some, free)]
    assert counts == [0, 2, 4]


def test_connectors_take_turns_where_the_total_is_short() -> None:
    first, second = world.connector(NOWHERE), world.connector(NOWHERE)
    for connector in (first, second):
        watched(connector, 3)
    assert {held.connector_id for held in claim.claim(room=2, rooms={}, most=2, after=0)[1]} == {first.pk}
    assert {held.connector_id for held in claim.claim(room=2, rooms={}, most=2, after=first.pk)[1]} == {second.pk}


def test_a_cancelling_between_the_claim_and_the_answer_is_not_overwritten() -> None:
    connector = world.connector(NOWHERE)
    (task,) = watched(connector)
    (held,) = take_of(connector)
    service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    recording.record([seen(held)])
    assert world.again(task).state == TaskState.CANCEL_REQUESTED


def test_a_cancelling_while_the_call_is_out_keeps_the_answer_and_the_wish() -> None:
    connector = world.connector(NOWHERE)
    task = world.start(connector)
    (held,) = take_of(connector)
    asked = service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    assert asked.open, "the call may be running by now"
    outcome = StartOutcome(StartKind.TASK, task=Observation(Kind.SEEN, task_id="r-1", remote_status="working"))
    recording.record([observe.started(held, outcome, idempotent=False, at=database_now(), spread=0)])
    found = world.again(task)
    assert (found.state, found.remote_task_id) == (TaskState.CANCEL_REQUESTED, "r-1")
    assert found.stall_clock is None
    world.due(found)
    assert take_of(connector)[0].to_cancel


def test_a_clock_that_a_sweep_has_judged_stays_judged_until_there_is_a_reason() -> None:
    connector = world.connector(NOWHERE)
    (task,) = watched(connector)
    recording.record([seen(take_of(connector)[0])])
    TrackedTask.objects.filter(pk=task.pk).update(
        stall_clock=None, deadline_clock=None, judge_at=None, next_poll_at=database_now()
    )
    recording.record([seen(take_of(connector)[0])])
    found = world.again(task)
    assert (found.stall_clock, found.deadline_clock, found.judge_at) == (None, None, None)
    world.due(task)
    recording.record([seen(take_of(connector)[0], status_message="Half of it.")])
    found = world.again(task)
    assert found.stall_clock is not None
    assert found.judge_at is not None, "the stall is over: somebody must look at its incident"
    assert found.deadline_clock is None


def test_sight_after_blindness_is_to_be_judged() -> None:
    connector = world.connector(NOWHERE)
    (task,) = watched(connector)
    recording.record([seen(take_of(connector)[0])])
    TrackedTask.objects.filter(pk=task.pk).update(blind_clock=None, judge_at=None, next_poll_at=database_now())
    recording.record([seen(take_of(connector)[0])])
    found = world.again(task)
    assert found.blind_clock is not None
    assert found.judge_at is not None


def test_one_answer_that_cannot_be_recorded_is_set_aside_and_stops_no_other() -> None:
    connector = world.connector(NOWHERE)
    tasks = watched(connector, 9)
    changes = [seen(held, status_message="Half of it.") for held in take_of(connector)]
    changes[4].columns["remote_status"] = "x" * 61
    changes[7].columns["status_message"] = "\udc00"
    recorded = recording.record(changes)
    assert (recorded.rows, recorded.set_aside) == (7, 2)
    aside = list(TrackedTask.objects.filter(pk__in=[task.pk for task in tasks], trouble_kind="set_aside"))
    assert {task.pk for task in aside} == {changes[4].held.id, changes[7].held.id}
    for one in aside:
        assert one.next_poll_at is not None
        assert timedelta(minutes=4) < one.next_poll_at - database_now() < timedelta(minutes=6)


def test_the_end_of_a_task_leaves_one_audit_line_and_one_line_of_its_timeline() -> None:
    connector = world.connector(NOWHERE)
    (task,) = watched(connector)
    recording.record([seen(take_of(connector)[0], remote_status="completed", result={"ok": True})])
    found = world.again(task)
    assert found.state == TaskState.COMPLETED
    assert found.result == {"ok": True}
    assert AuditLine.objects.filter(object_key=task.human_id, action="task.completed").count() == 1
    assert found.observations.filter(what="ended").count() == 1


def test_a_start_whose_worker_vanished_is_unknown_and_not_sent_again(scripted: ScriptedServer) -> None:
    connector = world.connector(scripted.url)
    task = world.start(connector)
    take_of(connector)  # and then it is gone
    world.due(task)
    Poller().tick()
    assert world.again(task).state == TaskState.START_UNKNOWN
    assert scripted.requests == []


def test_a_start_whose_worker_vanished_is_sent_again_under_its_key_where_the_connector_declares_so(
    scripted: ScriptedServer,
) -> None:
    facet = {"location": "header", "name": "Idempotency-Key", "derivation": "d", "dedupe_window_seconds": 60}
    connector = world.connector(scripted.url, idempotency_key=facet)
    scripted.script([hang_up, task()])
    started = world.start(connector)
    poller = Poller()
    poller.tick()
    found = world.again(started)
    assert (found.state, found.misses) == (TaskState.STARTING, 1), "the answer was lost"
    world.due(found)
    poller.tick()
    assert world.again(started).state == TaskState.WORKING
    keys = [request.headers["idempotency-key"] for request in scripted.requests[:2]]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 64


def test_a_lost_answer_without_a_key_is_an_unknown_start(scripted: ScriptedServer) -> None:
    scripted.behave(hang_up)
    task = world.start(world.connector(scripted.url))
    Poller().tick()
    found = world.again(task)
    assert (found.state, found.next_poll_at) == (TaskState.START_UNKNOWN, None)
    assert found.start_clock is not None, "its start is still awaited"
    assert len(scripted.requests) == 1


def test_a_server_that_refuses_connections_is_tried_again_since_nothing_was_sent(closed_port: int) -> None:
    task = world.start(world.connector(f"http://127.0.0.1:{closed_port}/mcp"))
    Poller().tick()
    found = world.again(task)
    assert (found.state, found.trouble_kind, found.misses) == (TaskState.STARTING, "unavailable", 1)
    assert found.start_attempted_at is None


def test_a_deadline_that_passed_before_the_call_ends_the_task_unsent(scripted: ScriptedServer) -> None:
    task = world.start(world.connector(scripted.url))
    TrackedTask.objects.filter(pk=task.pk).update(deadline_at=database_now() - timedelta(seconds=1))
    Poller().tick()
    assert world.again(task).state == TaskState.NOT_STARTED
    assert scripted.requests == []


def test_an_exchange_begins_only_while_its_lease_outlasts_it() -> None:
    assert exchange.LOOK_BEGINS_WITHIN + 2 * exchange.LOOK.total < claim.LOOK_LEASE_SECONDS
    assert exchange.START_BEGINS_WITHIN + exchange.MOST_START_SECONDS < claim.START_LEASE_SECONDS


def test_a_claimed_task_that_was_not_asked_about_in_time_is_given_back_as_it_was() -> None:
    connector = world.connector(NOWHERE)
    task = world.start(connector)
    (held,) = take_of(connector)
    recording.record([observe.released(held, at=database_now())])
    found = world.again(task)
    assert found.start_attempted_at is None
    assert found.state == TaskState.STARTING
    assert replace(held, lease=0).to_start
