"""What an answer means for a task: pure rules from what was held and what was seen to what is to be written."""

from datetime import datetime
from typing import Final

from connectors.mcp import protocol
from connectors.mcp.observation import Acknowledgement, Kind, Observation, StartKind, StartOutcome
from connectors.models.task import ENDED, TaskState, Trouble
from connectors.tracking.change import GONE, Change, Held, Note
from connectors.tracking.clocks import MOST_OVERDUE_WAIT, OVERDUE_PART, STOP_AFTER_DAYS, after, wait_seconds

MAX_MESSAGE: Final = 500
MAX_TROUBLE: Final = 300
# The blind window is at least so many times what lies between two looks.
BLIND_INTERVALS: Final = 2.5

_TROUBLES: Final = {
    Kind.NOT_FOUND: Trouble.NOT_FOUND,
    Kind.UNAUTHORIZED: Trouble.UNAUTHORIZED,
    Kind.RATE_LIMITED: Trouble.RATE_LIMITED,
    Kind.UNAVAILABLE: Trouble.UNAVAILABLE,
    Kind.DRIFT: Trouble.DRIFT,
    Kind.REFUSED: Trouble.REFUSED,
}
# After these a request was certainly turned away for a reason that may pass.
_PASSING: Final = frozenset({Kind.UNAUTHORIZED, Kind.RATE_LIMITED, Kind.UNAVAILABLE})


def looked(
    held: Held, seen: Observation, acknowledged: Acknowledgement | None, *, at: datetime, spread: float
) -> Change:
    """What a look means; `acknowledged` is the answer to a cancel sent just before it, if one was."""
    change = Change(held, at, {"polls": 1})
    if acknowledged is not None and acknowledged.kind is Kind.SEEN:
        change.columns["cancel_acknowledged_at"] = at
        change.notes.append(Note("cancel_acknowledged", "The server took note of the cancelling."))
    if seen.seen:
        _take(change, seen, spread)
    elif seen.kind is Kind.NOT_FOUND and _gone(held, at):
        _not_found(change, seen)
    else:
        _miss(change, _TROUBLES[seen.kind], seen.detail, seen.retry_after_seconds, spread)
    return change


def started(held: Held, outcome: StartOutcome, *, idempotent: bool, at: datetime, spread: float) -> Change:
    """What the answer to a `tools/call` means. `idempotent` says that the call may be repeated under its key."""
    change = Change(held, at)
    if outcome.kind is StartKind.TASK and outcome.task is not None:
        change.columns |= {"remote_task_id": outcome.task.task_id, "drop_arguments": True, "polls": 1}
        if outcome.task.session:
            change.columns["remote_session"] = outcome.task.session
        _take(change, outcome.task, spread)
    elif outcome.kind is StartKind.FINISHED:
        state = TaskState.FAILED_TOOL if outcome.is_error else TaskState.COMPLETED
        change.columns |= {"started_at": at, "last_seen_at": at, "last_change_at": at, "result": outcome.result}
        _clear_trouble(change)
        _end(change, state, outcome.detail)
    elif outcome.kind is StartKind.UNKNOWN:
        _start_unknown(change, outcome.detail, idempotent, outcome.retry_after_seconds, spread)
    elif outcome.cause in _PASSING and not (outcome.kind is StartKind.FAILED and outcome.cause is Kind.UNAVAILABLE):
        # Certainly not started: it may be tried again until the deadline, without any key.
        change.columns["start_attempted_at"] = GONE
        _miss(change, _TROUBLES[outcome.cause], outcome.detail, outcome.retry_after_seconds, spread)
    else:
        cause = _TROUBLES[outcome.cause] if outcome.cause else Trouble.DRIFT
        change.columns |= {"trouble": outcome.detail[:MAX_TROUBLE], "trouble_kind": cause}
        _end(change, TaskState.NOT_STARTED, outcome.detail)
    return change


def start_lost(held: Held, *, at: datetime) -> Change:
    """What it means that an earlier worker vanished between sending `tools/call` and recording the answer."""
    change = Change(held, at)
    _start_unknown(change, "The worker that sent the call ended before the answer was recorded.", False, None, 0.0)
    return change


def never_started(held: Held, *, at: datetime) -> Change:
    """What it means that the deadline passed before the call could be sent."""
    change = Change(held, at)
    _end(change, TaskState.NOT_STARTED, "The deadline passed before the call could be sent.")
    return change


