"""What the pages of backfills ask of the one who looks."""

from django import template
from django.http import HttpRequest
from django.template import Context

from portal.people.requests import actor_of
from portal.roles import Permission, may

register = template.Library()


@register.simple_tag(takes_context=True)
def may_work_backfills(context: Context) -> bool:
    """Whether the one who looks works on backfills and records drills."""
    request = context.get("request")
    return isinstance(request, HttpRequest) and may(actor_of(request), Permission.WORK_BACKFILL)
