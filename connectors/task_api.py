"""`/api/v1/tasks/`: start, adopt, watch and cancel tracked tasks."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import TrackedTask
from connectors.steering_bodies import CloseTaskBody, ExtendTaskBody, PauseTaskBody
from connectors.task_answers import TaskAnswer, TaskDetail, task_answer, task_detail
from connectors.task_filters import TaskFilter
from connectors.tracking import answering, asking, service, steering
from connectors.tracking.clocks import LEAST_SECONDS, MOST_SECONDS
from connectors.tracking.request import MAX_KEY
from portal.api.views import PortalViewSet
from portal.refusals import Invalid, Missing, Problem
from portal.registry.documents import StrictSerializer
from portal.roles import Permission

_WINDOW: dict[str, Any] = {"required": False, "min_value": LEAST_SECONDS, "max_value": MOST_SECONDS}


class SlaBody(StrictSerializer):
    """Single clocks to be set otherwise than the connector's SLA says, in seconds."""

    start_seconds = serializers.IntegerField(**_WINDOW)
    deadline_seconds = serializers.IntegerField(**_WINDOW)
    stall_seconds = serializers.IntegerField(**_WINDOW)
    input_seconds = serializers.IntegerField(**_WINDOW)
    blind_seconds = serializers.IntegerField(**_WINDOW)
    cancel_seconds = serializers.IntegerField(**_WINDOW)


class TaskBody(StrictSerializer):
    """What is to be started, or adopted when `remote_task_id` names a task that exists on the server already."""

    connector = serializers.CharField(max_length=60, help_text=_("Key of an active runtime tool."))
    operation = serializers.CharField(max_length=100, help_text=_("An operation of its contract."))
    arguments = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        required=False,
        default=dict,
        help_text=_("Checked against the operation's input schema."),
    )
    idempotency_key = serializers.CharField(
        max_length=MAX_KEY,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("Once per connector and owner; or in the header Idempotency-Key."),
    )
    owner = serializers.CharField(
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("Key of a team; the connector's owner unless told."),
    )
    remote_task_id = serializers.CharField(max_length=512, required=False, allow_blank=True, default="")
    sla = SlaBody(required=False, allow_null=True, default=None)


ANSWER_BODY = {
    "application/json": {
        "type": "object",
        "description": "By key of the input request; more than one may be answered at once.",
        "minProperties": 1,
        "maxProperties": asking.MAX_REQUESTS,
        "additionalProperties": {
            "type": "object",
            "properties": {
                "action": {"type": "string", "enum": list(asking.ACTIONS)},
                "content": {"type": "object", "description": "With accept: the values that were asked for."},
            },
        },
        "examples": [{"decision": {"action": "accept", "content": {"accept": True}}}],
    }
}


class TaskViewSet(PortalViewSet):
    """Tracked tasks."""

    queryset = TrackedTask.objects.select_related("connector", "owner").defer(
        "connector__document", "arguments", "result", "input_requests"
    )
    serializer_class = TaskBody
    bodies = {
        "create": TaskBody,
        "answer": ANSWER_BODY,
        "extend": ExtendTaskBody,
        "close": CloseTaskBody,
        "pause": PauseTaskBody,
    }
    answers = {
        "list": {200: TaskAnswer},
        "retrieve": {200: TaskDetail},
        "create": {201: TaskDetail, 200: TaskDetail},
        "cancel": {202: TaskDetail, 200: TaskDetail},
        "answer": {202: TaskDetail},
        "extend": {200: TaskDetail},
        "close": {200: TaskDetail},
        "pause": {200: TaskDetail},
        "resume": {200: TaskDetail},
    }
    filterset_class = TaskFilter
    # Who of those may answer which task is asked by the service.
    write_permissions = {
        "create": Permission.START_TASK,
        "cancel": Permission.START_TASK,
        "answer": Permission.ANSWER_OWN_TASK,
        **dict.fromkeys(("extend", "close", "pause", "resume"), Permission.MOVE_CLOCKS),
    }

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A key sent with a creation is the task's own: the task is looked up by it, no stored answer is replayed."""
        if self.action == "create":
            super(PortalViewSet, self).initial(request, *args, **kwargs)
        else:
            super().initial(request, *args, **kwargs)

    def list(self, request: Request) -> Response:
        """Tasks, newest first. Filters: state, connector, owner, open, q."""
        now = self.now()
        page = self.page_of(self.filtered(self.get_queryset()))
        assert self.paginator is not None
        return self.get_paginated_response([task_answer(task, now) for task in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One task with its observed timeline."""
        return Response(task_detail(self._task(), self.now()))

    def create(self, request: Request) -> Response:
        """Start an operation, or adopt a remote task: 201 if new, 200 if this key gave the same task before, 409 if
        the key stands for something else."""
        body = self.body(TaskBody)
        told, header = body["idempotency_key"], request.headers.get("Idempotency-Key", "")
        if told and header and told != header:
            message = _("The header Idempotency-Key names another key.")
            raise Invalid("idempotency_key", str(message), [Problem("idempotency_key", str(message))])
        common: dict[str, Any] = {
            "actor": self.actor,
            "connector_key": body["connector"],
            "operation": body["operation"],
            "arguments": body["arguments"],
            "idempotency_key": told or header,
            "owner_key": body["owner"],
            "sla": body["sla"],
            "now": self.now(),
        }
        if body["remote_task_id"]:
            task, created = service.adopt(remote_task_id=body["remote_task_id"], **common)
        else:
            task, created = service.start(**common)
        location = f"/api/v1/tasks/{task.pk}/"
        answer = task_detail(task, common["now"])
        return Response(answer, status=201 if created else 200, headers={"Location": location})

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Ask for the end of a task: 202 while the server is still to be told or heard of, 200 if it ended at once."""
        now = self.now()
        task = service.cancel(actor=self.actor, task_id=self.object_id("T"), now=now)
        return Response(task_detail(task, now), status=202 if task.open else 200)

    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Give a waiting task what it asks for, by key of its `input_requests`: 202 once the server took note.

        What came of it shows at the next look. The same answer again is not sent twice. 409 if the task does not wait
        for input, or the server did not take the answer.
        """
        now = self.now()
        if not isinstance(request.data, dict):
            message = str(_("The body must be an object by key of the input request."))
            raise Invalid("answer", message, [Problem("", message, "not_an_object")])
        task = answering.answer(actor=self.actor, task_id=self.object_id("T"), responses=request.data, now=now)
        return Response(task_detail(task, now), status=202)

    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Move its deadline on, once; a slip that is none any more ends. 409 if it has ended or was extended before."""
        return self._steered(steering.extend, self.body(ExtendTaskBody))

    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End what nobody can see any more, without knowing what became of it; 409 if it is seen."""
        return self._steered(steering.close, self.body(CloseTaskBody))

    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Have no clock of it run until an instant."""
        return self._steered(steering.pause, self.body(PauseTaskBody))

    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """End its pause now; 409 if none runs."""
        return self._steered(steering.resume, {})

    def _steered(self, act: Callable[..., TrackedTask], told: Mapping[str, Any]) -> Response:
        now = self.now()
        act(actor=self.actor, task_id=self.object_id("T"), now=now, **told)
        return Response(task_detail(self._task(), now))

    def _task(self) -> TrackedTask:
        number = self.object_id("T")
        task: TrackedTask | None = self.get_queryset().defer(None).filter(pk=number).first()
        if task is None:
            raise Missing("no_such_task", _("There is no task T-%d.") % number)
        return task
