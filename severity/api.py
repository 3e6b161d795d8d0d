"""Incidents by API."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.registry.documents import StrictSerializer
from portal.roles import Permission
from severity import services
from severity.answers import IncidentAnswer, IncidentWithTimeline, incident_answer
from severity.filters import IncidentFilter
from severity.models import Incident


class TextBody(StrictSerializer):
    """What there is to say."""

    text = serializers.CharField(required=False, allow_blank=True, max_length=5000, default="")


class IncidentViewSet(PortalViewSet):
    """List, detail with timeline, and what people do with one."""

    filterset_class = IncidentFilter
    bodies = dict.fromkeys(("acknowledge", "mitigate", "resolve", "comment"), TextBody)
    answers = {"list": {200: IncidentAnswer}} | {
        name: {200: IncidentWithTimeline} for name in ("retrieve", "acknowledge", "mitigate", "resolve", "comment")
    }
    write_permissions = dict.fromkeys(("acknowledge", "mitigate", "resolve", "comment"), Permission.WORK_INCIDENT)

    def get_queryset(self) -> Any:
        return Incident.objects.visible()

    def list(self, request: Request) -> Response:
        """Incidents, newest first."""
        page = self.page_of(self.filtered(self.get_queryset()))
        return self.get_paginated_response([incident_answer(incident) for incident in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One incident with its timeline."""
        return self._answer(self.object_id("INC"))

    def _answer(self, number: int) -> Response:
        found = self.get_queryset().filter(pk=number).first()
        if found is None:
            raise Missing("no_such_incident", f"There is no incident INC-{number}.")
        timeline = found.timeline.order_by("id").values("at", "what", "actor_name", "severity", "text")
        return Response(incident_answer(found) | {"timeline": [
            line | {"severity": f"V{line['severity']}"} for line in timeline]})  # fmt: skip

    def _act(self, act: Callable[..., Incident]) -> Response:
        number = self.object_id("INC")
        act(actor=self.actor, incident_id=number, now=self.now(), text=self.body(TextBody)["text"])
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
