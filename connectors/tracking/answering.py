"""Answering what a task waits for: checked and noted in one transaction, sent outside any, its outcome noted in another.

Between the two the note that an answer is on its way keeps others from sending theirs; if the process dies there, it
does so for half a minute only. The server counts an answer once, so sending the same again does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.mcp import client as mcp
from connectors.mcp.observation import Acknowledgement, Kind
from connectors.models import Observation, TaskState, TrackedTask
from connectors.tracking import exchange, ways
from connectors.tracking.asking import answer_problems, asked_of, digest_of
from portal.audit.services import record
from portal.outbound.secrets import CredentialError
from portal.people.actors import Actor
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.registry.documents import bounds_problem
from portal.roles import Permission, may, who_may

SENT, TAKEN, NOT_TAKEN = "answer_sent", "answer_taken", "answer_not_taken"
ASKED = "input_required"
# Longer than one exchange may take.
ON_ITS_WAY = timedelta(seconds=exchange.LOOK.total + 20)


@dataclass(frozen=True)
class _Errand:
    """What is to be sent, and where to."""

    endpoint: str
    remote_task_id: str
    document: Mapping[str, Any]


def may_answer(actor: Actor, task: TrackedTask) -> bool:
    """Who may start tasks may answer them, and so may the people of the team that owns the task."""
    if actor.user is None:
        return False
    if may(actor, Permission.START_TASK):
        return True
    return may(actor, Permission.ANSWER_OWN_TASK) and actor.user.teams.filter(pk=task.owner_id).exists()


def answer(
    *, actor: Actor, task_id: int, responses: Mapping[str, Any], now: datetime, asked_digest: str = ""
) -> TrackedTask:
    """Give a task the input it waits for; `responses` by key of the request. The next look shows what came of it.

    `asked_digest`, if given, names what was asked when the answer was written. The same answer twice is sent once.
    Raises Forbidden, Missing, Invalid (with paths), or Conflict: it does not wait, somebody else answers just now, or
    the server did not take the answer.
    """
    bad = bounds_problem(responses)
    if bad is not None:
        raise Invalid("answer", bad.message, [bad])
    task, errand = _accept(actor, task_id, responses, now, asked_digest)
    if errand is None:
        return task
    told = _send(errand, responses)
    task = _conclude(actor, task_id, digest_of(responses), told, now)
    if told.kind is not Kind.SEEN:
        raise Conflict(
            "not_taken", _("%(id)s: the answer was not taken. %(why)s") % {"id": task.human_id, "why": told.detail}
        )
    return task


@transaction.atomic
def _accept(
    actor: Actor, task_id: int, responses: Mapping[str, Any], now: datetime, asked_digest: str
) -> tuple[TrackedTask, _Errand | None]:
    tasks = TrackedTask.objects.select_for_update(of=("self",), no_key=True).select_related("connector")
    task = tasks.filter(pk=task_id).first()
    if task is None:
        raise Missing("no_such_task", _("There is no task T-%d.") % task_id)
    if not may_answer(actor, task):
        raise Forbidden(
            "role",
            _("You may not answer for this task. Who may: %s, and the members of the team that owns it.")
            % who_may(Permission.START_TASK),
        )
    asked, digest, last = asked_of(task.input_requests), digest_of(responses), _last(task)
    if last is not None and (last.what, last.detail) == (TAKEN, digest):
        return task, None
    if task.state != TaskState.INPUT_REQUIRED:
        state = {"id": task.human_id, "state": task.get_state_display()}
        raise Conflict("not_waiting", _("%(id)s does not wait for input now: %(state)s.") % state)
    if asked_digest and asked_digest != digest_of(task.input_requests or {}):
        raise Conflict("asked_anew", _("What %s asks for has changed meanwhile; look at it again.") % task.human_id)
    if ways.name_of(task.connector.document) is not ways.WayName.MCP_TASKS:
        raise Conflict("no_input", _("%s is observed in a way by which it cannot be answered.") % task.human_id)
    if not asked:
        raise Conflict(
            "unreadable", _("What %s asks for is too large or malformed to be answered here.") % task.human_id
        )
    problems = answer_problems(asked, responses)
    if problems:
        raise Invalid("answer", _("%d thing(s) must be put right before this can be sent.") % len(problems), problems)
    if last is not None and last.what == SENT and now - last.at < ON_ITS_WAY:
        raise Conflict("answering", _("An answer to %s is on its way just now.") % task.human_id)
    _observe(task, SENT, digest, now)
    record(
        actor=actor, action="task.answer", kind="task", key=task.human_id, now=now,
        before=digest_of(task.input_requests or {}), after=digest, detail=_said(responses),
    )  # fmt: skip
    return task, _Errand(task.connector.endpoint, task.remote_task_id, task.connector.document)


def _last(task: TrackedTask) -> Observation | None:
    """What became of the newest answer to what it asks for now, or asked for last."""
    lines = task.observations.filter(what__in=(SENT, TAKEN, NOT_TAKEN, ASKED)).order_by("-id")
    newest = lines.first()
    return newest if newest is not None and newest.what != ASKED else None


def _said(responses: Mapping[str, Any]) -> str:
    """Which requests were answered how, without what was said."""
    return ", ".join(
        f"{key[:60]}: {response['action']}" if isinstance(response.get("action"), str) else key[:60]
        for key, response in responses.items()
    )[:500]


def _send(errand: _Errand, responses: Mapping[str, Any]) -> Acknowledgement:
    """The exchange; no database here."""
    try:
        token = exchange.token_of(exchange.Target.of(errand.document))
    except CredentialError as error:
        return Acknowledgement(Kind.REFUSED, str(error))
    return mcp.update_task(errand.endpoint, errand.remote_task_id, responses, token=token, timeouts=exchange.LOOK)


@transaction.atomic
def _conclude(actor: Actor, task_id: int, digest: str, told: Acknowledgement, now: datetime) -> TrackedTask:
    task = TrackedTask.objects.select_for_update(of=("self",), no_key=True).get(pk=task_id)
    if task.open and task.remote_task_id:
        # Whatever look is out now may have been taken before the answer: it is dropped, and the next one is due.
        task.poll_lease += 1
        task.next_poll_at = now
        task.save(update_fields=["poll_lease", "next_poll_at"])
    taken = told.kind is Kind.SEEN
    _observe(task, TAKEN if taken else NOT_TAKEN, digest if taken else told.detail, now)
    if not taken:
        record(
            actor=actor, action="task.answer_not_taken", kind="task", key=task.human_id, now=now,
            after=digest, detail=told.detail,
        )  # fmt: skip
    return task


def _observe(task: TrackedTask, what: str, detail: str, now: datetime) -> None:
    Observation.objects.create(
        task=task, at=now, what=what, state=task.state, remote_status=task.remote_status, detail=detail[:500]
    )
