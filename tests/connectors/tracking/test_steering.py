"""What people do about the clocks of one task: extend, pause, close."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.mcp.observation import Kind
from connectors.mcp.observation import Observation as Seen
from connectors.models import Observation, TaskState, TrackedTask
from connectors.tracking import claim, observe, recording, service, steering
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.roles import ActorType, Role
from severity import sweep
from severity.models import Incident
from tests.connectors.tracking import world
from tests.severity.slipping import AHEAD, PASSED, end, running

pytestmark = pytest.mark.django_db
CLOCKS = ("start", "deadline", "stall", "input", "blind", "cancel")


def act(what: Any, task: TrackedTask, **told: Any) -> TrackedTask:
    who = told.pop("actor", None) or world.person()
    done: TrackedTask = what(actor=who, task_id=task.pk, now=database_now(), **{"reason": "Month end."} | told)
    return world.again(done)


def resume(task: TrackedTask) -> TrackedTask:
    return world.again(steering.resume(actor=world.person(), task_id=task.pk, now=database_now()))


def clocks(task: TrackedTask) -> dict[str, Any]:
    return {clock: getattr(task, f"{clock}_clock") for clock in CLOCKS}


def test_a_missed_deadline_that_is_extended_is_kept_again_and_a_second_miss_is_a_slip_of_its_own() -> None:
    task = running(deadline=PASSED)
    sweep.tick()
    first = Incident.objects.get(task=task)
    extended = act(steering.extend, task, seconds=600)
    assert extended.deadline_at == extended.deadline_clock == task.deadline_at + timedelta(seconds=600)
    sweep.tick()
    first.refresh_from_db()
    assert first.state == "resolved"
    TrackedTask.objects.filter(pk=task.pk).update(deadline_at=database_now(), deadline_clock=database_now())
    sweep.tick()
    assert Incident.objects.filter(task=task, rule="deadline").count() == 2
    assert list(Observation.objects.filter(task=task).values_list("what", flat=True))[-1] == "extended"
    line = AuditLine.objects.get(action="task.extended")
    assert (line.actor_name, "Month end." in line.detail) == ("amal", True)


def test_it_is_extended_once_and_by_enough() -> None:
    task = running(deadline=timedelta(hours=-2))
    with pytest.raises(Invalid) as refused:
        act(steering.extend, task, seconds=600)
    assert refused.value.problems[0].code == "still_late"
    act(steering.extend, task, seconds=3 * 3600)
    with pytest.raises(Conflict, match="once"):
        act(steering.extend, task, seconds=600)


@pytest.mark.parametrize("seconds", [0, -1, 90 * 86400 + 1, True])
def test_an_extension_out_of_bounds_is_refused(seconds: Any) -> None:
    with pytest.raises(Invalid):
        act(steering.extend, running(deadline=AHEAD), seconds=seconds)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\0b"])
@pytest.mark.parametrize("what", ["extend", "close", "pause"])
def test_a_reason_is_needed(what: str, reason: str) -> None:
    told = {"extend": {"seconds": 60}, "close": {}, "pause": {"until": database_now() + timedelta(hours=1)}}[what]
    with pytest.raises(Invalid) as refused:
        act(getattr(steering, what), running(deadline=AHEAD), reason=reason, **told)
    assert refused.value.problems[0].path == "reason"


def test_a_pause_moves_what_runs_and_its_end_moves_it_back() -> None:
    task = running(deadline=AHEAD, stall=AHEAD, blind=PASSED)
    until = database_now() + timedelta(minutes=10)
    paused = act(steering.pause, task, until=until)
    moved = {
        name: at - before
        for (name, at), before in zip(clocks(paused).items(), clocks(task).values(), strict=True)
        if at
    }
    assert moved.pop("blind") == timedelta(), "what has passed has passed"
    assert set(moved) == {"deadline", "stall"}
    assert all(abs(by - timedelta(minutes=10)) < timedelta(seconds=5) for by in moved.values())
    assert paused.deadline_at == paused.deadline_clock
    again = act(steering.pause, paused, until=until + timedelta(minutes=5))
    assert again.deadline_at - paused.deadline_at == timedelta(minutes=5)
    back = resume(again)
    assert abs(back.deadline_at - task.deadline_at) < timedelta(seconds=5)
    assert (back.paused_until, back.pause_reason) == (None, "")
    with pytest.raises(Conflict):
        resume(back)


def test_a_pause_is_not_made_shorter_by_another() -> None:
    task = act(steering.pause, running(deadline=AHEAD), until=database_now() + timedelta(hours=2))
    with pytest.raises(Invalid, match="resume"):
        act(steering.pause, task, until=database_now() + timedelta(hours=1))


@pytest.mark.parametrize("ahead", [timedelta(seconds=-1), timedelta(days=91)])
def test_a_pause_has_an_end_within_bounds(ahead: timedelta) -> None:
    with pytest.raises(Invalid):
        act(steering.pause, running(deadline=AHEAD), until=database_now() + ahead)


def test_what_is_seen_in_a_pause_arms_clocks_from_its_end() -> None:
    task = running(deadline=AHEAD)
    TrackedTask.objects.filter(pk=task.pk).update(remote_task_id="r-1", next_poll_at=database_now())
    _, (held,) = claim.claim(room=1, rooms={}, most=1, after=0)
    until = database_now() + timedelta(hours=3)
    act(steering.pause, task, until=until)
    seen = Seen(Kind.SEEN, task_id="r-1", remote_status="working", status_message="Half.")
    assert recording.record([observe.looked(held, seen, None, at=database_now(), spread=0)]).rows == 1
    task = world.again(task)
    stall, blind = timedelta(seconds=task.stall_seconds), timedelta(seconds=task.blind_seconds)
    for at, window in ((task.stall_clock, stall), (task.stall_at, stall), (task.blind_clock, blind)):
        assert at is not None
        assert abs(at - until - window) < timedelta(seconds=1)


def test_what_nobody_can_see_is_closed_as_unknown_and_its_incidents_end() -> None:
    task = running(blind=PASSED)
    sweep.tick()
    with pytest.raises(Conflict, match="cancel"):
        act(steering.close, task)
    TrackedTask.objects.filter(pk=task.pk).update(last_seen_at=database_now() - timedelta(days=1))
    closed = act(steering.close, task)
    assert (closed.state, closed.open, set(clocks(closed).values())) == (TaskState.CLOSED, False, {None})
    sweep.tick()
    assert {one.state for one in Incident.objects.filter(task=task)} == {"resolved"}
    with pytest.raises(Conflict):
        act(steering.close, closed)


def test_a_start_that_nobody_knows_of_is_closed_and_a_late_answer_changes_nothing() -> None:
    task = running(deadline=AHEAD)
    TrackedTask.objects.filter(pk=task.pk).update(remote_task_id="r-1", next_poll_at=database_now())
    _, (held,) = claim.claim(room=1, rooms={}, most=1, after=0)
    TrackedTask.objects.filter(pk=task.pk).update(trouble_kind="unavailable")
    act(steering.close, task)
    seen = Seen(Kind.SEEN, task_id="r-1", remote_status="completed")
    assert recording.record([observe.looked(held, seen, None, at=database_now(), spread=0)]).rows == 0
    assert world.again(task).state == TaskState.CLOSED


def test_only_people_of_the_roles_that_may_move_clocks() -> None:
    task = running(deadline=AHEAD)
    user = world.person().user
    assert user is not None
    for who in (world.person("viewer", Role.VIEWER), Actor.of(user, actor_type=ActorType.EXECUTOR_SYSTEM)):
        with pytest.raises(Forbidden):
            act(steering.extend, task, seconds=60, actor=who)
        with pytest.raises(Forbidden):
            steering.resume(actor=who, task_id=task.pk, now=database_now())


def test_an_ended_or_unknown_task_is_told_as_such() -> None:
    task = running(deadline=AHEAD)
    end(task)
    with pytest.raises(Conflict, match="ended"):
        act(steering.extend, task, seconds=60)
    with pytest.raises(Missing):
        steering.extend(actor=world.person(), task_id=2**62, seconds=60, reason="x", now=database_now())


def test_cancelling_in_a_pause_gives_the_grace_from_its_end() -> None:
    task = running(deadline=AHEAD)
    TrackedTask.objects.filter(pk=task.pk).update(remote_task_id="r-1")
    until = database_now() + timedelta(hours=1)
    act(steering.pause, task, until=until)
    cancelled = service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    assert cancelled.cancel_clock == until + timedelta(seconds=cancelled.cancel_seconds)
