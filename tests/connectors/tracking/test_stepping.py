"""The pace of looks survives a clock that steps."""

from datetime import timedelta

import pytest

from connectors.mcp.observation import Kind, Observation
from connectors.models import ServerState, TrackedTask
from connectors.tracking import claim, observe, recording, stepping
from connectors.tracking.stepping import Pace
from portal.operations.models import Heartbeat
from portal.operations.services import database_now
from tests.connectors.tracking import world

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:9/mcp"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def looked_at(ago: timedelta, **columns: object) -> TrackedTask:
    """A task that was looked at so long ago, to be looked at again a minute after that."""
    task, now = world.adopt(world.connector(NOWHERE), f"r-{world.number()}"), database_now()
    then = now - ago
    told: dict[str, object] = {
        "polled_at": then, "next_poll_at": then + MINUTE, "last_seen_at": then, "last_change_at": then, "busy_until": then,
        "blind_clock": then + 2 * MINUTE, "stall_at": then + 5 * MINUTE, "stall_clock": then + 5 * MINUTE,
    }  # fmt: skip
    TrackedTask.objects.filter(pk=task.pk).update(**(told | columns))
    return world.again(task)


def ahead(task: TrackedTask, name: str = "next_poll_at") -> float:
    """Seconds until an instant of a task."""
    return float((getattr(world.again(task), name) - database_now()).total_seconds())


def test_put_forward_a_task_is_looked_at_when_its_interval_is_over_and_only_once_however_many_notice() -> None:
    # The clock has gone forward by an hour just now: what was a moment ago is an hour ago.
    task = looked_at(HOUR + timedelta(seconds=10))
    before = database_now() - HOUR
    assert ahead(task) < 0, "due at once"
    assert [stepping.forward(before, HOUR) for _worker in range(3)] == [True, False, False]
    assert 45 < ahead(task) <= 50
    assert 100 < ahead(task, "blind_clock") <= 110, "nobody failed to see it"
    assert -20 < ahead(task, "last_seen_at") < 0
    assert ahead(task, "last_change_at") < -3600, "how long nothing changed is as the clock says"
    assert ahead(task, "polled_at") > -20


def test_what_reports_by_itself_is_not_out_of_sight_either() -> None:
    task = looked_at(HOUR, polled_at=None, next_poll_at=None)
    assert stepping.forward(database_now() - HOUR, HOUR)
    assert 100 < ahead(task, "blind_clock") <= 120


def test_what_nobody_has_asked_about_yet_may_be_asked_about_at_once() -> None:
    task = looked_at(HOUR, polled_at=None)
    due = ahead(task)
    assert stepping.forward(database_now() - HOUR, HOUR)
    assert abs(ahead(task) - due) < 5


def test_forward_and_back_leaves_all_as_it_was() -> None:
    task = looked_at(timedelta(seconds=10))
    names = ("next_poll_at", "polled_at", "busy_until", "last_seen_at", "blind_clock", "stall_clock", "last_change_at")
    before = [getattr(task, name) for name in names]
    # The clock cannot be stepped here: the step back is followed by the same amount by hand.
    assert stepping.forward(database_now(), HOUR)
    assert stepping.backward() == 1
    after = [getattr(world.again(task), name) for name in names]
    assert [abs((one - two).total_seconds()) < 15 for one, two in zip(before, after, strict=True)] == [True] * len(
        names
    )


def test_what_was_looked_at_since_the_step_stays() -> None:
    task = looked_at(timedelta(0))
    assert stepping.forward(database_now() - HOUR, HOUR)
    assert 50 < ahead(task) <= 60


def test_forward_and_back_and_forward_again_is_followed_each_time() -> None:
    task = looked_at(HOUR)
    assert stepping.forward(database_now() - HOUR, HOUR)
    assert not stepping.forward(database_now() - HOUR, HOUR)
    assert stepping.forward(database_now() - 2 * HOUR, 2 * HOUR), "another step"
    assert ahead(task) > 0
    # Back again: what was noted of the step lies ahead now.
    Heartbeat.objects.filter(name=stepping.NAME).update(at=database_now() + 2 * HOUR)
    stepping.backward()
    assert stepping.forward(database_now() - 2 * HOUR, 2 * HOUR)


