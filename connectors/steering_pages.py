"""Pages about clocks: those of one task, and the maintenance in which none of a connector's or a team's run."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.models import Maintenance, TrackedTask
from connectors.pages import MAX_ID
from connectors.pauses import MOST_REASON
from connectors.syncs.forms import PauseForm
from connectors.tracking import maintenance, steering
from connectors.tracking.clocks import MOST_SECONDS
from portal.people.guards import not_allowed
from portal.people.models import Team
from portal.refusals import Refusal
from portal.roles import Permission, may
from portal.web.people_forms import shown
from portal.web.views.base import PageView

LISTED = 50


def _reason() -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    return forms.CharField(label=gettext_lazy("Reason"), max_length=MOST_REASON, widget=widget)


class ExtendForm(forms.Form):
    """How much longer, and why."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes more"),
        min_value=1,
        max_value=MOST_SECONDS // 60,
        help_text=gettext_lazy("Added to its deadline. That is done once."),
    )
    reason = _reason()


class CloseTaskForm(forms.Form):
    """Why nobody will know."""

    reason = _reason()


class MaintenanceForm(PauseForm):
    """Of what, from when, until when, and why."""

    # Its key, not a choice among all: there may be tens of thousands.
    connector = forms.CharField(
        required=False, max_length=60, label=gettext_lazy("Runtime tool"), help_text=gettext_lazy("Its key: crm-lookup."),
    )  # fmt: skip
    team = forms.ModelChoiceField(
        queryset=Team.objects.order_by("name"), to_field_name="key", required=False,
        label=gettext_lazy("Or all tasks of a team"),
    )  # fmt: skip
    starts_at = forms.DateTimeField(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("Now, unless told."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ("connector", "team", "starts_at", "until", "reason")


class TaskClocks(PageView):
    """Extend the deadline of one task, pause its clocks, or close it as unknown."""

    permission = Permission.MOVE_CLOCKS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The forms; of what cannot be done now, why."""
        return self._page(self._task(pk), {})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """By the button that was pressed."""
        task, action = self._task(pk), request.POST.get("action", "")
        kinds: dict[str, Any] = {"extend": ExtendForm, "pause": PauseForm, "close": CloseTaskForm, "resume": forms.Form}
        if action not in kinds:
            raise Http404
        form = kinds[action](request.POST)
        if not form.is_valid():
            return self._page(task, {action: form}, status=422)
        told = dict(form.cleaned_data)
        if "minutes" in told:
            told["seconds"] = told.pop("minutes") * 60
        try:
            getattr(steering, action)(actor=self.actor, task_id=pk, now=self.now, **told)
        except Refusal as refusal:
            if refusal.problems:
                shown(form, refusal)
            else:
                messages.error(request, refusal.message)
            return self._page(self._task(pk), {action: form}, status=refusal.status)
        done = {
            "extend": _("%s has more time."), "pause": _("No clock of %s runs."), "resume": _("The clocks of %s run again."),
            "close": _("%s is closed as unknown."),
        }  # fmt: skip
        messages.success(request, done[action] % task.human_id)
        return redirect(task.get_absolute_url())

    def _task(self, pk: int) -> TrackedTask:
        if pk > MAX_ID:
            raise Http404
        rows = TrackedTask.objects.select_related("connector").defer("connector__document", "arguments", "result")
        found: TrackedTask = get_object_or_404(rows, pk=pk)
        return found

    def _page(self, task: TrackedTask, told: dict[str, forms.Form], status: int = 200) -> HttpResponse:
        until = timezone.localtime(self.now + timedelta(hours=4)).replace(second=0, microsecond=0)
        context = {
            "task": task,
            "extend_form": told.get("extend") or ExtendForm(initial={"minutes": 30}),
            "pause_form": told.get("pause") or PauseForm(initial={"until": until}),
            "close_form": told.get("close") or CloseTaskForm(),
            "paused": task.paused_until is not None and task.paused_until > self.now,
            "unseen": steering.out_of_sight(task, self.now),
            "crumbs": [
                {"label": _("MCP tasks"), "href": reverse("tasks")},
                {"label": task.human_id, "href": task.get_absolute_url()},
                {"label": _("Clocks")},
            ],
        }
        return render(self.request, "connectors/task_clocks.html", context, status=status)


class MaintenanceList(PageView):
    """Planned, running and past maintenance; a form to plan one; a button to end one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list, the newest first."""
        until = timezone.localtime(self.now + timedelta(hours=4)).replace(second=0, microsecond=0)
        return self._page(MaintenanceForm(initial={"until": until, "connector": request.GET.get("connector", "")[:60]}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Plan one, or end one."""
        if request.POST.get("action") == "end":
            return self._end(request)
        form = MaintenanceForm(request.POST)
        if not form.is_valid():
            return self._page(form, status=422)
        told = form.cleaned_data
        try:
            maintenance.plan(
                actor=self.actor, connector_key=told["connector"],
                team_key=told["team"].key if told["team"] else "", starts_at=told["starts_at"] or self.now,
                until=told["until"], reason=told["reason"], now=self.now,
            )  # fmt: skip
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(form, status=refusal.status)
        messages.success(request, _("Maintenance is planned. Its first sweep moves the clocks."))
        return redirect("maintenance")

    def _end(self, request: HttpRequest) -> HttpResponse:
        chosen = request.POST.get("id", "")
        try:
            number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else 0
            maintenance.end(actor=self.actor, maintenance_id=number, now=self.now)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("It is over."))
        return redirect("maintenance")

    def _page(self, form: MaintenanceForm, status: int = 200) -> HttpResponse:
        rows = Maintenance.objects.select_related("connector", "team").defer("connector__document")[:LISTED]
        allowed = may(self.actor, Permission.MOVE_CLOCKS)
        words = {"planned": _("Planned"), "running": _("Running"), "over": _("Over"), "taken_back": _("Taken back")}
        badges = {"planned": "waiting", "running": "running", "over": "completed", "taken_back": "cancelled"}
        context = {
            "form": form,
            "why": "" if allowed else not_allowed(Permission.MOVE_CLOCKS),
            "rows": [
                {"one": one, "badge": badges[state], "word": words[state], "open": state in ("planned", "running")}
                for one in rows for state in (one.shown(self.now),)
            ],
            "columns": [
                {"label": _("Of")}, {"label": _("State")}, {"label": _("From")}, {"label": _("Until")},
                {"label": _("Reason")}, {"label": _("Planned by")}, {"label": ""},
            ],
            "crumbs": [{"label": _("MCP tasks"), "href": reverse("tasks")}, {"label": _("Maintenance")}],
        }  # fmt: skip
        return render(self.request, "connectors/maintenance.html", context, status=status)
