"""What the page of a runtime tool shows of its allowlist."""

from typing import Any

from django import template

from connectors.allowlist.shown import panel
from connectors.models import Connector
from portal.operations.services import database_now

register = template.Library()


@register.simple_tag
def allowlist_of(entry: Connector) -> dict[str, Any]:
    """Who may call what of it, and what was asked."""
    return panel(entry, database_now())
