"""The rooms of chats that notices may be told in."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.outbox import rooms
from portal.outbox.models import ChatRoom
from portal.outbox.rooms import Room
from portal.people.actors import Actor
from portal.refusals import Refusal
from portal.roles import Permission
from portal.web.people_forms import shown
from portal.web.settings_tabs import tabs
from portal.web.views.base import PageView


class RoomForm(forms.Form):
    """A room of a chat."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Lower-case letters, digits, hyphens; fixed once saved. Routes call it so."),
    )
    url_ref = forms.CharField(
        label=gettext_lazy("Address, by reference"),
        help_text=gettext_lazy(
            "env:CREDENTIAL_NAME or file:NAME; it names the Apprise address of the room and never is the address."
        ),
    )
    active = forms.BooleanField(label=gettext_lazy("Switched on"), required=False, initial=True)

    def __init__(self, *args: Any, named: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if named:
            del self.fields["name"]


class Rooms(PageView):
    """Every room."""

    permission = Permission.MANAGE_ENDPOINTS

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list: an organisation has a handful."""
        context = {
            "rows": list(ChatRoom.objects.order_by("name")),
            "columns": [{"label": label} for label in (_("Room"), _("Address, by reference"), _("State"))],
            "tabs": tabs(self.actor, "rooms"),
        }
        return render(request, "notices/rooms.html", context)


class RoomPage(PageView):
    """One room: make it, change it, switch it off, tell a test in it."""

    permission = Permission.MANAGE_ENDPOINTS

    def get(self, request: HttpRequest, name: str = "") -> HttpResponse:
        """The form."""
        room = get_object_or_404(ChatRoom, name=name) if name else None
        initial = {"url_ref": room.url_ref, "active": room.active} if room else {}
        return self._page(RoomForm(initial=initial, named=name), room)

    def post(self, request: HttpRequest, name: str = "") -> HttpResponse:
        """Save it, or tell a test."""
        room = get_object_or_404(ChatRoom, name=name) if name else None
        if room and request.POST.get("action") == "test":
            return _test(request, self.actor, room, now=self.now)
        form = RoomForm(request.POST, named=name)
        if not form.is_valid():
            return self._page(form, room, status=422)
        name = name or form.cleaned_data["name"]
        told = Room(form.cleaned_data["url_ref"], form.cleaned_data["active"])
        try:
            (rooms.change_room if room else rooms.add_room)(actor=self.actor, name=name, room=told, now=self.now)
        except Refusal as refusal:
            shown(form, refusal)
            return self._page(form, room, status=refusal.status)
        messages.success(request, _("“%s” is saved.") % name)
        return redirect("room", name=name)

    def _page(self, form: RoomForm, room: ChatRoom | None, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "room": room,
            "crumbs": [{"label": _("Chat rooms"), "href": reverse("rooms")},
                       {"label": room.name if room else _("New room")}],
        }  # fmt: skip
        return render(self.request, "notices/room.html", context, status=status)


def _test(request: HttpRequest, actor: Actor, room: ChatRoom, *, now: Any) -> HttpResponse:
    try:
        rooms.send_test(actor=actor, name=room.name, now=now)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("room", name=room.name)
    messages.success(request, _("A test is on its way; here is what becomes of it."))
    return redirect(f"{reverse('deliveries')}?receiver={room.name}")
