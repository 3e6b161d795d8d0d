"""The cells that lists of entries of every kind share. A cell takes the row and the instant the page was made at."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.registry.models import VersionRecord
from portal.web import marks


def name(row: Any, now: datetime) -> SafeString:
    """Its name, linked, over its id."""
    text = '<span class="two"><a href="{}"><bdi>{}</bdi></a><bdi class="mono" dir="ltr">{}</bdi></span>'
    return format_html(text, row.get_absolute_url(), row.local_name, row.human_id)


def chosen(row: Any, now: datetime) -> SafeString:
    """A box to choose it for what is done to several; a version of the past cannot be chosen."""
    if isinstance(row, VersionRecord):
        return format_html('<span class="faint">{}</span>', "–")
    text = '<label class="check"><input type="checkbox" name="chosen" value="{}" form="bulk"><span class="hide">{}</span></label>'
    return format_html(text, row.key, _("Choose %s") % row.human_id)


def owner(row: Any, now: datetime) -> SafeString:
    """The team that answers for it."""
    return format_html("<bdi>{}</bdi>", row.owner)


def state(row: Any, now: datetime) -> SafeString:
    """Where it is in its life."""
    return marks.state(row.state)


def updated(row: Any, now: datetime) -> SafeString:
    """When it last changed."""
    return marks.ago(row.updated_at, now)
