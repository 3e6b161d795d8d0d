"""`/api/v1/maintenance/`: times in which the clocks of a connector's or a team's open tasks do not run."""

from datetime import datetime
from typing import TypedDict

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.models import Maintenance
from connectors.steering_bodies import MaintenanceBody
from connectors.tracking import maintenance
from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.roles import Permission


class MaintenanceAnswer(TypedDict):
    """One maintenance; of a connector or of a team, the other is empty."""

    id: int
    connector: str
    team: str
    state: str
    starts_at: datetime
    until: datetime
    reason: str
    planned_by: str
    planned_at: datetime
    ended_at: datetime | None
    ended_by: str


def maintenance_answer(found: Maintenance, now: datetime) -> MaintenanceAnswer:
    """As the API answers it."""
    return {
        "id": found.pk,
        "connector": found.connector.key if found.connector else "",
        "team": found.team.key if found.team else "",
        "state": found.shown(now),
        "starts_at": found.starts_at,
        "until": found.until,
        "reason": found.reason,
        "planned_by": found.planned_by,
        "planned_at": found.planned_at,
        "ended_at": found.ended_at,
        "ended_by": found.ended_by,
    }


class MaintenanceViewSet(PortalViewSet):
    """Planned, running and past maintenance."""

    queryset = Maintenance.objects.select_related("connector", "team").defer("connector__document")
    serializer_class = MaintenanceBody
    bodies = {"create": MaintenanceBody}
    answers = {
        "list": {200: MaintenanceAnswer},
        "retrieve": {200: MaintenanceAnswer},
        "create": {201: MaintenanceAnswer},
        "end": {200: MaintenanceAnswer},
    }
    write_permissions = dict.fromkeys(("create", "end"), Permission.MOVE_CLOCKS)

    def list(self, request: Request) -> Response:
        """All of it, the newest first."""
        now = self.now()
        rows = self.page_of(self.get_queryset())
        return self.get_paginated_response([maintenance_answer(row, now) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One of them."""
        number = self.object_id("MW")
        found = self.get_queryset().filter(pk=number).first()
        if found is None:
            raise Missing("no_such_maintenance", f"There is no maintenance {number}.")
        return Response(maintenance_answer(found, self.now()))

    def create(self, request: Request) -> Response:
        """Plan one, or begin it now."""
        body, now = self.body(MaintenanceBody), self.now()
        made = maintenance.plan(
            actor=self.actor, connector_key=body["connector"], team_key=body["team"], starts_at=body["starts_at"] or now,
            until=body["until"], reason=body["reason"], now=now,
        )  # fmt: skip
        location = f"/api/v1/maintenance/{made.pk}/"
        return Response(maintenance_answer(made, now), status=201, headers={"Location": location})

    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it now, or have what is planned not take place; 409 if it is over."""
        now = self.now()
        found = maintenance.end(actor=self.actor, maintenance_id=self.object_id("MW"), now=now)
        return Response(maintenance_answer(found, now))
