"""What every page's template has as `portal`."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from portal.people.actors import Actor
from portal.people.models import User
from portal.saved.reads import pinned_of
from portal.web.navigation import rail_of

THEMES = ("auto", "light", "dark")


def counters(user: User) -> dict[str, int]:
    """The numbers of the rail and the bar; only where a person must act."""
    found: dict[str, int] = {}
    for path in settings.COUNTERS:
        count: Callable[[User], dict[str, int]] = import_string(path)
        found |= count(user)
    return found


def appearance(request: HttpRequest) -> dict[str, Any]:
    """Mode, version, theme, keyboard and the moment of the page: what no database is needed for."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "mode": settings.MODE,
        "demo": settings.DEMO,
        "version": settings.VERSION,
        "theme": theme if theme in THEMES else "auto",
        "keys": "off" if request.COOKIES.get("keys") == "off" else "on",
        "now": timezone.now(),
        "counters": {},
    }


def portal(request: HttpRequest) -> dict[str, Any]:
    """How the page looks, and the counters of a signed-in person."""
    user = getattr(request, "user", None)
    counted = counters(user) if isinstance(user, User) and user.is_authenticated else {}
    known = isinstance(user, User) and user.is_authenticated
    rail = {"rail": rail_of(Actor.of(user)), "pinned": pinned_of(user)} if known and isinstance(user, User) else {}
    return {"portal": appearance(request) | {"counters": counted} | rail}