def never_sent(held: Held, *, at: datetime) -> Change:
    """What it means that cancelling was asked for before the call was sent."""
    change = Change(held, at)
    _end(change, TaskState.CANCELLED, "Cancelled before it was sent.")
    return change


def held_back(held: Held, *, at: datetime) -> Change:
    """What it means that the operation was quarantined before the call was sent."""
    change = Change(held, at)
    _end(change, TaskState.NOT_STARTED, "It was not called: its tool or its connector is quarantined.")
    return change


def hindered(held: Held, trouble: Trouble, detail: str, *, at: datetime, spread: float) -> Change:
    """What it means that the portal itself could not ask, for want of a credential for instance. Nothing was sent."""
    change = Change(held, at)
    if held.to_start and not held.attempted_before:
        change.columns["start_attempted_at"] = GONE
    _miss(change, trouble, detail, None, spread)
    return change


def released(held: Held, *, at: datetime) -> Change:
    """Give back a task that was claimed but not asked about in time. Nothing was sent."""
    change = Change(held, at, {"next_poll_at": after(at, 1)})
    if held.to_start and not held.attempted_before:
        change.columns["start_attempted_at"] = GONE
    return change


def _gone(held: Held, at: datetime) -> bool:
    """Whether one more "not found" ends it. One alone may come from a server behind a balancer that lags."""
    expired = held.remote_expires_at is not None and held.remote_expires_at <= at
    return expired or held.trouble_kind == Trouble.NOT_FOUND


def _not_found(change: Change, seen: Observation) -> None:
    held = change.held
    change.columns |= {"trouble": seen.detail[:MAX_TROUBLE], "trouble_kind": Trouble.NOT_FOUND}
    if held.remote_expires_at is not None and held.remote_expires_at <= change.at:
        _end(change, TaskState.EXPIRED, "The server no longer knows it: its time to live had ended.")
    else:
        _end(change, TaskState.LOST, "The server does not know it, before its time to live ended.")


def _take(change: Change, seen: Observation, spread: float) -> None:
    held, at, columns = change.held, change.at, change.columns
    interval = seen.poll_interval_ms if seen.poll_interval_ms is not None else held.poll_interval_ms
    # What the server does not let us see is not out of sight.
    blind = max(held.blind_seconds, BLIND_INTERVALS * (interval or 0) / 1000, _rare(held, at))
    columns |= {"last_seen_at": at, "misses": 0, "blind_clock": after(at, blind), "seen": True}
    _clear_trouble(change)
    first = held.started_at is None
    if first:
        columns |= {"started_at": at, "start_clock": GONE, "judge": True}
        change.notes.append(Note("started", f"Remote task {seen.task_id or held.remote_task_id}."))
    _take_expiry(change, seen, first)
    if seen.poll_interval_ms != held.poll_interval_ms and seen.poll_interval_ms is not None:
        columns["poll_interval_ms"] = seen.poll_interval_ms
    message = seen.status_message[:MAX_MESSAGE]
    requests = seen.input_requests if seen.remote_status == protocol.INPUT_REQUIRED else None
    changed = (
        first
        or seen.remote_status != held.remote_status
        or message != held.status_message
        or requests != held.input_requests
    )
    if changed:
        columns |= {
            "changed": True,
            "last_change_at": at,
            "remote_status": seen.remote_status,
            "status_message": message,
            "input_requests": requests or {},
        }
    if seen.remote_status in protocol.TERMINAL_STATUSES:
        _take_end(change, seen)
        return
    waiting = seen.remote_status == protocol.INPUT_REQUIRED
    if changed:
        _arm(change, waiting=waiting)
        change.notes.append(Note("input_required" if waiting else "changed", message or seen.detail[:MAX_MESSAGE]))
    _next_look(change, interval_ms=interval, misses=0, retry_after=None, spread=spread)


def _arm(change: Change, *, waiting: bool) -> None:
    """The stall clock runs while it works, the input clock while it waits; neither once cancelling was asked for."""
    held, at, columns = change.held, change.at, change.columns
    columns["state"] = TaskState.INPUT_REQUIRED if waiting else TaskState.WORKING
    if held.cancel_requested_at is not None:
        columns |= {"state": TaskState.CANCEL_REQUESTED, "stall_clock": GONE, "input_clock": GONE}
    elif waiting:
        columns |= {"stall_clock": GONE, "input_clock": after(at, held.input_seconds)}
    else:
        columns |= {"stall_clock": after(at, held.stall_seconds), "input_clock": GONE}
    if held.state == TaskState.INPUT_REQUIRED:
        columns["judge"] = True


