"""The rooms of chats that notices may be told in. Kept by administrators, each change audited; others only name them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.outbound.secrets import CredentialError, check_reference
from portal.outbox.endpoints import refuse_name, tested
from portal.outbox.models import ChatRoom, Delivery
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission


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
    refuse_name(name, "room")
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
    delivery = tested(actor, Delivery.Channel.CHAT, room.pk, name, now)
    record(actor=actor, action="room.test", kind="room", key=name, now=now)
    return delivery
