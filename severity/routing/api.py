"""Routes, silences and the dry run of both by API."""

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.registry.documents import StrictSerializer
from portal.roles import Permission
from severity.bodies import LEVELS
from severity.models import Source
from severity.routing import reads, services
from severity.routing.answers import (
    PreviewAnswer,
    RouteAnswer,
    SilenceAnswer,
    preview_answer,
    route_answer,
    silence_answer,
)
from severity.routing.preview import Asked, who_hears
from severity.routing.rules import OWN_WINDOW_MINUTES, Way
from severity.routing.told import RouteTold


class RouteBody(StrictSerializer):
    """A route as it shall be."""

    way = serializers.ChoiceField(choices=Way.choices)
    team = serializers.CharField(max_length=60, default="", allow_blank=True, help_text="Empty means every team.")
    least = serializers.ChoiceField(choices=LEVELS, default="V1")
    sources = serializers.ListField(
        child=serializers.ChoiceField(choices=Source.choices), default=list, max_length=20, help_text="Empty means all."
    )
    connector = serializers.CharField(max_length=60, default="", allow_blank=True)
    days = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7), default=list, max_length=7,
        help_text="1 is Monday. Empty means always.",
    )  # fmt: skip
    begins = serializers.CharField(max_length=5, default="00:00")
    ends = serializers.CharField(max_length=5, default="24:00")
    zone = serializers.CharField(max_length=60, default="", allow_blank=True, help_text="Empty means the portal's.")
    members_of = serializers.CharField(
        max_length=60, default="", allow_blank=True, help_text="Whose members hear; empty means the owner's."
    )
    endpoint = serializers.CharField(max_length=60, default="", allow_blank=True)
    room = serializers.CharField(max_length=60, default="", allow_blank=True)
    window_minutes = serializers.IntegerField(min_value=0, max_value=10**6, default=OWN_WINDOW_MINUTES)
    repeat_minutes = serializers.IntegerField(min_value=0, max_value=10**6, default=None, allow_null=True)
    escalate_minutes = serializers.IntegerField(min_value=0, max_value=10**6, default=None, allow_null=True)
    escalate_to = serializers.CharField(max_length=60, default="", allow_blank=True)
    only_escalated = serializers.BooleanField(default=False)
    tells_end = serializers.BooleanField(default=True)
    active = serializers.BooleanField(default=True)


class NewRouteBody(RouteBody):
    """A new route and its name, which stays."""

    name = serializers.CharField(max_length=60)


class RouteViewSet(PortalViewSet):
    """Who hears of incidents. A team's people change its routes, administrators all of them."""

    lookup_value_regex = "[a-z0-9-]{1,60}"
    bodies: dict[str, Any] = {"create": NewRouteBody, "update": RouteBody}
    answers = {
        "list": {200: RouteAnswer},
        "retrieve": {200: RouteAnswer},
        "create": {201: RouteAnswer},
        "update": {200: RouteAnswer},
    }
    write_permissions = dict.fromkeys(("create", "update"), Permission.MANAGE_ROUTES)

    def get_queryset(self) -> Any:
        """All of them."""
        return reads.routes()

    def list(self, request: Request) -> Response:
        """Every route, also those that are off."""
        page = self.page_of(self.get_queryset())
        return self.get_paginated_response([route_answer(one) for one in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One route by its name."""
        found = self.get_queryset().filter(name=pk).first()
        if found is None:
            raise Missing("no_such_route", f"There is no route “{pk}”.")
        return Response(route_answer(found))

    def create(self, request: Request) -> Response:
        """Have somebody hear of incidents from now on."""
        body = self.body(NewRouteBody)
        name = body.pop("name")
        made = services.add_route(actor=self.actor, name=name, told=RouteTold(**body), now=self.now())
        return Response(route_answer(made), status=201, headers={"Location": f"/api/v1/routes/{made.name}/"})

    def update(self, request: Request, pk: str) -> Response:
        """Change a route, or switch it off."""
        told = RouteTold(**self.body(RouteBody))
        return Response(route_answer(services.change_route(actor=self.actor, name=pk, told=told, now=self.now())))


class SilenceBody(StrictSerializer):
    """What nobody hears of for how long, and why. At least one of team, connector and cause."""

    minutes = serializers.IntegerField(min_value=1, max_value=10**6)
    reason = serializers.CharField(max_length=300)
    team = serializers.CharField(max_length=60, default="", allow_blank=True)
    connector = serializers.CharField(max_length=60, default="", allow_blank=True)
    rule = serializers.CharField(max_length=30, default="", allow_blank=True)


class SilenceViewSet(PortalViewSet):
    """What nobody hears of for a while. V3 is never silent, and no incident is hidden."""

    bodies: dict[str, Any] = {"create": SilenceBody, "end": StrictSerializer}
    answers = {"list": {200: SilenceAnswer}, "create": {201: SilenceAnswer}, "end": {200: SilenceAnswer}}
    write_permissions = dict.fromkeys(("create", "end"), Permission.SILENCE)

    def get_queryset(self) -> Any:
        """All of them, those that are over too."""
        return reads.silences()

    def list(self, request: Request) -> Response:
        """Silences, the newest first."""
        now = self.now()
        page = self.page_of(self.get_queryset())
        return self.get_paginated_response([silence_answer(one, now) for one in page])

    def create(self, request: Request) -> Response:
        """Begin a silence; its end is part of it."""
        made = services.silence(actor=self.actor, now=self.now(), **self.body(SilenceBody))
        return Response(silence_answer(made, self.now()), status=201)

    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it before its time: what it held back is told now."""
        self.body(StrictSerializer)
        ended = services.end_silence(actor=self.actor, silence_id=self.object_id("S"), now=self.now())
        return Response(silence_answer(ended, self.now()))


class AskedBody(StrictSerializer):
    """An incident that might be, of a connector or of a team."""

    severity = serializers.ChoiceField(choices=LEVELS, default="V2")
    connector = serializers.CharField(max_length=60, default="", allow_blank=True)
    team = serializers.CharField(max_length=60, default="", allow_blank=True)
    found_by = serializers.ChoiceField(choices=Source.choices, default=Source.TASK.value)
    rule = serializers.CharField(max_length=30, default="", allow_blank=True)


class WhoHearsViewSet(PortalViewSet):
    """Asks who would hear of an incident; nothing is written and nobody is told."""

    bodies: dict[str, Any] = {"create": AskedBody}
    answers = {"create": {200: PreviewAnswer}}
    write_permissions = {"create": Permission.VIEW}

    def create(self, request: Request) -> Response:
        """Who would hear of it now, by which route, and why the others would not."""
        body = self.body(AskedBody)
        asked = Asked(source=body.pop("found_by"), **body)
        return Response(preview_answer(who_hears(asked, now=self.now())))