def _take_expiry(change: Change, seen: Observation, first: bool) -> None:
    """When the server will forget it, by our own clock where we saw it begin."""
    held = change.held
    if seen.ttl_ms is None:
        if held.remote_expires_at is not None:
            change.columns["remote_expires_at"] = GONE
        return
    begun = (seen.created_at if held.adopted else None) or held.started_at or change.at
    try:
        expires = after(begun, seen.ttl_ms / 1000)
    except OverflowError:  # created in the year 9999, says the server
        return
    if expires == held.remote_expires_at:
        return
    change.columns["remote_expires_at"] = expires
    if first and expires < held.deadline_at:
        change.notes.append(Note("short_lived", "The server will forget it before its deadline."))


def _take_end(change: Change, seen: Observation) -> None:
    if seen.remote_status == protocol.COMPLETED:
        state = TaskState.FAILED_TOOL if seen.is_error else TaskState.COMPLETED
        change.columns["result"] = seen.result
    elif seen.remote_status == protocol.FAILED:
        state = TaskState.FAILED
        if seen.error is not None:
            change.columns["result"] = {"error": {"code": seen.error.code, "message": seen.error.message}}
    elif change.held.cancel_requested_at is not None:
        state = TaskState.CANCELLED
    else:
        state = TaskState.CANCELLED_REMOTELY
    _end(change, state, seen.detail)


def _end(change: Change, state: TaskState, detail: str) -> None:
    assert state in ENDED
    change.columns |= {
        "state": state,
        "ended_at": change.at,
        "misses": 0,
        "judge": True,
        "drop_arguments": True,
    }
    change.notes.append(Note("ended", detail[:MAX_MESSAGE]))


def _start_unknown(change: Change, detail: str, idempotent: bool, retry_after: float | None, spread: float) -> None:
    if idempotent and change.held.cancel_requested_at is None:
        _miss(change, Trouble.UNAVAILABLE, detail, retry_after, spread)
        return
    change.columns |= {
        "state": TaskState.START_UNKNOWN,
        "trouble": detail[:MAX_TROUBLE],
        "trouble_kind": Trouble.UNAVAILABLE,
        "next_poll_at": GONE,
        "judge": True,
    }
    change.notes.append(Note("start_unknown", detail[:MAX_MESSAGE]))


def _clear_trouble(change: Change) -> None:
    if change.held.trouble_kind:
        change.columns |= {"trouble": "", "trouble_kind": ""}
        change.notes.append(Note("recovered", "The server answers again."))


def _miss(change: Change, kind: Trouble, detail: str, retry_after: float | None, spread: float) -> None:
    held = change.held
    misses = held.misses + 1
    change.columns |= {"misses": misses, "trouble": detail[:MAX_TROUBLE], "trouble_kind": kind}
    if held.trouble_kind != kind:
        change.notes.append(Note("trouble", detail[:MAX_MESSAGE]))
    _next_look(change, interval_ms=held.poll_interval_ms, misses=misses, retry_after=retry_after, spread=spread)


def _rare(held: Held, at: datetime) -> float:
    """So rarely a task far past its deadline is looked at that its blind window must be at least this, in seconds."""
    return BLIND_INTERVALS * min((at - held.deadline_at).total_seconds() * OVERDUE_PART, MOST_OVERDUE_WAIT)


def _next_look(
    change: Change, *, interval_ms: int | None, misses: int, retry_after: float | None, spread: float
) -> None:
    to_deadline = (change.held.deadline_at - change.at).total_seconds()
    if -to_deadline > STOP_AFTER_DAYS * 86400:
        # Its blind clock runs on, and tells that nobody sees it any more.
        change.columns["next_poll_at"] = GONE
        change.notes.append(
            Note("given_up", f"Nobody looks at it any more, {STOP_AFTER_DAYS} days after its deadline.")
        )
        return
    seconds = wait_seconds(
        interval_ms=interval_ms, misses=misses, retry_after=retry_after, spread=spread, to_deadline=to_deadline
    )
    change.columns["next_poll_at"] = after(change.at, seconds)
