"""The delivery log and the receivers of webhooks by API."""

from datetime import datetime
from typing import Any, TypedDict

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.views import PortalViewSet
from portal.outbox import endpoints, rooms, services
from portal.outbox.endpoints import MAX_TOPICS, Receiver
from portal.outbox.filters import DeliveryFilter, state_of
from portal.outbox.models import ChatRoom, Delivery, WebhookEndpoint
from portal.outbox.rooms import Room
from portal.refusals import Missing
from portal.registry.documents import StrictSerializer
from portal.roles import Permission


class DeliveryAnswer(TypedDict):
    """What was sent to one receiver: `waiting`, `retrying`, `delivered` or `given_up`."""

    id: int
    event: int
    topic: str
    subject: str
    channel: str
    receiver: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime | None
    delivered_at: datetime | None
    last_error: str


class EndpointAnswer(TypedDict):
    """A receiver of webhooks; the secret is named, never shown."""

    name: str
    url: str
    secret_ref: str
    topics: list[str]
    active: bool


def delivery_answer(delivery: Delivery) -> DeliveryAnswer:
    """One delivery."""
    return {
        "id": delivery.pk,
        "event": delivery.event_id,
        "topic": delivery.event.topic,
        "subject": delivery.event.subject,
        "channel": delivery.channel,
        "receiver": delivery.receiver,
        "state": state_of(delivery),
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "due_at": delivery.due_at,
        "delivered_at": delivery.delivered_at,
        "last_error": delivery.last_error,
    }


def endpoint_answer(endpoint: WebhookEndpoint) -> EndpointAnswer:
    """One receiver."""
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "secret_ref": endpoint.secret_ref,
        "topics": endpoint.topics,
        "active": endpoint.active,
    }


