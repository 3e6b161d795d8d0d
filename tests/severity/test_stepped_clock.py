"""A step of the database's clock judges nobody by itself."""

import time
from datetime import timedelta

import pytest

from portal.operations.models import Heartbeat
from portal.operations.services import database_now
from portal.operations.ticks import Held, Tick
from severity import reconcile, statements, sweep
from severity.clock_guard import ClockGuard
from severity.models import Incident
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.usefixtures("committed")
HOUR = timedelta(hours=1)


def as_if_stepped(monkeypatch: pytest.MonkeyPatch, by: timedelta = HOUR) -> ClockGuard:
    """This process last looked a moment ago, when the clock said something else; so did every other."""
    guard = ClockGuard(hold=0.3)
    guard.steady(time.monotonic(), database_now() - by)
    monkeypatch.setattr(sweep, "_guard", guard)
    Heartbeat.objects.update_or_create(name=sweep.HEARTBEAT, defaults={"at": database_now() - by})
    return guard


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_after_a_step_judgement_waits_and_then_takes_it_for_the_truth(by: timedelta) -> None:
    guard, now = ClockGuard(), database_now()
    assert guard.steady(0.0, now)
    assert guard.steady(2.0, now + timedelta(seconds=2))
    assert guard.steady(4.0, now + timedelta(seconds=12)), "a process may have been waiting"
    assert not guard.agrees(5.0, now + by)
    assert not guard.steady(6.0, now + by)
    assert not guard.agrees(7.0, now + by + timedelta(seconds=1)), "it holds still"
    assert not guard.steady(15.9, now + by + timedelta(seconds=10))
    assert guard.steady(16.0, now + by + timedelta(seconds=10))
    assert guard.agrees(17.0, now + by + timedelta(seconds=11))


def test_while_it_waits_it_gives_no_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    as_if_stepped(monkeypatch)
    before = Heartbeat.objects.get(name=sweep.HEARTBEAT).at
    with pytest.raises(Held):
        sweep.tick()
    assert not Tick("severity.sweep.tick", 2.0).run()
    assert Heartbeat.objects.get(name=sweep.HEARTBEAT).at == before
    with pytest.raises(Held):
        reconcile.tick()


def test_nothing_is_out_of_sight_because_the_clock_went_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = running(blind=PASSED)
    late = running(deadline=PASSED)
    as_if_stepped(monkeypatch)
    for _turn in range(3):
        Tick("severity.sweep.tick", 2.0).run()
    assert not Incident.objects.exists()
    time.sleep(0.35)
    sweep.tick()
    assert list(Incident.objects.values_list("task_id", "rule")) == [(late.pk, "deadline")], "a deadline is a deadline"
    hidden.refresh_from_db()
    assert hidden.blind_clock is not None
    assert hidden.blind_clock > database_now()


def test_a_step_in_the_middle_of_a_sweep_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    running(deadline=PASSED)
    as_if_stepped(monkeypatch)
    with pytest.raises(Held):
        sweep.drain(statements.SLIPS)
    assert not Incident.objects.exists()
