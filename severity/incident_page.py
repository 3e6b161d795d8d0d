"""The page of one incident: how bad, whose, what happened, the next step."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError

from portal.people.models import Team
from portal.refusals import Invalid, Refusal
from portal.registry.documents import flatten
from portal.roles import Permission, may
from portal.web.views.base import PageView
from severity import services
from severity.answers import due_of, exceptions_answer, review_answer, steps_answer
from severity.bodies import EvidenceItem
from severity.duties import BY_STATE
from severity.incident_words import DUTIES, evidence_kind, shown_evidence, timeline
from severity.models import Incident, IncidentState, Severity
from severity.pages import address_of, cause_of, incident_id_of
from severity.readiness import Dimension
from severity.releases.reads import held_by
from severity.rules import Level
from severity.services import Told

TIMELINE = 200
EVIDENCE_KINDS = tuple((name, evidence_kind(name)) for name in ("log", "run", "file", "address", "person"))


def evidence_of(request: HttpRequest) -> list[dict[str, Any]]:
    """The one piece of evidence that the form takes; nothing where no reference was given."""
    given = {name: request.POST.get(f"evidence_{name}", "").strip() for name in ("kind", "reference", "note")}
    if not given["reference"]:
        return []
    checked = EvidenceItem(data=given)
    try:
        checked.is_valid(raise_exception=True)
    except ValidationError as error:
        problems = flatten(error.detail, "evidence")
        raise Invalid("evidence", problems[0].message, problems) from None
    return [dict(checked.validated_data)]


def _level(request: HttpRequest) -> Level:
    name = request.POST.get("severity", "")
    if name not in Level.__members__:
        raise Invalid("severity", _("Choose a severity."))
    return Level[name]


def _text(request: HttpRequest) -> dict[str, Any]:
    return {"text": request.POST.get("text", "").strip()}


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


Reader = Callable[[HttpRequest], dict[str, Any]]
# Button → the service, what it is told of what was posted, and what the person is told afterwards.
_ACTS: dict[str, tuple[Callable[..., Any], Reader, Any]] = {
    "acknowledge": (services.acknowledge, _text, gettext_lazy("You acknowledged %s.")),
    "mitigate": (services.mitigate, _text, gettext_lazy("%s is mitigated.")),
    "resolve": (services.resolve, _text, gettext_lazy("%s is resolved.")),
    "comment": (services.comment, _text, gettext_lazy("Your note is on the timeline of %s.")),
    "update": (services.update, _text, gettext_lazy("Your update of %s is posted.")),
    "impact": (services.set_impact, _text, gettext_lazy("It is said whom %s hurts.")),
    "measure": (services.record_measure, _text, gettext_lazy("The measure for %s is recorded.")),
    "withdraw_measure": (services.withdraw_measure, _text, gettext_lazy("The measure for %s is withdrawn.")),
    "severity": (
        services.change_severity,
        lambda request: _text(request) | {"severity": _level(request), "evidence": evidence_of(request)},
        gettext_lazy("The severity of %s is changed."),
    ),
    "command": (
        services.command,
        lambda request: _text(request) | {"to": request.POST.get("to", "")},
        gettext_lazy("The command of %s has changed hands."),
    ),
    "owner": (
        services.give,
        lambda request: _text(request) | {"owner": request.POST.get("owner", "")},
        gettext_lazy("%s belongs to another team now."),
    ),
    "step": (services.tick, lambda request: {"number": _number(request, "number")}, gettext_lazy("A step of %s is done.")),
    "link": (
        services.link,
        lambda request: {"reference": request.POST.get("reference", ""), "title": request.POST.get("title", "")},
        gettext_lazy("It is linked to %s."),
    ),
    "unlink": (services.unlink, lambda request: {"link_id": _number(request, "link")}, gettext_lazy("A link of %s is gone.")),
    "merge": (
        services.merge,
        lambda request: _text(request) | {"into": incident_id_of(request.POST.get("into", "").strip())},
        gettext_lazy("%s is merged."),
    ),
    "subscribe": (services.subscribe, lambda request: {}, gettext_lazy("You follow %s.")),
    "unsubscribe": (services.unsubscribe, lambda request: {}, gettext_lazy("You follow %s no more.")),
    "review": (
        services.write_review,
        lambda request: {name: request.POST.get(name, "") for name in ("what_happened", "cause", "follow_up")},
        gettext_lazy("The review of %s is written."),
    ),
    "approve_review": (
        services.approve_review,
        lambda request: {"digest": request.POST.get("digest", "")},
        gettext_lazy("The review of %s is approved."),
    ),
}  # fmt: skip
_LABELS = {
    "acknowledge": gettext_lazy("Acknowledge"),
    "update": gettext_lazy("Post update"),
    "mitigate": gettext_lazy("Mitigate"),
    "resolve": gettext_lazy("Resolve"),
}


def steps_from(incident: Incident) -> tuple[str, ...]:
    """What may be pressed in its state, the next step first. An update comes first where the level asks for one."""
    if incident.state == IncidentState.OPEN:
        return ("acknowledge", "mitigate", "resolve", "update")
    if incident.state == IncidentState.ACKNOWLEDGED:
        return ("update", "mitigate", "resolve") if incident.update_by else ("mitigate", "resolve", "update")
    return ("resolve", "update") if incident.state == IncidentState.MITIGATED else ()


class IncidentPage(PageView):
    """One incident: how bad, whose, what happened, the next step."""

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The page; its blocks renew themselves until it is resolved."""
        return self._page(request, pk)

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """What the button that was pressed asks for."""
        if request.POST.get("action") not in _ACTS:
            raise Http404
        act, read, done = _ACTS[request.POST["action"]]
        number = incident_id_of(pk)
        try:
            act(actor=self.actor, incident_id=number, now=self.now, **read(request))
        except Refusal as refusal:
            return self._page(request, pk, error=refusal.message, status=refusal.status)
        messages.success(request, done % f"INC-{number}")
        return redirect("incident", f"INC-{number}")

    def _page(self, request: HttpRequest, pk: str, error: str = "", status: int = 200) -> HttpResponse:
        incidents = Incident.objects.visible().select_related("task", "merged_into", "resolved_by").defer(
            "connector__document", "task__arguments", "task__result", "task__input_requests"
        )  # fmt: skip
        incident: Incident = get_object_or_404(incidents, pk=incident_id_of(pk))
        steps = steps_from(incident)
        review = review_answer(incident)
        wanted = incident.resolved and incident.severity >= Level.V2 and incident.merged_into_id is None
        works = may(self.actor, Permission.WORK_INCIDENT)
        followers = [one.user for one in incident.subscribers.select_related("user")[:50]]
        context = {
            "incident": incident,
            "cause": cause_of(incident),
            "subject_url": address_of(incident),
            "clocks": self._clocks(incident, approved=bool(review and review["approved_at"])),
            "lines": timeline(incident.timeline.order_by("-id")[:TIMELINE]),
            "steps": [{"action": step, "label": _LABELS[step], "first": step == steps[0]} for step in steps],
            "needs_text": incident.level >= Level.V2 and not incident.resolved,
            "may_work": works,
            "may_lower": incident.level < Level.V3 or may(self.actor, Permission.LOWER_V3),
            "levels": [(one.name, Severity(one.value).label) for one in Level if one != incident.level],
            "evidence_kinds": EVIDENCE_KINDS,
            "evidence": shown_evidence(incident),
            "teams": Team.objects.exclude(pk=incident.owner_id) if works and not incident.resolved else (),
            "runbook": steps_answer(incident),
            "links": incident.links.all(),
            "merged": incident.merged.only("id", "title")[:20],
            "exceptions": exceptions_answer(incident, self.now),
            # Filled by the readiness of releases: [{"label", "href", "to"}].
            "blocked_releases": held_by(incident),
            "tellings": incident.tellings.select_related("route").order_by("id"),
            "followers": followers,
            "follows": self.actor.user in followers,
            "review": review,
            "review_wanted": wanted,
            "may_approve": bool(review and not review["approved_at"] and may(self.actor, Permission.SIGN)
                                and review["author"] != self.actor.name),
            "posted": request.POST,
            "text": request.POST.get("text", ""),
            "error": error,
            "crumbs": [{"label": _("Incidents"), "href": reverse("incidents")}],
        }  # fmt: skip
        return render(request, "severity/incident.html", context, status=status)

    @staticmethod
    def _clocks(incident: Incident, *, approved: bool) -> list[dict[str, Any]]:
        """The clocks that this level has, and which of them run; of what is over only those that run."""
        due = due_of(incident)
        running = due.of(incident.state, reviewed=approved)
        return [
            {"label": DUTIES[name], "at": getattr(due, name), "runs": name in running}
            for name in dict.fromkeys(name for names in BY_STATE.values() for name in names)
            if name in running or (getattr(due, name) is not None and not incident.resolved)
        ]


