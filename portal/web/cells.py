"""The cells that lists of entries of every kind share. A cell takes the row and the instant the page was made at."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.web import marks


def name(row: Any, now: datetime) -> SafeString:
    """Its name, linked, over its id."""
    text = '<span class="two"><a href="{}"><bdi>{}</bdi></a><bdi class="mono" dir="ltr">{}</bdi></span>'
    return format_html(text, row.get_absolute_url(), row.name, row.human_id)


def owner(row: Any, now: datetime) -> SafeString:
    """The team that answers for it."""
    return format_html("<bdi>{}</bdi>", row.owner)


def state(row: Any, now: datetime) -> SafeString:
    """Where it is in its life."""
    return marks.state(row.state)


def updated(row: Any, now: datetime) -> SafeString:
    """When it last changed."""
    return marks.ago(row.updated_at, now)
