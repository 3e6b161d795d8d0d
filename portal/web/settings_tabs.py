"""The pages of the settings. A new one is one more line here."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.people.actors import Actor
from portal.roles import Permission, may

# (name of the address, label, who may open it)
PAGES: tuple[tuple[str, Any, Permission], ...] = (
    ("settings", _("Your account"), Permission.VIEW),
    ("notice-choices", _("What you hear of"), Permission.VIEW),
    ("teams", _("Teams"), Permission.VIEW),
    ("routes", _("Routes"), Permission.VIEW),
    ("silences", _("Silences"), Permission.VIEW),
    ("who-hears", _("Who would hear"), Permission.VIEW),
    ("people", _("People"), Permission.MANAGE_PEOPLE),
    ("tokens", _("All tokens"), Permission.MANAGE_PEOPLE),
    ("endpoints", _("Receivers of webhooks"), Permission.MANAGE_ENDPOINTS),
    ("rooms", _("Chat rooms"), Permission.MANAGE_ENDPOINTS),
)


def tabs(actor: Actor, current: str) -> list[dict[str, Any]]:
    """The tabs that this actor may open, for parts/tabs.html."""
    return [
        {"label": label, "href": reverse(name), "current": name == current}
        for name, label, permission in PAGES
        if may(actor, permission)
    ]
