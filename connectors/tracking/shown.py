"""The word under which people see a task: its state together with how looking at it goes."""

from datetime import datetime

from django.db.models import Q, TextChoices, Value
from django.db.models.lookups import LessThan
from django.utils.translation import gettext_lazy as _

from connectors.models.task import FOR_PEOPLE, InUtc, TaskState, TrackedTask, Trouble, still_until


class Shown(TextChoices):
    """Every word a task is shown under (pages: P10)."""

    STARTING = "starting", _("Starting")
    START_UNKNOWN = "start_unknown", _("Start unknown")
    RUNNING = "running", _("Running")
    OVERDUE = "overdue", _("Running late")
    STALLED = "stalled", _("Stalled")
    WAITING = "waiting", _("Waiting for owner")
    CANCEL_REQUESTED = "cancel_requested", _("Cancel requested")
    BLIND = "blind", _("Blind")
    BLIND_AUTH = "blind_auth", _("Blind (auth)")
    DRIFT = "drift", _("Contract drift")
    DONE = "done", _("Done")
    DONE_LATE = "done_late", _("Done late")
    FAILED_TOOL = "failed_tool", _("Failed (tool)")
    FAILED = "failed", _("Failed (protocol)")
    CANCELLED = "cancelled", _("Cancelled")
    CANCELLED_REMOTELY = "cancelled_remotely", _("Cancelled remotely")
    LOST = "lost", _("Lost")
    EXPIRED = "expired", _("Expired")
    NOT_STARTED = "not_started", _("Not started")
    CLOSED = "closed", _("Closed as unknown")
    PAUSED = "paused", _("Paused")


# Where a person has to do something now.
NEEDS_SOMEBODY = frozenset({Shown.START_UNKNOWN, Shown.STALLED, Shown.WAITING, Shown.BLIND_AUTH, Shown.DRIFT})

_PLAIN = {
    TaskState.STARTING: Shown.STARTING,
    TaskState.START_UNKNOWN: Shown.START_UNKNOWN,
    TaskState.WORKING: Shown.RUNNING,
    TaskState.INPUT_REQUIRED: Shown.WAITING,
    TaskState.CANCEL_REQUESTED: Shown.CANCEL_REQUESTED,
    TaskState.COMPLETED: Shown.DONE,
    TaskState.FAILED_TOOL: Shown.FAILED_TOOL,
    TaskState.FAILED: Shown.FAILED,
    TaskState.CANCELLED: Shown.CANCELLED,
    TaskState.CANCELLED_REMOTELY: Shown.CANCELLED_REMOTELY,
    TaskState.LOST: Shown.LOST,
    TaskState.EXPIRED: Shown.EXPIRED,
    TaskState.NOT_STARTED: Shown.NOT_STARTED,
    TaskState.CLOSED: Shown.CLOSED,
}
_BLIND = dict.fromkeys(FOR_PEOPLE, Shown.BLIND_AUTH) | {Trouble.DRIFT: Shown.DRIFT}


def shown(task: TrackedTask, now: datetime) -> Shown:
    """The one word for a task at this moment.

    What hinders the view comes first, since the rest is then only what was last seen; then what is most pressing.
    """
    plain = _PLAIN[TaskState(task.state)]
    if not task.open:
        return Shown.DONE_LATE if plain is Shown.DONE and task.late else plain
    if task.trouble_kind in _BLIND:
        return _BLIND[Trouble(task.trouble_kind)]
    seen = task.last_seen_at
    if seen is not None and (now - seen).total_seconds() > task.blind_seconds:
        return Shown.BLIND
    if plain is not Shown.RUNNING:
        return plain
    if task.paused_until is not None and task.paused_until > now:
        return Shown.PAUSED
    changed = task.last_change_at
    ahead = task.stall_at is not None and task.stall_at > now
    if not ahead and changed is not None and (now - changed).total_seconds() > task.stall_seconds:
        return Shown.STALLED
    return Shown.OVERDUE if now > task.deadline_at else Shown.RUNNING


def needs_somebody(now: datetime) -> Q:
    """The open tasks that go no further without a person."""
    stalled = Q(LessThan(still_until(), InUtc(Value(now))), state=TaskState.WORKING) & ~Q(stall_at__gt=now)
    # While it is paused nothing is late.
    stalled &= ~Q(paused_until__gt=now)
    stuck = Q(state__in=[TaskState.START_UNKNOWN, TaskState.INPUT_REQUIRED])
    hidden = Q(trouble_kind__in=FOR_PEOPLE)
    return Q(ended_at__isnull=True) & (stalled | stuck | hidden)