class Declare(PageView):
    """A person declares an incident."""

    permission = Permission.WORK_INCIDENT
    fields = ("title", "owner", "text", "dimension", "impact", "connector")

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, filled in as far as the address tells."""
        return self._page(request, uuid.uuid4().hex)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Declare it; sent twice, it is declared once."""
        once = request.POST.get("once", "")[:40] or uuid.uuid4().hex
        given = {name: request.POST.get(name, "").strip() for name in self.fields}
        try:
            told = Told(severity=_level(request), evidence=evidence_of(request), **given)
            made = services.declare(actor=self.actor, now=self.now, told=told, once=once)
        except Refusal as refusal:
            return self._page(request, once, errors=refusal.problems or [refusal], status=refusal.status)
        messages.success(request, _("%s is declared.") % made.human_id)
        return redirect("incident", made.human_id)

    def _page(self, request: HttpRequest, once: str, errors: Any = (), status: int = 200) -> HttpResponse:
        paths = [getattr(one, "path", "").partition(".")[0] for one in errors]
        context = {
            "once": once,
            "posted": request.POST or request.GET,
            "errors": [
                {"message": one.message, "href": f"#id_{path}" if path else ""}
                for one, path in zip(errors, paths, strict=True)
            ],
            "bad": paths,
            "levels": [(one.name, Severity(one.value).label) for one in reversed(Level)],
            "teams": Team.objects.all(),
            "dimensions": Dimension.choices,
            "evidence_kinds": EVIDENCE_KINDS,
            "crumbs": [{"label": _("Incidents"), "href": reverse("incidents")}, {"label": _("Declare incident")}],
        }
        return render(request, "severity/declare.html", context, status=status)
