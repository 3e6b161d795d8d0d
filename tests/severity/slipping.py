"""Tracked tasks whose clocks stand where a test wants them."""

from datetime import timedelta

from django.db.models import F

from connectors.models import TaskState, TrackedTask
from portal.operations.services import database_now
from tests.connectors.tracking import world

ENDPOINT = "http://127.0.0.1:9/mcp"


def running(*, impacting: bool = False, **clocks: timedelta) -> TrackedTask:
    """A running task whose named clocks are this far from now."""
    connector = world.connector(ENDPOINT)
    type(connector).objects.filter(pk=connector.pk).update(customer_impacting=impacting, escalation_seconds=60)
    task = world.start(connector)
    now = database_now()
    armed = {f"{name}_clock": None for name in ("start", "deadline", "stall", "input", "blind", "cancel")}
    armed |= {f"{name}_clock": now + distance for name, distance in clocks.items()}
    TrackedTask.objects.filter(pk=task.pk).update(
        state=TaskState.WORKING, started_at=now, last_seen_at=now, last_change_at=now, next_poll_at=None, judge_at=None,
        **armed,
    )  # fmt: skip
    if "deadline" in clocks:
        TrackedTask.objects.filter(pk=task.pk).update(deadline_at=F("deadline_clock"))
    return world.again(task)


def end(task: TrackedTask, state: TaskState = TaskState.COMPLETED, after: timedelta = timedelta()) -> None:
    """The observer saw its end."""
    TrackedTask.objects.filter(pk=task.pk).update(
        state=state, ended_at=database_now() + after, judge_at=database_now(), next_poll_at=None,
        start_clock=None, deadline_clock=None, stall_clock=None, input_clock=None, blind_clock=None, cancel_clock=None,
    )  # fmt: skip


PASSED = timedelta(seconds=-1)
AHEAD = timedelta(hours=1)
