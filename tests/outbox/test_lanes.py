"""No receiver delays another, none is asked in vain again and again, and workers share the lanes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from portal.operations.models import Heartbeat
from portal.operations.services import database_now
from portal.operations.ticks import Tick, Ticker
from portal.outbound.client import Timeouts
from portal.outbox import delivery, lanes, senders
from portal.outbox.models import Delivery, Lane
from portal.outbox.rules import GIVE_UP_DAYS, Outcome
from tests.database import address, looking_again
from tests.outbox.notices import endpoint, notice, pauses_pass
from tests.outbox.receivers import Receiver

Receivers = Callable[[], Receiver]
_TICK = "import django; django.setup(); from portal.outbox import delivery; delivery.tick()"


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "TIMEOUTS", Timeouts(connect=3, read=3, total=3))


def _worker() -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORTAL_MODE": "test",
        "DATABASE_URL": address(),
    }
    return subprocess.Popen([sys.executable, "-c", _TICK], env=environment)


@pytest.mark.django_db
@pytest.mark.usefixtures("_short")
def test_healthy_receivers_get_everything_in_two_seconds_while_others_hang(receivers: Receivers) -> None:
    healthy = receivers()
    endpoint("healthy", healthy.url)
    for number in range(delivery.FAILING_SENDERS + 2):
        hanging = receivers()
        hanging.hang = True
        endpoint(f"hanging-{number}", hanging.url)
        notice(f"hanging-{number}", 1)
        notice(f"hanging-{number}", 2)
    for number in range(20):
        notice("healthy", number)
    begun = time.monotonic()
    counts = delivery.tick()
    assert len(healthy.arrived) == 20
    assert max(healthy.arrived) - begun < 2
    assert 2.5 < time.monotonic() - begun < 5
    assert counts == {"expanded": 32, "sent": 20, "failed": 6}


@pytest.mark.usefixtures("committed", "_short")
def test_what_comes_while_a_receiver_hangs_goes_out_at_once(receivers: Receivers) -> None:
    healthy, hanging = receivers(), receivers()
    hanging.hang = True
    endpoint("healthy", healthy.url)
    endpoint("hanging", hanging.url)
    notice("hanging")

    def work() -> None:
        try:
            delivery.tick()
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while not hanging.arrived:
            time.sleep(0.02)
        notice("healthy")
        published = time.monotonic()
        while not healthy.arrived and time.monotonic() < published + 5:
            time.sleep(0.02)
        assert healthy.arrived[0] - published < 1
        assert Delivery.objects.get(receiver="hanging").last_error == ""
    finally:
        thread.join()


@pytest.mark.django_db
@pytest.mark.usefixtures("_short")
def test_lanes_that_failed_before_never_take_all_threads(receivers: Receivers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "SENDERS", 3)
    monkeypatch.setattr(delivery, "FAILING_SENDERS", 2)
    healthy, hanging = receivers(), receivers()
    hanging.hang = True
    for number in range(4):
        endpoint(f"hanging-{number}", hanging.url)
        notice(f"hanging-{number}")
    endpoint("healthy", healthy.url)
    notice("healthy")
    lanes.expand()
    Lane.objects.filter(name__startswith="webhook:hanging").update(failures=1)
    begun = time.monotonic()
    delivery.tick()
    assert healthy.arrived[0] - begun < 1
    # A third comes when one of the two is over: if that was too soon, what it was told says why.
    told = [(at - begun) for at in hanging.arrived], list(Delivery.objects.values_list("receiver", "last_error"))
    assert sum(at - begun < 2 for at in hanging.arrived) == 2, told


@pytest.mark.django_db
@pytest.mark.usefixtures("_short")
def test_a_dead_receiver_is_tried_once_and_the_next_time_after_the_pause(receiver: Receiver) -> None:
    receiver.hang = True
    endpoint("hanging", receiver.url)
    for number in range(5):
        notice("hanging", number)
    delivery.tick()
    delivery.tick()
    assert len(receiver.received) == 1
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]
    lane = Lane.objects.get()
    assert 5 < (lane.open_at - database_now()).total_seconds() < 13
    receiver.hang = False
    pauses_pass()
    delivery.tick()
    assert Delivery.objects.filter(delivered_at__isnull=False).count() == 5
    assert Lane.objects.get().failures == 0


@pytest.mark.django_db
def test_the_pause_of_a_lane_doubles(receiver: Receiver) -> None:
    receiver.status = 500
    endpoint("failing", receiver.url)
    for number in range(3):
        notice("failing", number)
    rests = []
    for _time in range(3):
        pauses_pass()
        delivery.tick()
        rests.append((Lane.objects.get().open_at - database_now()).total_seconds())
    assert [7 < rests[0] < 12.1, 15 < rests[1] < 24.1, 31 < rests[2] < 48.1] == [True] * 3, rests


@pytest.mark.django_db
def test_what_waits_too_long_behind_a_dead_receiver_is_given_up_with_the_reason(receiver: Receiver) -> None:
    receiver.status = 500
    endpoint("failing", receiver.url)
    notice("failing", 1)
    notice("failing", 2)
    lanes.expand()
    old = Delivery.objects.order_by("id")
    Delivery.objects.filter(pk=old[1].pk).update(created_at=database_now() - timedelta(days=GIVE_UP_DAYS, seconds=1))
    delivery.tick()
    assert [one.due_at is None for one in old.all()] == [False, True]
    assert old[1].last_error.startswith(f"Given up: not delivered in {GIVE_UP_DAYS} days. The receiver answered 500")


@pytest.mark.usefixtures("committed")
def test_two_workers_share_the_work_with_one_delivery_per_receiver_in_flight(receivers: Receivers) -> None:
    made = {f"hook-{number}": receivers() for number in range(3)}
    for name, one in made.items():
        one.seconds = 0.05
        endpoint(name, one.url)
        for number in range(15):
            notice(name, number)
    workers = [_worker(), _worker()]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    for one in made.values():
        assert Counter(Counter(one.ids).values()) == {1: 15}
        assert one.most_at_once == 1
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.usefixtures("committed")
def test_a_worker_killed_before_it_could_confirm_sends_the_same_again(receiver: Receiver) -> None:
    endpoint("ops", receiver.url)
    notice("ops")
    worker = _worker()
    receiver.on_request = lambda: os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(60) == -signal.SIGKILL
    row = Delivery.objects.get()
    assert (row.attempts, row.delivered_at) == (1, None)
    delivery.tick()
    assert len(receiver.ids) == 1, "the lease still holds"
    receiver.on_request = lambda: None
    pauses_pass()
    delivery.tick()
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1
    assert Delivery.objects.get().delivered_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("late", [Outcome(), Outcome("Too slow."), Outcome("Gone.", permanent=True)])
def test_a_late_confirmation_does_not_overwrite_a_newer_attempt(receiver: Receiver, late: Outcome) -> None:
    endpoint("ops", receiver.url)
    notice("ops")
    lanes.expand()
    (old,) = lanes.take(1, failing=False)
    first = lanes.lease(old)
    pauses_pass()
    (new,) = lanes.take(1, failing=False)
    second = lanes.lease(new)
    assert (first.pk, first.attempts, second.attempts) == (second.pk, 1, 2)
    before = Delivery.objects.values().get(), Lane.objects.values().get()
    lanes.confirm(old, first.pk, first.attempts, late, later=1, lane_rest=1)
    lanes.release(old)
    assert lanes.lease(old) is None
    assert (Delivery.objects.values().get(), Lane.objects.values().get()) == before


@pytest.mark.django_db
def test_leases_are_longer_than_the_longest_attempt(settings: Any) -> None:
    assert senders.TIMEOUTS.total * 2 < lanes.WEBHOOK_LEASE
    assert settings.EMAIL_TIMEOUT * 12 < lanes.EMAIL_LEASE


@pytest.mark.django_db
def test_lanes_take_turns_when_there_are_more_than_threads(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SENDERS", 1)
    monkeypatch.setattr(delivery, "TURN_SECONDS", 0.2)
    flooded, other = receivers(), receivers()
    flooded.seconds = other.seconds = 0.05
    endpoint("flooded", flooded.url)
    endpoint("other", other.url)
    for number in range(15):
        notice("flooded", number)
    lanes.expand()
    notice("other")
    delivery.tick()
    assert other.arrived[0] < flooded.arrived[8]
    assert len(flooded.arrived) == 15


@pytest.mark.usefixtures("committed")
def test_a_long_delivery_holds_up_no_other_tick(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "TIMEOUTS", Timeouts(connect=1, read=6, total=6))
    receiver.hang = True
    endpoint("hanging", receiver.url)
    notice("hanging")
    ticker = Ticker([Tick("portal.outbox.delivery.tick", 0.2), Tick("severity.sweep.tick", 0.2)])
    ticker.start()
    try:
        while not receiver.arrived:
            time.sleep(0.02)
        at = database_now()
        time.sleep(2.6)
        swept = Heartbeat.objects.get(name="severity.sweep")
        assert (swept.at - at).total_seconds() > 0.5
        assert Delivery.objects.get().last_error == "", "it is still being sent"
        # A delivery that goes on for long is not taken for a dead one.
        assert Heartbeat.objects.get(name="portal.outbox.delivery").at > at
    finally:
        ticker.stop(seconds=10)


@pytest.mark.django_db
def test_no_more_lanes_are_taken_than_asked_for_whatever_the_plan(receivers: Receivers) -> None:
    for number in range(6):
        endpoint(f"one-{number}", receivers().url)
        notice(f"one-{number}")
    lanes.expand()
    looking_again()
    assert len(lanes.take(2, failing=False)) == 2
