"""Pages of incidents: what is burning, and one incident with what to do about it."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.refusals import Refusal
from portal.registry import kinds
from portal.roles import Permission, may
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response
from severity import services
from severity.answers import incident_answer
from severity.filters import IncidentFilter
from severity.models import Incident, IncidentState, TimelineEvent
from severity.rules import RULES, Level

TIMELINE = 200
# The columns of the CSV, by the names of the API.
CSV = (
    "human_id", "severity", "state", "title", "rule", "source", "connector", "owner", "commander", "opened_at",
    "acknowledged_at", "mitigated_at", "resolved_at", "repeats", "task",
)  # fmt: skip
MAX_DIGITS = 18

# Button → what the services call it, and what the person is told afterwards.
_ACTS: dict[str, tuple[Callable[..., Any], Any]] = {
    "acknowledge": (services.acknowledge, gettext_lazy("You acknowledged %s.")),
    "mitigate": (services.mitigate, gettext_lazy("%s is mitigated.")),
    "resolve": (services.resolve, gettext_lazy("%s is resolved.")),
    "comment": (services.comment, gettext_lazy("Your note is on the timeline of %s.")),
}
# What may be pressed in each state, the next step first.
_STEPS: dict[str, tuple[str, ...]] = {
    IncidentState.OPEN: ("acknowledge", "mitigate", "resolve"),
    IncidentState.ACKNOWLEDGED: ("mitigate", "resolve"),
    IncidentState.MITIGATED: ("resolve",),
    IncidentState.RESOLVED: (),
}
_LABELS = {
    "acknowledge": gettext_lazy("Acknowledge"),
    "mitigate": gettext_lazy("Mitigate"),
    "resolve": gettext_lazy("Resolve"),
}
_LINES = {
    "opened": ("incident", "bad", gettext_lazy("Opened")),
    "repeated": ("incident", "risk", gettext_lazy("Came back")),
    "reopened": ("incident", "bad", gettext_lazy("Came back")),
    "raised": ("risk", "bad", gettext_lazy("Raised")),
    "acknowledged": ("half", "info", gettext_lazy("Acknowledged")),
    "mitigated": ("half", "info", gettext_lazy("Mitigated")),
    "resolved": ("check", "ok", gettext_lazy("Resolved")),
    "comment": ("pencil", "", gettext_lazy("Note")),
}


def incident_id_of(text: str) -> int:
    """The number in INC-12 or 12, or 404."""
    number = text.upper().removeprefix("INC-")
    if not number.isascii() or not number.isdigit() or len(number) > MAX_DIGITS:
        raise Http404
    return int(number)


def cause_of(incident: Incident) -> str:
    """In words, the rule that was broken; a rule we do not know is shown as it is."""
    rule = RULES.get(incident.rule)
    return rule.title if rule else incident.rule


def address_of(incident: Incident) -> str:
    """The page of what it is about, if that has one."""
    if incident.subject_kind == "team":
        return reverse("team", args=[incident.subject_key])
    if incident.subject_kind == "change":
        return reverse("change", args=[incident.subject_key])
    pages = {kind.name: kind.pages for kind in kinds.all_kinds()}.get(incident.subject_kind)
    return reverse("entry", args=[pages, incident.subject_key]) if pages else ""


class IncidentList(PageView):
    """What is burning, the worst and oldest first."""

    tabs = (
        ("", gettext_lazy("Unresolved")),
        ("resolved", gettext_lazy("Resolved")),
        ("all", gettext_lazy("All")),
    )

    def _rows(self, tab: str) -> QuerySet[Incident]:
        incidents = Incident.objects.visible().defer("connector__document")
        if tab == "resolved":
            return incidents.filter(state=IncidentState.RESOLVED).order_by("-resolved_at", "-id")
        if tab == "all":
            return incidents.order_by("-id")
        return incidents.unresolved().by_urgency()

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """One tab of the list, or all of its rows as CSV with `?format=csv`."""
        tab = request.GET.get("tab", "")
        if tab not in dict(self.tabs):
            tab = ""
        listing = Listing(request, IncidentFilter, self._rows(tab))
        # The tabs say the one; the other is for links from a task.
        listing.form.fields.pop("open", None)
        listing.form.fields.pop("task", None)
        if request.GET.get("format") == "csv":
            answers = (dict(incident_answer(one)) for one in listing.queryset.iterator(500))
            return csv_response("incidents", list(CSV), ([one[name] for name in CSV] for one in answers))
        context = listing.context()
        context |= {
            "rows": [{"incident": one, "cause": cause_of(one)} for one in context["rows"]],
            "tab": tab,
            "tabs": [
                {"label": label, "href": f"?tab={name}" if name else "?", "current": name == tab}
                for name, label in self.tabs
            ],
            "clear_url": f"?tab={tab}" if tab else "?",
            "any": bool(context["rows"]) or Incident.objects.exists(),
            "columns": [
                {"label": _("Incident"), "sort": "title"},
                {"label": _("Severity"), "sort": "severity"},
                {"label": _("State"), "sort": "state"},
                {"label": _("Cause"), "sort": "rule"},
                {"label": _("Object"), "sort": "object"},
                {"label": _("Owner"), "sort": "owner"},
                {"label": _("Commander")},
                {"label": _("Opened"), "sort": "opened_at"},
                {"label": _("Repeats"), "numeric": True, "sort": "repeats"},
            ],
        }
        return render(request, "severity/incidents.html", context)


class IncidentPage(PageView):
    """One incident: how bad, whose, what happened, the next step."""

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The page; its blocks renew themselves until it is resolved."""
        return self._page(request, pk)

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Acknowledge, mitigate, resolve or note, by the button that was pressed."""
        if request.POST.get("action") not in _ACTS:
            raise Http404
        act, done = _ACTS[request.POST["action"]]
        number = incident_id_of(pk)
        try:
            act(actor=self.actor, incident_id=number, now=self.now, text=request.POST.get("text", "").strip())
        except Refusal as refusal:
            return self._page(request, pk, error=refusal.message, status=refusal.status)
        messages.success(request, done % f"INC-{number}")
        return redirect("incident", f"INC-{number}")

    def _page(self, request: HttpRequest, pk: str, error: str = "", status: int = 200) -> HttpResponse:
        incidents = Incident.objects.visible().select_related("task").defer(
            "connector__document", "task__arguments", "task__result", "task__input_requests"
        )  # fmt: skip
        incident: Incident = get_object_or_404(incidents, pk=incident_id_of(pk))
        steps = _STEPS[incident.state]
        context = {
            "incident": incident,
            "cause": cause_of(incident),
            "subject_url": address_of(incident),
            "lines": timeline(incident.timeline.order_by("-id")[:TIMELINE]),
            "steps": [{"action": step, "label": _LABELS[step], "first": step == steps[0]} for step in steps],
            "needs_text": incident.level >= Level.V2 and not incident.resolved,
            "may_work": may(self.actor, Permission.WORK_INCIDENT),
            "text": request.POST.get("text", ""),
            "error": error,
            "crumbs": [{"label": _("Incidents"), "href": reverse("incidents")}],
        }
        return render(request, "severity/incident.html", context, status=status)


def timeline(events: Iterable[TimelineEvent]) -> list[dict[str, Any]]:
    """The lines of parts/timeline.html, in the order given."""
    lines = []
    for event in events:
        shape, tone, word = _LINES.get(event.what, ("dot", "", event.what.replace("_", " ").capitalize()))
        lines.append(
            {
                "at": event.at,
                "text": f"{word} · {Level(event.severity).name}",
                "note": event.text,
                "actor": event.actor_name,
                "shape": shape,
                "tone": tone,
            }
        )
    return lines
