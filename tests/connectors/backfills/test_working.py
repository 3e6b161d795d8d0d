"""Parts are handed out under a lease, reported once, tried again; people pause, resume, cancel, retry and verify."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from connectors.backfills import steering, working
from connectors.backfills.progress import progress_of
from connectors.backfills.working import Told
from connectors.models import BackfillLine
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Refusal
from portal.roles import ActorType
from tests.connectors.backfills.world import backfill, claim, job, loaded, part, say, taken
from tests.people import actor, user

pytestmark = pytest.mark.django_db
KEY = "crm-november"


def refused(call: Callable[[], Any]) -> str:
    """The rule by which it is refused."""
    with pytest.raises(Refusal) as found:
        call()
    return found.value.rule


def steer(act: Callable[..., Any], by: str = "amal", **told: Any) -> Any:
    return act(actor=actor(by), key=KEY, now=database_now(), **told)


def test_a_whole_backfill_in_order() -> None:
    backfill()
    first = taken("w1")
    assert (first.number, first.state, first.attempts, first.lease, job().state) == (1, "running", 1, 1, "running")
    assert taken("w2").number == 2
    say(first, rows=7)
    while (found := claim("w1").partition) is not None:
        say(found, rows=100)
    assert job().state == "running"
    again = claim("w1")
    assert (again.partition, again.again) == (None, True)
    say(part(2), rows=1)
    assert job().state == "verifying"
    over = claim("w1")
    assert (over.partition, over.again) == (None, False)
    steer(steering.verify, verification="Row counts of both sides agree: 208.")
    done = job()
    assert (done.state, done.verified_by, done.ended_at is not None) == ("done", "amal", True)
    assert progress_of(done, database_now()).rows == 208


def test_the_same_word_twice_changes_nothing_and_another_is_refused() -> None:
    backfill()
    first = taken()
    say(first, rows=7)
    lines = BackfillLine.objects.count()
    assert say(first, rows=7).rows == 7
    assert BackfillLine.objects.count() == lines
    assert refused(lambda: say(first, rows=8)) == "reported"
    assert refused(lambda: say(first, "failed", rows=7)) == "reported"
    assert refused(lambda: say(first, "running")) == "reported"
    assert part(1).rows == 7


def test_a_lease_that_is_over_is_handed_on_and_who_is_late_is_refused() -> None:
    backfill()
    slow = taken("slow", seconds=60)
    later = database_now() + timedelta(seconds=61)
    other = taken("other", now=later)
    assert (other.number, other.lease, other.attempts) == (1, 2, 2)
    for state in ("running", "done", "failed"):
        assert refused(lambda state=state: say(slow, state, now=later)) == "lease_lost"
    # Another process under the same name is another holder.
    assert refused(lambda: say(slow, worker="other", now=later)) == "lease_lost"
    say(other, rows=5, now=later)
    assert (part(1).worker, part(1).rows) == ("other", 5)
    assert "The lease of slow was over." in job().lines.filter(text__contains="other")[1].text


def test_a_heartbeat_keeps_the_part_and_writes_no_line() -> None:
    backfill()
    held = taken("w1", seconds=60)
    lines, audit = BackfillLine.objects.count(), AuditLine.objects.count()
    later = database_now() + timedelta(seconds=50)
    assert say(held, "running", lease_seconds=60, now=later, rows=3, note="half").lease_until == later + timedelta(
        seconds=60
    )
    assert (BackfillLine.objects.count(), AuditLine.objects.count()) == (lines, audit)
    assert taken("w2", now=later + timedelta(seconds=20)).number == 2
    # One whose lease is over, but whose part nobody has taken, still holds it.
    late = later + timedelta(seconds=3600)
    assert say(held, "running", now=late).lease_until == late + timedelta(seconds=300)


def test_a_part_that_fails_is_tried_five_times_and_then_by_a_person() -> None:
    backfill()
    for attempt in range(1, 6):
        found = taken()
        assert (found.number, found.attempts) == (1, attempt)
        say(found, "failed", note="The source is down.")
        assert job().state == ("failed" if attempt == 5 else "running")
    assert (part(1).state, claim().again) == ("failed", False)
    assert "failed 5 times, the last time: The source is down." in job().reason
    assert say(part(1), "failed").state == "failed"
    assert refused(lambda: steer(steering.resume)) == "state"
    steer(steering.retry, reason="The source is up.", parts=[])
    assert (part(1).state, part(1).attempts, part(1).lease, job().state, job().reason) == (
        "pending",
        0,
        6,
        "running",
        "",
    )
    assert loaded().state == "verifying"


def test_leases_that_run_out_five_times_fail_the_part_too() -> None:
    backfill()
    now = database_now()
    for number in range(5):
        assert taken(f"w{number}", now=now + number * timedelta(hours=1)).number == 1
    assert claim("w9", now=now + timedelta(hours=6)).partition is None
    assert (job().state, part(1).state) == ("failed", "failed")


def test_nothing_is_handed_out_while_it_is_paused_but_what_is_out_may_end() -> None:
    backfill()
    held = taken()
    steer(steering.pause, reason="Month end.")
    paused = claim("w2")
    assert (paused.partition, paused.again, paused.job.state) == (None, True, "paused")
    say(held)
    steer(steering.pause, reason="Again.")
    assert job().reason == "Month end."
    steer(steering.resume)
    assert (job().state, job().reason, claim("w2").partition is not None) == ("running", "", True)


def test_the_last_part_that_ends_during_a_pause_is_verified_after_it() -> None:
    backfill(window_to="2026-11-02T00:00:00+03:00")
    held = taken()
    steer(steering.pause, reason="Month end.")
    say(held)
    assert job().state == "paused"
    steer(steering.resume)
    assert job().state == "verifying"


def test_a_pause_before_the_first_part_is_resumed_as_ready() -> None:
    backfill()
    steer(steering.pause, reason="Not yet.")
    assert steer(steering.resume).state == "ready"


def test_after_cancelling_nothing_more_is_taken() -> None:
    backfill()
    held = taken()
    steer(steering.cancel, reason="The wrong window.")
    assert steer(steering.cancel, reason="Twice.").reason == "The wrong window."
    for state in ("running", "done", "failed"):
        assert refused(lambda state=state: say(held, state)) == "job_over"
    assert claim().again is False
    for act, told in (
        (steering.pause, {"reason": "x"}),
        (steering.resume, {}),
        (steering.retry, {"reason": "x", "parts": []}),
    ):
        assert refused(lambda act=act, told=told: steer(act, **told)) == "state"


def test_verifying_asks_for_words_and_a_human() -> None:
    backfill()
    assert refused(lambda: steer(steering.verify, verification="Row counts agree.")) == "state"
    loaded()
    with pytest.raises(Invalid):
        steer(steering.verify, verification="Good.   ")
    bot = Actor.of(user("yusuf"), actor_type=ActorType.EXECUTOR_SYSTEM)
    for call in (
        lambda: steering.verify(actor=bot, key=KEY, verification="Row counts agree.", now=database_now()),
        lambda: steering.retry(actor=bot, key=KEY, reason="Again.", parts=[1], now=database_now()),
    ):
        assert refused(call) == "only_humans"
    steer(steering.verify, verification="Row counts agree.")
    assert steer(steering.verify, verification="Row counts agree.").state == "done"
    assert refused(lambda: steer(steering.verify, by="omar", verification="Row counts agree.")) == "state"
    assert refused(lambda: steer(steering.cancel, reason="Too late.")) == "state"


def test_what_verifying_finds_wanting_is_loaded_once_more() -> None:
    backfill()
    loaded()
    old = part(3)
    assert refused(lambda: steer(steering.retry, reason="?", parts=[])) == "nothing_to_retry"
    assert refused(lambda: steer(steering.retry, reason="?", parts=[3, 99])) == "partitions"
    steer(steering.retry, reason="Ten rows are missing.", parts=[3])
    assert (job().state, part(3).state, part(3).rows) == ("running", "pending", None)
    assert refused(lambda: say(old)) == "lease_lost"
    say(taken(), rows=20)
    assert (job().state, progress_of(job(), database_now()).rows) == ("verifying", 50)


@pytest.mark.parametrize("name", ["vera", "adam"])
def test_who_may_not_work_on_backfills(name: str) -> None:
    backfill()
    with pytest.raises(Forbidden):
        working.claim(actor=actor(name), key=KEY, worker="w", lease_seconds=60, now=database_now())
    for act, told in (
        (steering.pause, {"reason": "x"}), (steering.resume, {}), (steering.cancel, {"reason": "x"}),
        (steering.retry, {"reason": "x", "parts": []}), (steering.verify, {"verification": "Row counts agree."}),
    ):  # fmt: skip
        assert refused(lambda act=act, told=told: steer(act, by=name, **told)) == "role"
    observer = Actor.of(user("yusuf"), actor_type=ActorType.OBSERVER_AGENT)
    word = Told("w", 1, "done")
    assert refused(lambda: working.report(actor=observer, key=KEY, number=1, told=word, now=database_now())) == "role"


def test_what_there_is_not() -> None:
    backfill()
    with pytest.raises(Missing):
        claim(key="nothing")
    found = taken()
    found.number = 99
    with pytest.raises(Missing):
        say(found)
    with pytest.raises(Conflict):
        say(part(2), worker="", lease=1)


def test_every_act_is_in_the_audit_log() -> None:
    backfill()
    say(taken(), "failed", note="Once.")
    steer(steering.pause, reason="Wait.")
    steer(steering.resume)
    loaded()
    steer(steering.verify, verification="Row counts agree.")
    acts = AuditLine.objects.filter(object_kind="backfill", object_key=KEY, action__startswith="backfill.")
    told = [one.removeprefix("backfill.") for one in acts.order_by("id").values_list("action", flat=True)]
    assert told == ["apply", "claim", "part", "pause", "resume", *["claim", "part"] * 4, "loaded", "verify"]


def test_progress_counts_and_says_when_nobody_works() -> None:
    backfill()
    now = database_now()
    assert progress_of(job(), now).stalled is False
    say(taken(now=now), rows=30, now=now + timedelta(seconds=10))
    held = taken(now=now + timedelta(seconds=10), seconds=60)
    found = progress_of(job(), now + timedelta(seconds=20))
    assert (found.total, found.done, found.running, found.pending, found.rows, found.percent) == (4, 1, 1, 2, 30, 25)
    assert found.rows_per_second is not None
    assert (round(found.rows_per_second), found.seconds_left, found.stalled) == (3, 30, False)
    silent = progress_of(job(), now + timedelta(seconds=80))
    assert (silent.overdue, silent.stalled, silent.seconds_left) == (1, True, None)
    say(held, now=now + timedelta(seconds=90))
    assert progress_of(job(), now + timedelta(seconds=100)).stalled is False
    assert progress_of(job(), now + timedelta(minutes=12)).stalled is True
    steer(steering.pause, reason="Known.")
    assert progress_of(job(), now + timedelta(minutes=12)).stalled is False


def test_the_log_is_kept_in_english_whoever_acts() -> None:
    backfill()
    with override("ar"):
        taken("w1")
        steer(steering.pause, reason="غداء")
    kept = set(BackfillLine.objects.values_list("text", flat=True))
    assert {"Part 1 is taken by w1, attempt 1.", "Paused: غداء"} <= kept
