"""The rules of clocks and looks, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.mcp.observation import Kind, Observation, StartKind, StartOutcome
from connectors.models.task import ENDED, TaskState, Trouble
from connectors.tracking import observe
from connectors.tracking.change import GONE, Held
from connectors.tracking.clocks import MOST_WAIT, clocks_of, wait_seconds
from tests.connectors.tracking.world import SLA

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
HELD = Held(
    id=1,
    lease=3,
    connector_id=1,
    connector_version=1,
    endpoint="http://127.0.0.1/mcp",
    operation="reconcile_ledger",
    remote_task_id="r-1",
    state=TaskState.WORKING,
    adopted=False,
    remote_status="working",
    status_message="",
    input_requests=None,
    trouble_kind="",
    misses=0,
    poll_interval_ms=None,
    started_at=NOW - timedelta(seconds=60),
    deadline_at=NOW + timedelta(seconds=600),
    remote_expires_at=None,
    cancel_requested_at=None,
    cancel_acknowledged_at=None,
    stall_seconds=300,
    input_seconds=600,
    blind_seconds=120,
    attempted_before=False,
    arguments=None,
    remote_key="",
)
STATUSES = ["working", "input_required", "completed", "failed", "cancelled"]

held_tasks = st.builds(
    replace,
    st.just(HELD),
    state=st.sampled_from([TaskState.STARTING, TaskState.WORKING, TaskState.INPUT_REQUIRED]),
    remote_status=st.sampled_from(["", "working", "input_required"]),
    status_message=st.sampled_from(["", "reading", "writing"]),
    trouble_kind=st.sampled_from(["", *Trouble.values]),
    misses=st.integers(0, 50),
    started_at=st.sampled_from([None, HELD.started_at]),
    deadline_at=st.sampled_from([NOW - timedelta(seconds=5), NOW + timedelta(seconds=5), NOW + timedelta(days=9)]),
    remote_expires_at=st.sampled_from([None, NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)]),
    cancel_requested_at=st.sampled_from([None, NOW - timedelta(seconds=1)]),
    adopted=st.booleans(),
)
looks = st.builds(
    Observation,
    kind=st.sampled_from(list(Kind)),
    detail=st.just("What happened."),
    remote_status=st.sampled_from(STATUSES),
    status_message=st.sampled_from(["", "reading", "x" * 1000]),
    created_at=st.sampled_from([None, NOW, datetime.max.replace(tzinfo=UTC)]),
    ttl_ms=st.sampled_from([None, 0, 1000, 3650 * 86_400_000]),
    poll_interval_ms=st.one_of(st.none(), st.integers(0, 86_400_000)),
    is_error=st.booleans(),
    retry_after_seconds=st.one_of(st.none(), st.floats(0, 3600)),
)


@given(held_tasks, looks, st.floats(-1, 1))
def test_every_look_either_ends_a_task_or_says_when_to_look_again(held: Held, seen: Observation, spread: float) -> None:
    written = observe.looked(held, seen, None, at=NOW, spread=spread).columns
    if "ended_at" in written:
        assert written["state"] in ENDED
        assert written["judge"]
        assert seen.kind in (Kind.SEEN, Kind.NOT_FOUND)
    else:
        assert written["next_poll_at"] > NOW
        assert written.get("state") not in ENDED


@given(held_tasks, looks, st.floats(-1, 1))
def test_only_a_successful_look_moves_the_blind_clock_and_what_was_last_seen(
    held: Held, seen: Observation, spread: float
) -> None:
    written = observe.looked(held, seen, None, at=NOW, spread=spread).columns
    assert ("last_seen_at" in written) == ("blind_clock" in written) == seen.seen
    if not seen.seen and "ended_at" not in written:
        assert written["misses"] == held.misses + 1
        assert not {"stall_clock", "input_clock", "start_clock"} & written.keys(), "a failed look judges nothing"


@given(held_tasks, looks, st.floats(-1, 1))
def test_the_stall_clock_is_armed_by_a_change_and_by_nothing_else(held: Held, seen: Observation, spread: float) -> None:
    written = observe.looked(held, seen, None, at=NOW, spread=spread).columns
    armed = isinstance(written.get("stall_clock"), datetime)
    if armed:
        assert written["changed"]
        assert written["state"] == TaskState.WORKING
        assert held.cancel_requested_at is None
        assert written["stall_clock"] == NOW + timedelta(seconds=held.stall_seconds)
    same = seen.remote_status == held.remote_status and seen.status_message[:500] == held.status_message
    if seen.seen and same and held.started_at is not None:
        assert "changed" not in written
        assert "last_change_at" not in written


@given(held_tasks, looks, st.floats(-1, 1))
def test_the_input_clock_runs_exactly_while_the_task_waits_for_input(
    held: Held, seen: Observation, spread: float
) -> None:
    written = observe.looked(held, seen, None, at=NOW, spread=spread).columns
    if isinstance(written.get("input_clock"), datetime):
        assert written["state"] == TaskState.INPUT_REQUIRED
        assert written["stall_clock"] == GONE
    if written.get("state") == TaskState.WORKING:
        assert written["input_clock"] == GONE


@given(
    st.one_of(st.none(), st.integers(0, 86_400_000)),
    st.integers(0, 10**6),
    st.one_of(st.none(), st.floats(0, 3600)),
    st.floats(-1, 1),
    st.floats(-(10**7), 10**7),
)
def test_the_pace_keeps_to_what_is_asked_and_to_its_bounds(
    interval: int | None, misses: int, retry_after: float | None, spread: float, to_deadline: float
) -> None:
    wait = wait_seconds(
        interval_ms=interval, misses=misses, retry_after=retry_after, spread=spread, to_deadline=to_deadline
    )
    assert wait > 0
    overdue = min(max(-to_deadline, 0) * 0.05, 3600)
    assert wait <= 1.1 * max(MOST_WAIT, retry_after or 0, (interval or 0) / 1000, overdue)
    if retry_after:
        assert wait >= retry_after
    elif to_deadline > 0:
        assert wait <= to_deadline
    if to_deadline <= 0:
        assert wait >= 0.9
        assert wait >= max((interval or 0) / 1000, overdue * 0.9)


def test_misses_space_the_looks_out_up_to_five_minutes() -> None:
    waits = [
        wait_seconds(interval_ms=1000, misses=misses, retry_after=None, spread=0, to_deadline=-1)
        for misses in (0, 1, 3, 6, 9, 40)
    ]
    assert waits == [1, 2, 8, 64, 300, 300]


def test_past_its_deadline_it_is_looked_at_ever_more_rarely_and_at_last_no_more() -> None:
    waits = [
        wait_seconds(interval_ms=1000, misses=0, retry_after=None, spread=0, to_deadline=-overdue)
        for overdue in (1, 60, 6000, 86400, 10**7)
    ]
    assert waits == [1, 3, 300, 3600, 3600]
    working = Observation(Kind.SEEN, remote_status="working")
    late = replace(HELD, deadline_at=NOW - timedelta(days=2))
    seen = observe.looked(late, working, None, at=NOW, spread=0).columns
    assert seen["next_poll_at"] == NOW + timedelta(hours=1)
    assert seen["blind_clock"] > seen["next_poll_at"], "looked at rarely, it is not out of sight"
    for what in (working, Observation(Kind.UNAVAILABLE)):
        over = observe.looked(replace(HELD, deadline_at=NOW - timedelta(days=31)), what, None, at=NOW, spread=0)
        assert over.columns["next_poll_at"] == GONE
        assert over.notes[-1].what == "given_up"


def test_what_its_server_lets_nobody_see_is_not_out_of_sight() -> None:
    asked = Observation(Kind.SEEN, remote_status="working", poll_interval_ms=7_200_000)
    far = replace(HELD, deadline_at=NOW + timedelta(days=1))
    seen = observe.looked(far, asked, None, at=NOW, spread=0).columns
    assert seen["next_poll_at"] == NOW + timedelta(hours=2)
    assert seen["blind_clock"] == NOW + timedelta(hours=5)


def test_one_not_found_may_be_a_server_that_lags_and_two_are_a_loss() -> None:
    missing = Observation(Kind.NOT_FOUND, "Not found.")
    first = observe.looked(HELD, missing, None, at=NOW, spread=0)
    assert "ended_at" not in first.columns
    assert first.columns["trouble_kind"] == Trouble.NOT_FOUND
    second = observe.looked(replace(HELD, trouble_kind=Trouble.NOT_FOUND), missing, None, at=NOW, spread=0)
    assert second.columns["state"] == TaskState.LOST


def test_not_found_after_its_time_to_live_is_an_expiry_at_once() -> None:
    held = replace(HELD, remote_expires_at=NOW - timedelta(seconds=1))
    change = observe.looked(held, Observation(Kind.NOT_FOUND), None, at=NOW, spread=0)
    assert change.columns["state"] == TaskState.EXPIRED


def test_a_cancelling_we_did_not_ask_for_is_told_apart() -> None:
    cancelled = Observation(Kind.SEEN, remote_status="cancelled")
    assert observe.looked(HELD, cancelled, None, at=NOW, spread=0).columns["state"] == TaskState.CANCELLED_REMOTELY
    asked = replace(HELD, cancel_requested_at=NOW)
    assert observe.looked(asked, cancelled, None, at=NOW, spread=0).columns["state"] == TaskState.CANCELLED


def _started(kind: StartKind, *, idempotent: bool = False, **told: Any) -> dict[str, Any]:
    held = replace(HELD, remote_task_id="", state=TaskState.STARTING, started_at=None)
    outcome = StartOutcome(kind, "What happened.", **told)
    return observe.started(held, outcome, idempotent=idempotent, at=NOW, spread=0).columns


def test_a_lost_answer_is_an_unknown_start_and_is_not_repeated() -> None:
    written = _started(StartKind.UNKNOWN, cause=Kind.UNAVAILABLE)
    assert written["state"] == TaskState.START_UNKNOWN
    assert written["next_poll_at"] == GONE


def test_a_lost_answer_is_asked_for_again_where_the_connector_is_idempotent() -> None:
    written = _started(StartKind.UNKNOWN, cause=Kind.UNAVAILABLE, idempotent=True)
    assert "state" not in written
    assert written["next_poll_at"] > NOW
    assert "start_attempted_at" not in written, "it stays known that it may be running"


def test_a_start_that_was_certainly_turned_away_is_tried_again_without_any_key() -> None:
    for cause in (Kind.UNAVAILABLE, Kind.RATE_LIMITED, Kind.UNAUTHORIZED):
        written = _started(StartKind.NOT_STARTED, cause=cause)
        assert written["start_attempted_at"] == GONE
        assert "state" not in written


def test_a_start_that_can_never_work_ends_the_task() -> None:
    assert _started(StartKind.NOT_STARTED, cause=Kind.REFUSED)["state"] == TaskState.NOT_STARTED
    assert _started(StartKind.FAILED, cause=Kind.NOT_FOUND)["state"] == TaskState.NOT_STARTED
    assert _started(StartKind.FAILED, cause=Kind.UNAVAILABLE)["state"] == TaskState.NOT_STARTED


def test_single_clocks_are_overridden_within_bounds() -> None:
    clocks, problems = clocks_of(SLA, {"deadline_seconds": 120, "cancel_seconds": 5, "stall_seconds": None})
    assert not problems
    assert clocks is not None
    assert (clocks.deadline_seconds, clocks.cancel_seconds, clocks.stall_seconds) == (120, 5, SLA["stall_seconds"])


@given(st.dictionaries(st.sampled_from([*SLA, "nonsense"]), st.one_of(st.integers(), st.text(), st.booleans())))
def test_clocks_are_either_sound_or_refused_with_a_path(overrides: dict[str, Any]) -> None:
    clocks, problems = clocks_of(SLA, overrides)
    assert (clocks is None) == bool(problems)
    assert all(problem.path.startswith("sla.") for problem in problems)
    if clocks is not None:
        assert all(1 <= seconds <= 90 * 86400 for seconds in clocks.columns().values())
        assert clocks.start_seconds <= clocks.deadline_seconds
