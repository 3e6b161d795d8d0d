"""One's own notices by API: read them, mark them, choose what to hear of."""

from datetime import datetime
from typing import Any, TypedDict

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.outbox import services
from portal.outbox.filters import NoticeFilter
from portal.outbox.models import Notice
from portal.outbox.rules import Reason, Ways
from portal.registry.documents import StrictSerializer
from portal.roles import Permission


class NoticeAnswer(TypedDict):
    """One notice: what happened, why the caller hears of it, and whether it was read."""

    id: int
    topic: str
    subject: str
    reason: str
    url: str
    at: datetime
    read_at: datetime | None


class WaysAnswer(TypedDict):
    """How the caller hears of something for one reason."""

    in_portal: bool
    by_email: bool


class ChoicesAnswer(TypedDict):
    """How the caller hears of something, for every reason."""

    mention: WaysAnswer
    signer: WaysAnswer
    author: WaysAnswer
    watcher: WaysAnswer
    incident: WaysAnswer
    team: WaysAnswer


class CountAnswer(TypedDict):
    """How many notices were marked as read."""

    read: int


class WaysBody(StrictSerializer):
    """How to hear of something."""

    in_portal = serializers.BooleanField()
    by_email = serializers.BooleanField()


class ChoicesBody(StrictSerializer):
    """The reasons to change; those that are not named stay as they are."""

    mention = WaysBody(required=False)
    signer = WaysBody(required=False)
    author = WaysBody(required=False)
    watcher = WaysBody(required=False)
    incident = WaysBody(required=False)
    team = WaysBody(required=False)


class ReadAllBody(StrictSerializer):
    """Up to which notice."""

    until = serializers.IntegerField(min_value=1, max_value=2**62, help_text="The newest id that was looked at.")


def notice_answer(notice: Notice) -> NoticeAnswer:
    """One notice."""
    return {
        "id": notice.pk,
        "topic": notice.event.topic,
        "subject": notice.event.subject,
        "reason": notice.reason,
        "url": str(notice.event.payload.get("url") or ""),
        "at": notice.created_at,
        "read_at": notice.read_at,
    }


def _choices(ways: dict[Reason, Ways]) -> dict[str, WaysAnswer]:
    return {reason.value: {"in_portal": way.in_portal, "by_email": way.by_email} for reason, way in ways.items()}


class NoticeViewSet(PortalViewSet):
    """Only ever one's own."""

    filterset_class = NoticeFilter
    bodies: dict[str, Any] = {"read": StrictSerializer, "read_all": ReadAllBody, "choose": ChoicesBody}
    answers = {
        "list": {200: NoticeAnswer},
        "read": {200: NoticeAnswer},
        "read_all": {200: CountAnswer},
        "choices": {200: ChoicesAnswer},
        "choose": {200: ChoicesAnswer},
    }
    write_permissions = dict.fromkeys(("read", "read_all", "choose"), Permission.VIEW)

    def get_queryset(self) -> QuerySet[Notice]:
        """Everybody's; what is answered is narrowed to the caller's."""
        return Notice.objects.select_related("event")

    def list(self, request: Request) -> Response:
        """The caller's notices, newest first; `?unread=true` leaves out those that were read."""
        page = self.page_of(self.filtered(self.get_queryset().filter(user=services.own(self.actor))))
        return self.get_paginated_response([notice_answer(one) for one in page])

    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Mark one as read. Twice is once."""
        self.body(StrictSerializer)
        return Response(notice_answer(services.read(actor=self.actor, notice_id=self.object_id("N"), now=self.now())))

    @action(detail=False, methods=["post"], url_path="read-all")
    def read_all(self, request: Request) -> Response:
        """Mark all up to `until` as read."""
        until = self.body(ReadAllBody)["until"]
        return Response({"read": services.read_all(actor=self.actor, until=until, now=self.now())})

    @action(detail=False, methods=["get"])
    def choices(self, request: Request) -> Response:
        """How the caller hears of things."""
        return Response(_choices(services.ways_of(services.own(self.actor))))

    @choices.mapping.patch
    def choose(self, request: Request) -> Response:
        """Change how the caller hears of things, for the reasons that are named."""
        ways = {name: Ways(**way) for name, way in self.body(ChoicesBody).items()}
        return Response(_choices(services.choose(actor=self.actor, ways=ways, now=self.now())))