class DeliveryViewSet(PortalViewSet):
    """What was sent outside, and what became of it."""

    read_permission = Permission.READ_DELIVERIES
    filterset_class = DeliveryFilter
    bodies: dict[str, Any] = {"again": StrictSerializer}
    answers = {name: {200: DeliveryAnswer} for name in ("list", "retrieve", "again")}
    write_permissions = {"again": Permission.SEND_AGAIN}

    def get_queryset(self) -> QuerySet[Delivery]:
        """All of them, with what they are about."""
        return Delivery.objects.select_related("event")

    def list(self, request: Request) -> Response:
        """Deliveries, newest first."""
        page = self.page_of(self.filtered(self.get_queryset()))
        return self.get_paginated_response([delivery_answer(one) for one in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One delivery."""
        number = self.object_id("D")
        found = self.get_queryset().filter(pk=number).first()
        if found is None:
            raise Missing("no_such_delivery", f"There is no delivery {number}.")
        return Response(delivery_answer(found))

    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str) -> Response:
        """Send one again that was given up."""
        self.body(StrictSerializer)
        sent = services.send_again(actor=self.actor, delivery_id=self.object_id("D"), now=self.now())
        return Response(delivery_answer(sent))


class ReceiverBody(StrictSerializer):
    """A receiver as it shall be."""

    url = serializers.CharField(max_length=500)
    secret_ref = serializers.CharField(max_length=200, help_text="env:CREDENTIAL_NAME or file:NAME.")
    topics = serializers.ListField(
        child=serializers.CharField(max_length=60), default=list, max_length=MAX_TOPICS, help_text="Empty means all."
    )
    active = serializers.BooleanField(default=True)


class NewReceiverBody(ReceiverBody):
    """A new receiver and its name, which stays."""

    name = serializers.CharField(max_length=60)


class EndpointViewSet(PortalViewSet):
    """Receivers of signed webhooks (Standard Webhooks)."""

    read_permission = Permission.MANAGE_ENDPOINTS
    lookup_value_regex = "[a-z0-9-]{1,60}"
    bodies: dict[str, Any] = {"create": NewReceiverBody, "update": ReceiverBody, "test": StrictSerializer}
    answers = {
        "list": {200: EndpointAnswer},
        "retrieve": {200: EndpointAnswer},
        "create": {201: EndpointAnswer},
        "update": {200: EndpointAnswer},
        "test": {202: DeliveryAnswer},
    }
    write_permissions = dict.fromkeys(("create", "update", "test"), Permission.MANAGE_ENDPOINTS)

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        """All of them."""
        return WebhookEndpoint.objects.all()

    def list(self, request: Request) -> Response:
        """Every receiver, the newest first."""
        page = self.page_of(self.get_queryset())
        return self.get_paginated_response([endpoint_answer(one) for one in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One receiver by its name."""
        found = self.get_queryset().filter(name=pk).first()
        if found is None:
            raise Missing("no_such_endpoint", f"There is no receiver “{pk}”.")
        return Response(endpoint_answer(found))

    def create(self, request: Request) -> Response:
        """Have a receiver told from now on."""
        body = self.body(NewReceiverBody)
        name = body.pop("name")
        made = endpoints.add_endpoint(actor=self.actor, name=name, receiver=Receiver(**body), now=self.now())
        return Response(endpoint_answer(made), status=201, headers={"Location": f"/api/v1/webhooks/{made.name}/"})

    def update(self, request: Request, pk: str) -> Response:
        """Change a receiver, or switch it off."""
        receiver = Receiver(**self.body(ReceiverBody))
        return Response(
            endpoint_answer(endpoints.change_endpoint(actor=self.actor, name=pk, receiver=receiver, now=self.now()))
        )

    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Send a test event to this receiver alone."""
        self.body(StrictSerializer)
        sent = endpoints.send_test(actor=self.actor, name=pk, now=self.now())
        return Response(delivery_answer(sent), status=202)


class RoomAnswer(TypedDict):
    """A room of a chat; its address is named, never shown."""

    name: str
    url_ref: str
    active: bool


def room_answer(room: ChatRoom) -> RoomAnswer:
    """One room."""
    return {"name": room.name, "url_ref": room.url_ref, "active": room.active}


class RoomBody(StrictSerializer):
    """A room as it shall be."""

    url_ref = serializers.CharField(
        max_length=200, help_text="env:CREDENTIAL_NAME or file:NAME: names the Apprise address."
    )
    active = serializers.BooleanField(default=True)


class NewRoomBody(RoomBody):
    """A new room and its name, which stays."""

    name = serializers.CharField(max_length=60)


class RoomViewSet(PortalViewSet):
    """Rooms of chats that routes tell incidents in."""

    read_permission = Permission.MANAGE_ENDPOINTS
    lookup_value_regex = "[a-z0-9-]{1,60}"
    bodies: dict[str, Any] = {"create": NewRoomBody, "update": RoomBody, "test": StrictSerializer}
    answers = {
        "list": {200: RoomAnswer},
        "retrieve": {200: RoomAnswer},
        "create": {201: RoomAnswer},
        "update": {200: RoomAnswer},
        "test": {202: DeliveryAnswer},
    }
    write_permissions = dict.fromkeys(("create", "update", "test"), Permission.MANAGE_ENDPOINTS)

    def get_queryset(self) -> QuerySet[ChatRoom]:
        """All of them."""
        return ChatRoom.objects.all()

    def list(self, request: Request) -> Response:
        """Every room, the newest first."""
        page = self.page_of(self.get_queryset())
        return self.get_paginated_response([room_answer(one) for one in page])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One room by its name."""
        found = self.get_queryset().filter(name=pk).first()
        if found is None:
            raise Missing("no_such_room", f"There is no room “{pk}”.")
        return Response(room_answer(found))

    def create(self, request: Request) -> Response:
        """Let routes tell in a room from now on."""
        body = self.body(NewRoomBody)
        made = rooms.add_room(actor=self.actor, name=body.pop("name"), room=Room(**body), now=self.now())
        return Response(room_answer(made), status=201, headers={"Location": f"/api/v1/rooms/{made.name}/"})

    def update(self, request: Request, pk: str) -> Response:
        """Change a room, or switch it off."""
        room = Room(**self.body(RoomBody))
        return Response(room_answer(rooms.change_room(actor=self.actor, name=pk, room=room, now=self.now())))

    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Tell a test in this room alone."""
        self.body(StrictSerializer)
        sent = rooms.send_test(actor=self.actor, name=pk, now=self.now())
        return Response(delivery_answer(sent), status=202)
