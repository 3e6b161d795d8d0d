"""The rooms of chats that notices may be told in. Kept by administrators, each change audited; others only name them."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.outbound.secrets import CredentialError, check_reference
from portal.outbox.endpoints import TEST_TOPIC
from portal.outbox.models import CHAT_LANES, ChatRoom, Delivery, Lane, OutboxEvent
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True)
class Room:
    """What an administrator says of a room."""

    url_ref: str
    active: bool = True


def _checked(room: Room) -> None:
    try:
        check_reference(room.url_ref)
    except CredentialError as error:
        raise Invalid("room", _("The room is not complete."), [Problem("url_ref", str(error), "reference")]) from None


def _said(room: Room) -> str:
    return f"{room.url_ref}, {'on' if room.active else 'off'}"


@transaction.atomic
def add_room(*, actor: Actor, name: str, room: Room, now: datetime) -> ChatRoom:
    """Let routes tell in a room from now on. The name is fixed: it is what routes and the delivery log call it."""
    require(actor, Permission.MANAGE_ENDPOINTS)
    if len(name) > 60 or not _NAME.fullmatch(name) or name == "new":
        message = _("Use lower-case letters, digits and single hyphens, beginning with a letter.")
        raise Invalid("room", message, [Problem("name", message, "name")])
    _checked(room)
    try:
        with transaction.atomic():
            made = ChatRoom.objects.create(name=name, url_ref=room.url_ref, active=room.active)
    except IntegrityError:
        message = _("There is a room “%s” already.") % name
        raise Conflict("taken", message, [Problem("name", message, "taken")]) from None
    record(actor=actor, action="room.add", kind="room", key=name, now=now, detail=_said(room))
    return made


@transaction.atomic
def change_room(*, actor: Actor, name: str, room: Room, now: datetime) -> ChatRoom:
    """Change a room, or switch it off: what is on its way to one that is off is not sent any more."""
    require(actor, Permission.MANAGE_ENDPOINTS)
    found = _locked(name)
    _checked(room)
    before = _said(Room(found.url_ref, found.active))
    found.url_ref, found.active = room.url_ref, room.active
    found.save()
    record(actor=actor, action="room.change", kind="room", key=name, now=now, detail=f"{before} → {_said(room)}")
    return found


def _locked(name: str) -> ChatRoom:
    found = ChatRoom.objects.select_for_update(no_key=True).filter(name=name).first()
    if found is None:
        raise Missing("no_such_room", _("There is no room “%s”.") % name[:60])
    return found


@transaction.atomic
def send_test(*, actor: Actor, name: str, now: datetime) -> Delivery:
    """Tell a test in this room alone; the delivery log shows what became of it."""
    require(actor, Permission.MANAGE_ENDPOINTS)
    room = _locked(name)
    if not room.active:
        raise Conflict("off", _("“%s” is switched off.") % name)
    event = OutboxEvent.objects.create(
        topic=TEST_TOPIC, subject=_("A test, sent by %s") % actor.name, payload={"by": actor.name, "url": "/"},
        dedup_key=f"{TEST_TOPIC}:room:{room.pk}:{now.isoformat()}", due_at=None,
    )  # fmt: skip
    delivery = Delivery.objects.create(event=event, channel=Delivery.Channel.CHAT, receiver=name)
    Lane.objects.get_or_create(name=f"{CHAT_LANES}{name}")
    record(actor=actor, action="room.test", kind="room", key=name, now=now)
    return delivery
