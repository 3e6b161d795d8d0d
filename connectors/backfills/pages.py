"""Pages of backfills beside those of every entry: the work as it moves, its buttons, and the form of a drill."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.backfills import drilling, steering
from connectors.backfills.bodies import MOST_MINUTES
from connectors.backfills.documents import MOST_PARTITIONS
from connectors.backfills.drilling import Rehearsal, StepDone
from connectors.backfills.runbooks import digest_today, runbook_of
from connectors.backfills.shown import at_work
from connectors.models import BackfillJob, Connector, ConnectorKind
from portal.refusals import Invalid, Problem, Refusal
from portal.roles import Permission
from portal.web.views.base import PageView

# What ends the polling of htmx.
STOP_POLLING = 286


def _reason(data: Any) -> dict[str, Any]:
    return {"reason": data.get("reason", "")}


def _retried(data: Any) -> dict[str, Any]:
    words = data.get("partitions", "").replace(",", " ").split()
    if len(words) > MOST_PARTITIONS or not all(one.isascii() and one.isdigit() and len(one) < 6 for one in words):
        message = _("Write the numbers of parts, parted by commas.")
        raise Invalid("partitions", message, [Problem("partitions", message)])
    return _reason(data) | {"parts": [int(one) for one in words]}


# Button → the service, what it is told of what was posted, and what the person is told afterwards.
_ACTS: dict[str, tuple[Callable[..., BackfillJob], Callable[[Any], dict[str, Any]], Any]] = {
    "pause": (steering.pause, _reason, gettext_lazy("%s is paused.")),
    "resume": (steering.resume, lambda data: {}, gettext_lazy("%s goes on.")),
    "cancel": (steering.cancel, _reason, gettext_lazy("%s is cancelled.")),
    "retry": (steering.retry, _retried, gettext_lazy("Parts of %s are tried anew.")),
    "verify": (
        steering.verify,
        lambda data: {"verification": data.get("verification", "")},
        gettext_lazy("%s is verified and done."),
    ),
}


class Work(PageView):
    """What moves of the page of a backfill, and the buttons on it."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The block that renews itself; once the job is over, for the last time."""
        job = self._job(key)
        context = at_work(job, request.GET.dict(), self.now)
        status = STOP_POLLING if context["over"] else 200
        return render(request, "connectors/backfills/now.html", context, status=status)

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """What the button that was pressed asks for."""
        if request.POST.get("action") not in _ACTS:
            raise Http404
        job = self._job(key)
        act, read, told = _ACTS[request.POST["action"]]
        try:
            act(actor=self.actor, key=job.backfill.key, now=self.now, **read(request.POST))
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, told % job.backfill.human_id)
        return redirect(job.backfill.get_absolute_url())

    def _job(self, key: str) -> BackfillJob:
        return get_object_or_404(BackfillJob.objects.select_related("backfill"), backfill__key=key)


class DrillForm(forms.Form):
    """What became of each step of the runbook, and of the whole."""

    passed = forms.TypedChoiceField(
        choices=[("", "—"), ("yes", gettext_lazy("It passed")), ("no", gettext_lazy("It did not pass"))],
        coerce=lambda value: value == "yes",
        label=gettext_lazy("Outcome"),
    )
    minutes = forms.IntegerField(
        min_value=0, max_value=MOST_MINUTES, required=False, label=gettext_lazy("Minutes it took")
    )
    drilled_at = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        label=gettext_lazy("When"),
        help_text=gettext_lazy("Empty means now."),
    )
    note = forms.CharField(
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        label=gettext_lazy("What was learned"),
    )

    def __init__(self, steps: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.texts = steps
        for number in range(1, len(steps) + 1):
            self.fields[f"done_{number}"] = forms.BooleanField(required=False, label=_("done"))
            self.fields[f"why_{number}"] = forms.CharField(
                max_length=500, required=False, label=_("Note on step %d") % number
            )

    def steps(self) -> list[dict[str, Any]]:
        """Each step with its two fields, as the template draws them."""
        return [
            {"text": text, "done": self[f"done_{number}"], "why": self[f"why_{number}"]}
            for number, text in enumerate(self.texts, start=1)
        ]

    def rehearsal(self, digest: str, now: datetime) -> Rehearsal:
        """What the form says."""
        said = self.cleaned_data
        return Rehearsal(
            passed=said["passed"],
            drilled_at=said["drilled_at"] or now,
            minutes=said["minutes"],
            steps=[
                StepDone(number, said[f"done_{number}"], said[f"why_{number}"])
                for number in range(1, len(self.texts) + 1)
            ],
            note=said["note"],
            runbook_digest=digest,
        )


class RecordDrill(PageView):
    """A form with every step of today's runbook."""

    permission = Permission.WORK_BACKFILL

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The form."""
        sync = self._sync(key)
        return self._page(request, sync, DrillForm(runbook_of(sync.document)["steps"]))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Record it."""
        sync = self._sync(key)
        form = DrillForm(runbook_of(sync.document)["steps"], request.POST)
        if not form.is_valid():
            return self._page(request, sync, form, status=422)
        told = form.rehearsal(request.POST.get("digest", "")[:64], self.now)
        try:
            drilling.drill(actor=self.actor, sync=sync.key, told=told, now=self.now)
        except Refusal as refusal:
            error = " ".join(dict.fromkeys(one.message for one in refusal.problems)) or refusal.message
            return self._page(request, sync, form, error=error, status=refusal.status)
        messages.success(request, _("The drill is recorded."))
        return redirect(f"{sync.get_absolute_url()}?tab=runbook")

    def _sync(self, key: str) -> Connector:
        return get_object_or_404(Connector, key=key, kind=ConnectorKind.DATA_MOVEMENT)

    def _page(
        self, request: HttpRequest, sync: Connector, form: DrillForm, error: str = "", status: int = 200
    ) -> HttpResponse:
        context = {
            "sync": sync,
            "form": form,
            "steps": form.steps(),
            "plain": [form[name] for name in ("passed", "minutes", "drilled_at", "note")],
            "error": error,
            "digest": digest_today(sync.key),
            "crumbs": [
                {"label": _("Data syncs"), "href": reverse("syncs")},
                {"label": sync.name, "href": f"{sync.get_absolute_url()}?tab=runbook"},
                {"label": _("Record a drill")},
            ],
        }
        return render(request, "connectors/backfills/drill.html", context, status=status)
