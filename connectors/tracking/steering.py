"""What people do about the clocks of one task: extend it once, pause it, or close what nobody can see any more.

Each function is one short transaction; the actor and the moment are passed in. Refusals are those of `portal.refusals`.
Incidents are not touched here: a clock that runs again, or an end, is the end of their cause, and the sweep finds it.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.models import Observation, TaskState, TrackedTask
from connectors.models.task import CLOCKS
from connectors.pauses import end_problems, reason_problems
from connectors.tracking.clocks import LEAST_SECONDS, MOST_SECONDS, after
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission


@transaction.atomic
def extend(*, actor: Actor, task_id: int, seconds: int, reason: str, now: datetime) -> TrackedTask:
    """Give an open task that many seconds more to its deadline, once. One that was missed is kept again if it lies ahead.

    Raises Forbidden, Missing, Invalid, or Conflict: it has ended, or was extended before.
    """
    require(actor, Permission.MOVE_CLOCKS)
    problems = reason_problems(reason)
    if isinstance(seconds, bool) or not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        bounds = {"least": LEAST_SECONDS, "most": MOST_SECONDS}
        message = _("Must be between %(least)d and %(most)d seconds.") % bounds
        problems.append(Problem("seconds", message, "out_of_bounds"))
    _refuse(problems)
    task = _open(task_id)
    if task.extended_seconds:
        raise Conflict("extended", _("%s was extended already; that is done once.") % task.human_id)
    deadline = after(task.deadline_at, seconds)
    if deadline <= now:
        text = (
            _("It would still have passed: the deadline was %d seconds ago.") % (now - task.deadline_at).total_seconds()
        )
        raise Invalid("extend", text, [Problem("seconds", text, "still_late")])
    if task.deadline_clock is None:
        task.judge_at = now
    task.deadline_at = task.deadline_clock = deadline
    task.extended_seconds, task.extension_reason = seconds, reason.strip()
    task.save()
    _noted(
        actor, task, "extended", _("By %(seconds)d s: %(reason)s") % {"seconds": seconds, "reason": reason.strip()}, now
    )
    return task


@transaction.atomic
def close(*, actor: Actor, task_id: int, reason: str, now: datetime) -> TrackedTask:
    """End a task that nobody can see any more, without knowing what became of it. Nothing is sent to its server.

    Raises Forbidden, Missing, Invalid, or Conflict: it has ended, or it is seen and can be cancelled.
    """
    require(actor, Permission.MOVE_CLOCKS)
    _refuse(reason_problems(reason))
    task = _open(task_id)
    if not out_of_sight(task, now):
        raise Conflict("in_sight", _("%s is seen; cancel it instead, or wait until nobody can see it.") % task.human_id)
    task.state, task.ended_at, task.judge_at = TaskState.CLOSED, now, now
    task.next_poll_at = task.arguments = None
    for clock in CLOCKS:
        setattr(task, f"{clock}_clock", None)
    # Whatever look or start is out now comes too late.
    task.poll_lease += 1
    task.save()
    _noted(actor, task, "ended", reason.strip(), now)
    return task


@transaction.atomic
def pause(*, actor: Actor, task_id: int, until: datetime, reason: str, now: datetime) -> TrackedTask:
    """Have no clock of an open task run until an instant. It is looked at all the same; what was missed stays missed.

    A pause that runs can be made longer; `resume` makes it shorter. Raises Forbidden, Missing, Invalid or Conflict.
    """
    require(actor, Permission.MOVE_CLOCKS)
    _refuse([*end_problems(until, now), *reason_problems(reason)])
    task = _open(task_id)
    running = max(task.paused_until or now, now)
    if until <= running:
        text = _("It is paused until then already; resume it, and pause it anew.")
        raise Invalid("pause", text, [Problem("until", text, "shorter")])
    _shift(task, until - running, now)
    task.paused_until, task.pause_reason, task.paused_by = until, reason.strip(), actor.name
    task.save()
    told = _("Until %(until)s: %(reason)s") % {"until": until.isoformat(timespec="seconds"), "reason": reason.strip()}
    _noted(actor, task, "paused", told, now)
    return task


@transaction.atomic
def resume(*, actor: Actor, task_id: int, now: datetime) -> TrackedTask:
    """End a pause now: the clocks run on from where they stood. Raises Forbidden, Missing, or Conflict if none runs."""
    require(actor, Permission.MOVE_CLOCKS)
    task = _open(task_id)
    if task.paused_until is None or task.paused_until <= now:
        raise Conflict("not_paused", _("%s is not paused.") % task.human_id)
    _shift(task, now - task.paused_until, now)
    task.paused_until, task.pause_reason, task.paused_by = None, "", ""
    task.save()
    _noted(actor, task, "resumed", "", now)
    return task


def out_of_sight(task: TrackedTask, now: datetime) -> bool:
    """Whether an open task cannot be seen: its start is unknown, looking is hindered, or nobody saw it for its blind window."""
    if task.state == TaskState.START_UNKNOWN or task.trouble_kind:
        return True
    seen = task.last_seen_at
    return seen is not None and (now - seen).total_seconds() > task.blind_seconds


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise Invalid("task", problems[0].message, problems)


def _open(task_id: int) -> TrackedTask:
    task = TrackedTask.objects.select_for_update(of=("self",), no_key=True).filter(pk=task_id).first()
    if task is None:
        raise Missing("no_such_task", _("There is no task T-%d.") % task_id)
    if not task.open:
        told = {"id": task.human_id, "state": task.get_state_display()}
        raise Conflict("ended", _("%(id)s has ended: %(state)s.") % told)
    return task


def _shift(task: TrackedTask, by: timedelta, now: datetime) -> None:
    """Move every clock that still runs; one that has passed waits to be judged and stays."""
    for clock in CLOCKS:
        at = getattr(task, f"{clock}_clock")
        if at is not None and at > now:
            setattr(task, f"{clock}_clock", at + by)
            if clock == "deadline":
                task.deadline_at += by
    if task.stall_at is not None and task.stall_at > now:
        task.stall_at += by


def _noted(actor: Actor, task: TrackedTask, what: str, detail: str, now: datetime) -> None:
    Observation.objects.create(
        task=task, at=now, what=what, state=task.state, remote_status=task.remote_status, detail=detail[:500]
    )
    record(actor=actor, action=f"task.{what}", kind="task", key=task.human_id, now=now, detail=detail[:500])
