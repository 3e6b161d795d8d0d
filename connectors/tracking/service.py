"""Accepting, adopting and cancelling tracked tasks. Nothing here talks to a server: workers do, from the rows.

Each function is one short transaction; the actor and the moment are passed in. Refusals are those of
`portal.refusals`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from connectors.mcp import protocol
from connectors.models import Observation, TaskState, TrackedTask
from connectors.tools.holding import refusal_of
from connectors.tracking import ways
from connectors.tracking.clocks import after
from connectors.tracking.maintenance import covered_until
from connectors.tracking.reporting import new_beat
from connectors.tracking.request import Checked, Wanted, check
from portal.audit.services import record
from portal.operations import correlation
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission


def start(
    *,
    actor: Actor,
    connector_key: str,
    operation: str,
    arguments: Mapping[str, Any],
    idempotency_key: str,
    owner_key: str = "",
    sla: Mapping[str, Any] | None = None,
    now: datetime,
) -> tuple[TrackedTask, bool]:
    """Accept an operation to be started by a worker: the task and whether it is new.

    The same idempotency key of the same connector and owner with the same operation and arguments gives the same task
    for ever. Raises Forbidden, Missing, Invalid (with paths), or Conflict when the key stands for something else, or when the
    operation is held back: its tool is not as approved, or its connector is quarantined.
    """
    wanted = Wanted(connector_key, operation, idempotency_key, arguments, owner_key, sla)
    user = require(actor, Permission.START_TASK)
    checked = check(wanted, with_arguments=True)
    return _once(actor, user, wanted, checked, remote_task_id="", now=now)


def adopt(
    *,
    actor: Actor,
    connector_key: str,
    operation: str,
    remote_task_id: str,
    idempotency_key: str,
    arguments: Mapping[str, Any] | None = None,
    owner_key: str = "",
    sla: Mapping[str, Any] | None = None,
    now: datetime,
) -> tuple[TrackedTask, bool]:
    """Watch a task that exists already on the server: the tracked task and whether it is new.

    A task whose start is unknown takes the remote id when it is adopted under its own key and arguments. Raises as
    `start` does; Conflict also names the task by which the remote one is watched already.
    """
    try:
        protocol.check_name(remote_task_id, protocol.MAX_TASK_ID)
    except protocol.RequestError as error:
        raise Invalid("remote_task_id", str(error), [Problem("remote_task_id", str(error))]) from None
    user = require(actor, Permission.START_TASK)
    wanted = Wanted(connector_key, operation, idempotency_key, arguments or {}, owner_key, sla)
    checked = check(wanted, with_arguments=bool(arguments), to_start=False)
    return _once(actor, user, wanted, checked, remote_task_id=remote_task_id, now=now)


@transaction.atomic
def cancel(*, actor: Actor, task_id: int, now: datetime) -> TrackedTask:
    """Ask for the end of a task. A worker tells the server; its acknowledgement is only that.

    A task that was never sent ends at once; one whose start is unknown is given up, which says nothing of the other
    side. Asking twice changes nothing. Raises Forbidden, Missing, or Conflict when it has ended.
    """
    require(actor, Permission.START_TASK)
    task = TrackedTask.objects.select_for_update(of=("self",), no_key=True).filter(pk=task_id).first()
    if task is None:
        raise Missing("no_such_task", _("There is no task T-%d.") % task_id)
    if not task.open:
        raise Conflict(
            "ended", _("%(id)s has ended: %(state)s.") % {"id": task.human_id, "state": task.get_state_display()}
        )
    given_up = task.state == TaskState.START_UNKNOWN
    if task.cancel_requested_at is not None and not given_up:
        return task
    was = task.state
    unsent = task.state == TaskState.STARTING and not task.remote_task_id and task.start_attempted_at is None
    task.cancel_requested_at = task.cancel_requested_at or now
    if unsent or given_up:
        detail = _("Cancelled before it was sent.") if unsent else _("Given up; whether it ran is not known.")
        _end(task, now)
    else:
        detail = _("Cancelling was asked for.")
        task.state = TaskState.CANCEL_REQUESTED
        task.cancel_clock = after(max(now, task.paused_until or now), task.cancel_seconds)
        task.stall_clock = task.input_clock = task.stall_at = None
        if task.next_poll_at is not None and task.remote_task_id:
            # Whatever look is out now was judged without knowing of this: its answer is dropped.
            task.poll_lease += 1
            task.next_poll_at = now
    task.save()
    _observe(task, "cancel_requested", detail, now)
    record(actor=actor, action="task.cancel", kind="task", key=task.human_id, now=now, detail=f"{was} → {task.state}")
    return task


def _end(task: TrackedTask, now: datetime) -> None:
    task.state = TaskState.CANCELLED
    task.ended_at = task.judge_at = now
    task.next_poll_at = task.arguments = None
    task.start_clock = task.deadline_clock = task.stall_clock = None
    task.input_clock = task.blind_clock = task.cancel_clock = None


def _once(
    actor: Actor, user: User, wanted: Wanted, checked: Checked, *, remote_task_id: str, now: datetime
) -> tuple[TrackedTask, bool]:
    """The one task of this key: found, or made; a race is decided by the unique constraints."""
    found = _standing(wanted, checked)
    if found is None:
        try:
            with transaction.atomic():
                return _make(actor, user, wanted, checked, remote_task_id, now), True
        except IntegrityError:
            found = _standing(wanted, checked)
            if found is None:
                raise _watched_already(checked, remote_task_id) from None
    return _same(actor, found, checked, remote_task_id, now), False


def _standing(wanted: Wanted, checked: Checked) -> TrackedTask | None:
    return TrackedTask.objects.filter(
        connector=checked.connector, owner=checked.owner, idempotency_key=wanted.idempotency_key
    ).first()


def _watched_already(checked: Checked, remote_task_id: str) -> Conflict:
    other = TrackedTask.objects.filter(connector=checked.connector, remote_task_id=remote_task_id).first()
    name = other.human_id if other else _("another task")
    return Conflict("remote_task_watched", _("The remote task is watched already, as %s.") % name)


def _same(actor: Actor, found: TrackedTask, checked: Checked, remote_task_id: str, now: datetime) -> TrackedTask:
    """The standing task, if the request means the same; an unknown start may take the remote id."""
    if found.arguments_digest != checked.digest:
        raise Conflict(
            "idempotency_key_reused",
            _("This idempotency key stands for %s, another operation or other arguments.") % found.human_id,
        )
    if not remote_task_id or found.remote_task_id == remote_task_id:
        return found
    if found.state != TaskState.START_UNKNOWN:
        raise Conflict(
            "idempotency_key_reused", _("This idempotency key stands for %s, another remote task.") % found.human_id
        )
    try:
        return _attach(actor, found.pk, remote_task_id, now)
    except IntegrityError:
        raise _watched_already(checked, remote_task_id) from None


@transaction.atomic
def _attach(actor: Actor, task_id: int, remote_task_id: str, now: datetime) -> TrackedTask:
    task = TrackedTask.objects.select_for_update(of=("self",), no_key=True).get(pk=task_id)
    if task.remote_task_id == remote_task_id:
        return task
    if task.state != TaskState.START_UNKNOWN:
        raise Conflict("state", _("%s moved on meanwhile; look at it again.") % task.human_id)
    task.remote_task_id = remote_task_id
    task.state = TaskState.CANCEL_REQUESTED if task.cancel_requested_at else TaskState.STARTING
    task.adopted = True
    task.trouble = task.trouble_kind = ""
    task.poll_lease += 1
    task.next_poll_at = now
    task.save()
    _observe(task, "adopted", _("Remote task %s.") % remote_task_id, now)
    record(actor=actor, action="task.adopt", kind="task", key=task.human_id, now=now, detail=remote_task_id)
    return task


def _make(
    actor: Actor, user: User, wanted: Wanted, checked: Checked, remote_task_id: str, now: datetime
) -> TrackedTask:
    held = "" if remote_task_id else refusal_of(checked.connector, wanted.operation)
    if held:
        raise Conflict("quarantined", held)
    clocks = checked.clocks
    paused_until = covered_until(checked.connector, checked.owner, now)
    counted = paused_until or now
    deadline = after(counted, clocks.deadline_seconds)
    polled = ways.way_of(checked.connector.document).polled
    beat, digest = ("", "") if polled else new_beat()
    task = TrackedTask.objects.create(
        connector=checked.connector,
        operation=wanted.operation,
        remote_task_id=remote_task_id,
        adopted=bool(remote_task_id),
        idempotency_key=wanted.idempotency_key,
        owner=checked.owner,
        arguments=None if remote_task_id else checked.arguments,
        arguments_digest=checked.digest,
        started_by=user,
        started_by_name=actor.name,
        correlation_id=correlation.current().correlation_id,
        accepted_at=now,
        deadline_at=deadline,
        start_clock=after(counted, clocks.start_seconds),
        deadline_clock=deadline,
        paused_until=paused_until,
        pause_reason=_("Maintenance") if paused_until else "",
        sla_told=sorted(name for name, value in (wanted.sla or {}).items() if value is not None),
        next_poll_at=now if polled else None,
        beat_digest=digest,
        **clocks.columns(),
    )
    # Told to whoever made the task, once; only its digest is kept.
    task.beat = beat
    _observe(task, "adopted" if remote_task_id else "accepted", remote_task_id, now)
    record(
        actor=actor,
        action="task.adopt" if remote_task_id else "task.start",
        kind="task",
        key=task.human_id,
        now=now,
        after=checked.digest,
        detail=f"{checked.connector.key} {wanted.operation}",
    )
    return task


def _observe(task: TrackedTask, what: str, detail: str, now: datetime) -> None:
    Observation.objects.create(
        task=task, at=now, what=what, state=task.state, remote_status=task.remote_status, detail=detail[:500]
    )
