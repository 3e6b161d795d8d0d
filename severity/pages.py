"""Pages of incidents: what is burning, as a list, and what is done with several at once."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.refusals import Refusal
from portal.registry import kinds
from portal.roles import Permission, may
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response
from severity import services
from severity.answers import due_of, incident_answer
from severity.duties import next_due
from severity.filters import IncidentFilter
from severity.models import Incident, IncidentState
from severity.rules import RULES

MOST_AT_ONCE = 50
# The columns of the CSV, by the names of the API.
CSV = (
    "human_id", "severity", "state", "title", "rule", "source", "connector", "owner", "commander", "opened_at",
    "acknowledged_at", "mitigated_at", "resolved_at", "repeats", "task",
    "dimension", "ack_by", "update_by", "resolve_by", "review_by", "impact", "measure", "merged_into",
)  # fmt: skip
MAX_DIGITS = 18


def incident_id_of(text: str) -> int:
    """The number in INC-12 or 12, or 404."""
    number = text.upper().removeprefix("INC-")
    if not number.isascii() or not number.isdigit() or len(number) > MAX_DIGITS:
        raise Http404
    return int(number)


def cause_of(incident: Incident) -> str:
    """In words, the rule that was broken; a rule we do not know is shown as it is."""
    rule = RULES.get(incident.rule)
    return str(rule.label) if rule else incident.rule


def address_of(incident: Incident) -> str:
    """The page of what it is about, if that has one."""
    if not incident.subject_key:
        return ""
    if incident.subject_kind == "team":
        return reverse("team", args=[incident.subject_key])
    if incident.subject_kind == "claim":
        return reverse("claim", args=[incident.subject_key])
    if incident.subject_kind == "change":
        return reverse("change", args=[incident.subject_key])
    pages = {kind.name: kind.pages for kind in kinds.all_kinds()}.get(incident.subject_kind)
    return reverse("entry", args=[pages, incident.subject_key]) if pages else ""


class IncidentList(PageView):
    """What is burning, the worst and oldest first."""

    is_list = True

    tabs = (
        ("", gettext_lazy("Unresolved")),
        ("resolved", gettext_lazy("Resolved")),
        ("all", gettext_lazy("All")),
        ("board", gettext_lazy("Board")),
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
        if tab == "board":
            return redirect("incident-board")
        if tab not in dict(self.tabs):
            tab = ""
        # Whoever asks for these has left out the tab.
        if tab == "" and request.GET.getlist("state") == [IncidentState.RESOLVED]:
            tab = "resolved"
        # Ticks would be lost where the rows renew themselves.
        choosing = "choose" in request.GET and may(self.actor, Permission.WORK_INCIDENT)
        said = ("open", "state") if tab == "resolved" else ("open",)
        listing = Listing(request, IncidentFilter, self._rows(tab), without=said)
        # For links from a task.
        listing.form.fields.pop("task", None)
        if request.GET.get("format") == "csv":
            answers = (dict(incident_answer(one)) for one in listing.queryset.iterator(500))
            return csv_response("incidents", list(CSV), ([one[name] for name in CSV] for one in answers))
        context = listing.context()
        context |= {
            "rows": [
                {"incident": one, "cause": cause_of(one), "due": next_due(due_of(one), one.state)}
                for one in context["rows"]
            ],
            "tab": tab,
            "tabs": tabs(tab),
            "choosing": choosing,
            "may_work": may(self.actor, Permission.WORK_INCIDENT),
            "clear_url": f"?tab={tab}",
            "any": bool(context["rows"]) or Incident.objects.exists(),
            "columns": [
                *([{"label": _("Choose"), "hide_label": True}] if choosing else []),
                {"label": _("Incident"), "sort": "id"},
                {"label": _("Severity"), "sort": "severity"},
                {"label": _("State")},
                {"label": _("Cause"), "sort": "rule"},
                {"label": _("Object")},
                {"label": _("Owner")},
                {"label": _("Commander")},
                {"label": _("Opened"), "sort": "opened_at"},
                {"label": _("Next due")},
                {"label": _("Blocks")},
                {"label": _("Repeats"), "numeric": True},
            ],
        }
        return render(request, "severity/incidents.html", context)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Acknowledge those chosen, or merge them into one: each by itself, as it stands now; who may is asked anew."""
        acts = {"acknowledge": self._acknowledge, "merge": self._merge}
        if request.POST.get("action") not in acts:
            raise Http404
        texts = request.POST.getlist("chosen")[:MOST_AT_ONCE]
        chosen = list(dict.fromkeys(incident_id_of(text) for text in texts))
        if not chosen:
            messages.error(request, _("Choose some incidents first."))
        else:
            acts[request.POST["action"]](request, chosen)
        return redirect(f"{reverse('incidents')}?choose=1")

    def _each(self, request: HttpRequest, chosen: list[int], done: Any, act: Any) -> None:
        count = 0
        for number in chosen:
            try:
                act(number)
                count += 1
            except Refusal as refusal:
                messages.error(request, f"INC-{number}: {refusal.message}")
        if count:
            messages.success(request, done % count)

    def _acknowledge(self, request: HttpRequest, chosen: list[int]) -> None:
        self._each(request, chosen, _("You acknowledged %d of them."),
                   lambda number: services.acknowledge(actor=self.actor, incident_id=number, now=self.now))  # fmt: skip

    def _merge(self, request: HttpRequest, chosen: list[int]) -> None:
        into = incident_id_of(request.POST.get("into", "").strip() or str(chosen[0]))
        self._each(request, [one for one in chosen if one != into], _("%d of them were merged."),
                   lambda number: services.merge(
                       actor=self.actor, incident_id=number, into=into, now=self.now, text=request.POST.get("text", "")
                   ))  # fmt: skip


def tabs(current: str) -> list[dict[str, Any]]:
    """The tabs of list and board."""
    at = reverse("incidents")
    return [
        {
            "label": label,
            "href": reverse("incident-board") if name == "board" else f"{at}?tab={name}",
            "current": name == current,
        }
        for name, label in IncidentList.tabs
    ]
