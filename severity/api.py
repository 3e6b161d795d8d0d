"""Incidents by API."""

from collections.abc import Callable
from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.registry.documents import StrictSerializer
from portal.roles import Permission
from severity import bodies, services
from severity.answers import IncidentAnswer, IncidentWithTimeline, ReportAnswer, incident_answer, whole_answer
from severity.filters import IncidentFilter
from severity.models import Incident
from severity.rules import Level
from severity.services import Told

# What people do with one incident: action → what is read of it.
_ACTS: dict[str, Any] = {
    **dict.fromkeys(
        ("acknowledge", "mitigate", "resolve", "comment", "post_update", "impact", "measure", "withdraw_measure"),
        bodies.TextBody,
    ),
    "severity": bodies.SeverityBody,
    "command": bodies.CommandBody,
    "owner": bodies.OwnerBody,
    "step": bodies.StepBody,
    "link": bodies.LinkBody,
    "unlink": bodies.UnlinkBody,
    "merge": bodies.MergeBody,
    "review": bodies.ReviewBody,
    "approve_review": bodies.ApproveBody,
    "subscribe": StrictSerializer,
    "unsubscribe": StrictSerializer,
}
_OTHERS = {
    "approve_review": Permission.SIGN,
    "subscribe": Permission.VIEW,
    "unsubscribe": Permission.VIEW,
}


def _told(body: dict[str, Any]) -> Told:
    names = ("title", "owner", "text", "dimension", "impact", "connector", "evidence")
    return Told(severity=Level[body["severity"]], **{name: body[name] for name in names})


class IncidentViewSet(PortalViewSet):
    """List, detail with all that belongs to it, what people do with one, and the ways in which one is told."""

    filterset_class = IncidentFilter
    bodies: dict[str, Any] = _ACTS | {"create": bodies.DeclareBody, "report": bodies.ReportIncidentBody}
    answers: Any = (
        {"list": {200: IncidentAnswer}, "create": {201: IncidentWithTimeline}, "report": {200: ReportAnswer}}
        | {name: {200: IncidentWithTimeline} for name in ("retrieve", *_ACTS)}
    )  # fmt: skip
    write_permissions = (
        dict.fromkeys(("create", *_ACTS), Permission.WORK_INCIDENT) | _OTHERS | {"report": Permission.REPORT_INCIDENT}
    )

    def get_queryset(self) -> Any:
        return Incident.objects.visible()

    def list(self, request: Request) -> Response:
        """Incidents, newest first."""
        page = self.page_of(self.filtered(self.get_queryset()))
        return self.get_paginated_response([incident_answer(incident) for incident in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One incident with its timeline."""
        return self._answer(self.object_id("INC"))

    def create(self, request: Request) -> Response:
        """Declare an incident; whoever declares it says how bad it is, and the severity table may say worse."""
        made = services.declare(actor=self.actor, now=self.now(), told=_told(self.body(bodies.DeclareBody)))
        return self._answer(made.pk, status=201)

    @action(detail=False, methods=["post"])
    def report(self, request: Request) -> Response:
        """Report an incident of another system, or that its cause is over. Sent again, it counts once."""
        body = self.body(bodies.ReportIncidentBody)
        found, outcome = services.report(
            actor=self.actor,
            now=self.now(),
            key=body["key"],
            status=body["status"],
            started_at=body.get("started_at"),
            text=body["text"],
            told=_told(body) if body["status"] == "firing" else None,
        )
        shown = self.get_queryset().get(pk=found.pk) if found else None
        answer: ReportAnswer = {"outcome": outcome, "incident": incident_answer(shown) if shown else None}
        return Response(answer)

    def _answer(self, number: int, status: int = 200) -> Response:
        found = self.get_queryset().filter(pk=number).first()
        if found is None:
            raise Missing("no_such_incident", f"There is no incident INC-{number}.")
        return Response(whole_answer(found, user_id=self.actor.user_id, now=self.now()), status=status)

    def _act(self, act: Callable[..., Any], **given: Any) -> Response:
        """Do it with what the body says under the names of the service; `given` are those that it calls otherwise."""
        number = self.object_id("INC")
        told = self.body(_ACTS[self.action]) | given
        act(actor=self.actor, incident_id=number, now=self.now(), **told)
        return self._answer(number)

    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Take it on."""
        return self._act(services.acknowledge)

    @action(detail=True, methods=["post"])
    def mitigate(self, request: Request, pk: str) -> Response:
        """The effect has stopped; `text` says how."""
        return self._act(services.mitigate)

    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """It is over; from V2 on `text` says what was done."""
        return self._act(services.resolve)

    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str) -> Response:
        """A line for the timeline."""
        return self._act(services.comment)

    @action(detail=True, methods=["post"], url_path="update")
    def post_update(self, request: Request, pk: str) -> Response:
        """Tell how it stands; the next update is due by the clock of its level."""
        return self._act(services.update)

    @action(detail=True, methods=["post"])
    def impact(self, request: Request, pk: str) -> Response:
        """Say in one sentence whom it hurts."""
        return self._act(services.set_impact)

    @action(detail=True, methods=["post"])
    def measure(self, request: Request, pk: str) -> Response:
        """Record what compensates for it; it makes a V1 harmless for a release."""
        return self._act(services.record_measure)

    @action(detail=True, methods=["post"], url_path="withdraw-measure")
    def withdraw_measure(self, request: Request, pk: str) -> Response:
        """What compensated for it does so no more."""
        return self._act(services.withdraw_measure)

    @action(detail=True, methods=["post"])
    def severity(self, request: Request, pk: str) -> Response:
        """Say that it is better or worse, and why; to V3 with evidence."""
        level = Level[self.body(bodies.SeverityBody)["severity"]]
        return self._act(services.change_severity, severity=level)

    @action(detail=True, methods=["post"])
    def command(self, request: Request, pk: str) -> Response:
        """Take the command, or hand it to the person named in `to`."""
        return self._act(services.command)

    @action(detail=True, methods=["post"])
    def owner(self, request: Request, pk: str) -> Response:
        """Give it to another team, and say why."""
        return self._act(services.give)

    @action(detail=True, methods=["post"])
    def step(self, request: Request, pk: str) -> Response:
        """A step of the runbook is done."""
        return self._act(services.tick)

    @action(detail=True, methods=["post"])
    def link(self, request: Request, pk: str) -> Response:
        """Link what belongs to it."""
        return self._act(services.link)

    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, pk: str) -> Response:
        """Take a link away."""
        number = self.object_id("INC")
        link_id = self.body(bodies.UnlinkBody)["id"]
        services.unlink(actor=self.actor, incident_id=number, now=self.now(), link_id=link_id)
        return self._answer(number)

    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """It is the same as another one, which goes on for both; answers with this one, which is over."""
        into = int(self.body(bodies.MergeBody)["into"].upper().removeprefix("INC-"))
        return self._act(services.merge, into=into)

    @action(detail=True, methods=["post"])
    def subscribe(self, request: Request, pk: str) -> Response:
        """Follow it."""
        return self._act(services.subscribe)

    @action(detail=True, methods=["post"])
    def unsubscribe(self, request: Request, pk: str) -> Response:
        """Follow it no more."""
        return self._act(services.unsubscribe)

    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: str) -> Response:
        """Write its review, or write it anew until somebody else approves it."""
        return self._act(services.write_review)

    @action(detail=True, methods=["post"], url_path="approve-review")
    def approve_review(self, request: Request, pk: str) -> Response:
        """Approve the review that somebody else wrote, as it was read."""
        return self._act(services.approve_review)
