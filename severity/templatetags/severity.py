"""What the pages of releases and exceptions show beside their documents."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context

from portal.people.requests import actor_of
from portal.roles import Permission, may
from severity.models import GateException, ReleaseCandidate
from severity.releases.panel import panel

register = template.Library()


@register.simple_tag(takes_context=True)
def release_page(context: Context, entry: ReleaseCandidate) -> dict[str, Any]:
    """The matrix and what belongs to it, as the query of the page asks for it."""
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        return {}
    actor = actor_of(request)
    return panel(entry, only_not_ok=request.GET.get("rows") == "not-ok") | {
        "may_set": may(actor, Permission.SET_READINESS) and entry.state == "active",
        "may_propose": may(actor, Permission.PROPOSE) and entry.state == "active",
    }


@register.simple_tag(takes_context=True)
def exception_page(context: Context, entry: GateException) -> dict[str, Any]:
    """The incident, and whether the exception is alive at the moment of the page."""
    portal = context.get("portal")
    now = portal["now"] if isinstance(portal, dict) else getattr(portal, "now", None)
    return {"incident": entry.incident, "live": now is not None and entry.live(now)}
