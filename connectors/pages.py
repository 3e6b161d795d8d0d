"""Pages of tracked tasks: what is being watched, and one task whole."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.answer_form import AnswerForm
from connectors.models import TaskState, TrackedTask
from connectors.models.task import Observation
from connectors.task_answers import raw, task_answer
from connectors.task_filters import TaskFilter
from connectors.tracking import answering, service, ways
from connectors.tracking.asking import asked_of, digest_of
from connectors.tracking.shown import Shown, needs_somebody, shown
from portal.refusals import Refusal
from portal.roles import Permission, may
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response
from portal.web.words import part_run

TIMELINE = 200
MAX_ID = 2**63 - 1

# Words of tasks whose badge goes by another name.
_BADGES = {
    Shown.OVERDUE: "late",
    Shown.WAITING: "input_required",
    Shown.DRIFT: "contract_drift",
    Shown.DONE: "completed",
    Shown.DONE_LATE: "completed_late",
    Shown.FAILED_TOOL: "tool_failed",
    Shown.NOT_STARTED: "failed",
    Shown.CLOSED: "cancelled",
}
_LINES = {
    "accepted": ("plus", "", gettext_lazy("Accepted")),
    "adopted": ("download", "", gettext_lazy("Adopted: it ran on the server already")),
    "started": ("play", "info", gettext_lazy("Started")),
    "changed": ("dot", "info", gettext_lazy("Changed")),
    "answer_sent": ("half", "info", gettext_lazy("An answer was sent")),
    "answer_taken": ("check", "ok", gettext_lazy("The server took the answer")),
    "answer_not_taken": ("cross", "risk", gettext_lazy("The server did not take the answer")),
    "input_required": ("user", "risk", gettext_lazy("Asks its owner for input")),
    "short_lived": ("clock", "risk", gettext_lazy("The server will forget it before its deadline")),
    "cancel_requested": ("half", "info", gettext_lazy("Cancel requested")),
    "cancel_acknowledged": ("half", "info", gettext_lazy("Cancel acknowledged")),
    "start_unknown": ("risk", "risk", gettext_lazy("Nobody knows whether it started")),
    "trouble": ("eye-off", "risk", gettext_lazy("Cannot be looked at")),
    "seen": ("check", "ok", gettext_lazy("Seen again")),
    "given_up": ("eye-off", "risk", gettext_lazy("Looked at no more")),
    "extended": ("clock", "info", gettext_lazy("Deadline extended")),
    "paused": ("half", "info", gettext_lazy("Clocks paused")),
    "resumed": ("play", "info", gettext_lazy("Clocks run again")),
    "sla_changed": ("clock", "info", gettext_lazy("The SLA changed")),
}
# The columns of the CSV, by the names of the API.
CSV = (
    "id", "connector", "operation", "owner", "state", "shown", "started_by", "accepted_at", "started_at", "deadline_at",
    "last_change_at", "ended_at", "late", "polls", "misses", "remote_task_id", "trouble",
)  # fmt: skip
_ENDS_WELL = (TaskState.COMPLETED, TaskState.CANCELLED)


@dataclass(frozen=True)
class TaskRow:
    """A task with the word, the badge, how much of its time has run in percent, and its unresolved incidents."""

    task: TrackedTask
    word: str
    badge: str
    run: int
    incidents: list[Any]


def row_of(task: TrackedTask, now: datetime) -> TaskRow:
    """The row of one task, whose incidents are loaded with it."""
    word = shown(task, now)
    # Reached through the relation: this app knows nothing of what judges its tasks.
    incidents: Any = task.incidents
    unresolved = sorted((one for one in incidents.all() if not one.resolved), key=lambda one: -one.severity)
    run = part_run(task.started_at or task.accepted_at, task.deadline_at, task.ended_at or now)
    return TaskRow(task, str(word.label), _BADGES.get(word, word.value), run, unresolved)


def _tasks() -> QuerySet[TrackedTask]:
    return TrackedTask.objects.select_related("connector", "owner").defer(
        "connector__document", "arguments", "result", "input_requests"
    )


class TaskList(PageView):
    """What is being watched, the nearest deadline first."""

    is_list = True

    tabs = (
        ("", gettext_lazy("Open")),
        ("needs", gettext_lazy("Needs somebody")),
        ("ended", gettext_lazy("Ended")),
        ("all", gettext_lazy("All")),
    )

    def _rows(self, tab: str) -> QuerySet[TrackedTask]:
        tasks = _tasks().prefetch_related("incidents")
        if tab == "needs":
            return tasks.filter(needs_somebody(self.now)).order_by("deadline_at", "id")
        if tab == "ended":
            return tasks.filter(ended_at__isnull=False).order_by("-ended_at", "-id")
        if tab == "all":
            return tasks.order_by("-id")
        return tasks.filter(ended_at__isnull=True).order_by("deadline_at", "id")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """One tab of the list, or all of its rows as CSV with `?format=csv`."""
        tab = request.GET.get("tab", "")
        if tab not in dict(self.tabs):
            tab = ""
        listing = Listing(request, TaskFilter, self._rows(tab), without=("open",))
        if request.GET.get("format") == "csv":
            tasks = listing.queryset.prefetch_related(None).iterator(500)
            answers = (dict(task_answer(task, self.now)) for task in tasks)
            return csv_response("tasks", list(CSV), ([one[name] for name in CSV] for one in answers))
        context = listing.context()
        context |= {
            "rows": [row_of(task, self.now) for task in context["rows"]],
            "tab": tab,
            "tabs": [{"label": label, "href": f"?tab={name}", "current": name == tab} for name, label in self.tabs],
            "clear_url": f"?tab={tab}",
            "any": bool(context["rows"]) or TrackedTask.objects.exists(),
            "columns": [
                {"label": _("Task"), "sort": "id"},
                {"label": _("Connector")},
                {"label": _("State"), "sort": "state"},
                {"label": _("Deadline"), "sort": "deadline_at"},
                {"label": _("Incident")},
                {"label": _("Kept by the server")},
                {"label": _("Owner")},
                {"label": _("Started by")},
                {"label": _("Last change")},
                {"label": _("Polls / misses"), "numeric": True},
            ],
        }
        return render(request, "connectors/tasks.html", context)


class TaskPage(PageView):
    """One task: its clocks, what was seen of it and when, what went wrong."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page; its blocks renew themselves while the task is open."""
        return self._page(request, pk)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the end of the task, or answer what it asks for."""
        action = request.POST.get("action")
        if action not in ("cancel", "answer") or pk > MAX_ID:
            raise Http404
        if action == "answer":
            return self._answer(request, pk)
        try:
            task = service.cancel(actor=self.actor, task_id=pk, now=self.now)
        except Refusal as refusal:
            return self._page(request, pk, error=refusal.message, status=refusal.status)
        done = _("%s was asked to stop.") if task.open else _("%s is cancelled.")
        messages.success(request, done % task.human_id)
        return redirect(task.get_absolute_url())

    def _answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        task = get_object_or_404(TrackedTask, pk=pk)
        form = AnswerForm(asked_of(task.input_requests), request.POST)
        try:
            if not form.is_valid():
                return self._page(request, pk, status=422, form=form)
            seen = request.POST.get("asked", "")[:64]
            answering.answer(actor=self.actor, task_id=pk, responses=form.responses(), now=self.now, asked_digest=seen)
        except Refusal as refusal:
            form.take(refusal.problems)
            error = "" if refusal.problems else refusal.message
            return self._page(request, pk, error=error, status=refusal.status, form=form)
        messages.success(request, _("The server took the answer; the next look shows what comes of it."))
        return redirect(task.get_absolute_url())

    def _page(
        self, request: HttpRequest, pk: int, error: str = "", status: int = 200, form: AnswerForm | None = None
    ) -> HttpResponse:
        if pk > MAX_ID:
            raise Http404
        tasks = TrackedTask.objects.select_related("connector", "owner").defer("arguments")
        task: TrackedTask = get_object_or_404(tasks.prefetch_related("incidents"), pk=pk)
        incidents: Any = task.incidents
        waits = task.state == TaskState.INPUT_REQUIRED and bool(task.input_requests)
        allowed = waits and answering.may_answer(self.actor, task)
        asked = asked_of(task.input_requests) if allowed else ()
        context = {
            "task": task,
            "may_answer": allowed and bool(asked),
            "answer_form": (form if form is not None and form.asked == asked else AnswerForm(asked)) if asked else None,
            "asked_digest": digest_of(task.input_requests) if asked and task.input_requests else "",
            "row": row_of(task, self.now),
            "incidents": sorted(incidents.all(), key=lambda one: -one.pk),
            "lines": timeline(task.observations.order_by("-at", "-id")[:TIMELINE]),
            "facts": _facts(task),
            "clocks": _clocks(task),
            "raw": raw(task, self.now),
            "declare_url": _declare_url(task) if may(self.actor, Permission.WORK_INCIDENT) else "",
            "asked": _pretty(task.input_requests),
            "result": _pretty(task.result),
            "short_lived": bool(
                task.open and task.remote_expires_at is not None and task.remote_expires_at < task.deadline_at
            ),
            "elapsed": ((task.ended_at or self.now) - (task.started_at or task.accepted_at)).total_seconds(),
            "runbook": (task.connector.document["runtime_tool"].get("runbook") or {}).get("steps", []),
            "may_cancel": may(self.actor, Permission.START_TASK),
            "may_move": may(self.actor, Permission.MOVE_CLOCKS),
            "paused": task.open and task.paused_until is not None and task.paused_until > self.now,
            "error": error,
            "crumbs": [{"label": _("MCP tasks"), "href": reverse("tasks")}],
        }
        return render(request, "connectors/task.html", context, status=status)


def _declare_url(task: TrackedTask) -> str:
    """The form of an incident about it, filled in as far as it is known."""
    known = {
        "title": f"{task.human_id} {task.operation}: ",
        "owner": task.owner.key,
        "connector": task.connector.key,
        "evidence_reference": task.get_absolute_url(),
    }
    return f"{reverse('incident-declare')}?{urlencode(known)}"


def timeline(observations: Iterable[Observation]) -> list[dict[str, Any]]:
    """The lines of parts/timeline.html, in the order given."""
    return [_line(seen) for seen in observations]


def _line(seen: Observation) -> dict[str, Any]:
    shape, tone, text = _LINES.get(seen.what, ("dot", "", seen.what.replace("_", " ").capitalize()))
    state = TaskState(seen.state)
    if seen.what == "ended":
        shape, tone = ("check", "ok") if state in _ENDS_WELL else ("cross", "bad")
        text = _("Ended: %s") % state.label
    elif seen.what == "changed" and seen.remote_status:
        text = _("Changed: %s") % seen.remote_status
    return {"at": seen.at, "text": text, "note": seen.detail, "shape": shape, "tone": tone}


def _facts(task: TrackedTask) -> list[dict[str, Any]]:
    way = ways.name_of(task.connector.document)
    return [
        {"label": _("Connector"), "value": task.connector.local_name, "href": task.connector.get_absolute_url()},
        {"label": _("Operation"), "value": task.operation, "mono": True},
        {"label": _("Owner"), "value": task.owner.name},
        {"label": _("Started by"), "value": task.started_by_name},
        {"label": _("Observed by"), "value": way.label if way else "", "note": ways.LIMITS[way] if way else ""},
        {"label": _("Remote task"), "value": task.remote_task_id, "mono": True},
        {"label": _("Remote status"), "value": task.remote_status, "mono": True},
        {"label": _("Idempotency key"), "value": task.idempotency_key, "mono": True},
        {"label": _("Request digest"), "value": task.arguments_digest[:12], "mono": True},
        {"label": _("Correlation id"), "value": task.correlation_id, "mono": True},
    ]


def _clocks(task: TrackedTask) -> list[tuple[str, int]]:
    """The windows of its SLA in seconds: those that its request set, the others as its connector says now."""
    return [
        (_("Start"), task.start_seconds),
        (_("Deadline"), task.deadline_seconds),
        (_("Stall"), task.stall_seconds),
        (_("Waiting for input, in working hours") if _in_hours(task) else _("Waiting for input"), task.input_seconds),
        (_("Blind"), task.blind_seconds),
        (_("Cancel"), task.cancel_seconds),
    ]


def _in_hours(task: TrackedTask) -> bool:
    sla = task.connector.document["runtime_tool"]["task_sla"]
    return sla.get("input_hours") == "team" and bool(task.owner.hours)


def _pretty(value: object) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