def test_put_back_a_task_is_not_out_of_sight_until_the_clock_has_caught_up() -> None:
    task = looked_at(-HOUR)
    assert ahead(task) > 3600
    assert stepping.backward() == 1
    assert 50 < ahead(task) <= 60
    assert -10 < ahead(task, "last_seen_at") <= 0
    assert 100 < ahead(task, "blind_clock") <= 120
    assert 290 < ahead(task, "stall_clock") <= 300
    assert stepping.backward() == 0, "nothing is left of it"


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_an_answer_from_before_a_step_is_recorded_with_its_interval(by: timedelta) -> None:
    task = looked_at(timedelta(seconds=90), deadline_at=database_now() + 24 * HOUR)
    held, then = claim.hold(task.pk), database_now() - by
    seen = Observation(Kind.SEEN, "", task.remote_task_id, "working", poll_interval_ms=60_000)
    recording.record([observe.looked(held, seen, None, at=then, spread=0)])
    assert 55 < ahead(task) <= 80
    assert abs(ahead(task, "last_seen_at")) < 20
    assert 100 < ahead(task, "blind_clock") < 160
    # Whoever follows the step only now does not move it once more.
    stepping.forward(database_now() - HOUR, HOUR)
    stepping.backward()
    assert 55 < ahead(task) <= 80


def test_what_was_to_be_judged_at_once_is_judged_at_once() -> None:
    task = looked_at(-HOUR, judge_at=database_now() + HOUR)
    stepping.backward()
    assert ahead(task, "judge_at") <= 0


def test_put_back_all_keep_the_distance_that_they_had() -> None:
    tasks = [looked_at(-HOUR + timedelta(seconds=ago)) for ago in (0, 20, 40)]
    assert stepping.backward() == 3
    assert [round(ahead(task) / 10) * 10 for task in tasks] == [60, 40, 20]


def test_what_a_server_asked_for_goes_with_the_clock() -> None:
    connector = world.connector(NOWHERE)
    now = database_now() + HOUR
    ServerState.objects.create(
        connector=connector,
        opened_at=now,
        open_until=now + MINUTE,
        asked_until=now + MINUTE,
        per_second=5,
        tokens_at=now,
    )
    stepping.backward()
    state = ServerState.objects.get(connector=connector)
    assert state.open_until is not None
    assert state.asked_until == state.open_until
    assert 50 < (state.open_until - database_now()).total_seconds() <= 60
    assert state.tokens_at is not None
    assert state.tokens_at <= database_now()
    assert stepping.forward(database_now(), HOUR)
    again = ServerState.objects.get(connector=connector)
    assert again.open_until == state.open_until + HOUR


def test_a_server_that_is_left_alone_only_since_a_step_is_not_left_alone_for_longer() -> None:
    connector, now = world.connector(NOWHERE), database_now()
    ServerState.objects.create(connector=connector, opened_at=now, open_until=now + MINUTE, tokens_at=now, per_second=5)
    assert stepping.forward(now - HOUR, HOUR)
    state = ServerState.objects.get(connector=connector)
    assert (state.open_until, state.tokens_at) == (now + MINUTE, now)


def test_a_worker_notices_by_its_own_clock() -> None:
    pace, now = Pace(), database_now()
    assert pace.expected(5.0) is None
    assert pace.read(now, 5.0), "at first it cannot know"
    assert pace.expected(7.5) == now + timedelta(seconds=2.5)
    assert not pace.read(now + timedelta(seconds=12), 7.0), "so much may be waiting"
    assert not pace.read(now + timedelta(seconds=13), 8.0)
    assert pace.read(now + HOUR, 9.0)
    assert pace.read(now, 10.0)


def test_nothing_is_taken_while_the_clock_is_not_the_expected_one() -> None:
    looked_at(HOUR)
    told = {"room": 8, "rooms": {}, "most": 8, "after": 0}
    assert claim.claim(**told, expected=database_now() - HOUR)[1] == []
    assert claim.claim(**told, expected=database_now() + HOUR)[1] == []
    assert len(claim.claim(**told, expected=database_now())[1]) == 1


def test_whoever_dies_with_a_task_leaves_its_server_the_interval_it_asked_for() -> None:
    slow = looked_at(HOUR, poll_interval_ms=240_000)
    quick = looked_at(HOUR, poll_interval_ms=1000)
    close = looked_at(HOUR, poll_interval_ms=10**9, deadline_at=database_now() + timedelta(seconds=100))
    over = looked_at(HOUR, poll_interval_ms=10**9, deadline_at=database_now() - MINUTE)
    assert len(claim.claim(room=8, rooms={}, most=8, after=0)[1]) == 4
    assert [round(ahead(one) / 10) * 10 for one in (slow, quick, close, over)] == [240, 30, 100, 3600]
