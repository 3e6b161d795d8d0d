"""Days and instants in a document: kept as the text that was written, and picked in a form where that loses nothing."""

import re
from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DAY = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
_PICKED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)


def moment_of(text: object) -> datetime | None:
    """The instant that a text names with its zone, in UTC; None where it names none of the years 1970 to 2200."""
    try:
        found = parse_datetime(str(text))
        if found is None or timezone.is_naive(found):
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if EARLIEST <= found <= LATEST else None


def day_of(text: object) -> date | None:
    """The day that a text names as 2027-01-31; None where there is none such."""
    try:
        found = date.fromisoformat(str(text)) if re.fullmatch(_DAY, str(text)) else None
    except ValueError:
        return None
    # The last day has no end.
    return found if found is not None and found < date.max else None


def local_text(moment: datetime | None) -> str:
    """A moment as a datetime-local field wants it, in the zone of the portal."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


def picked_text(text: str) -> str:
    """An instant as a datetime-local field sends it, with the zone of the portal; anything else as it came."""
    if not _PICKED.fullmatch(text):
        return text
    try:
        return timezone.make_aware(datetime.fromisoformat(text)).isoformat()
    except (ValueError, OverflowError):
        return text


def pickable(text: str) -> str | None:
    """A text of a document for a datetime-local field; None where what came back would read differently."""
    if not text:
        return ""
    moment = moment_of(text)
    shown = local_text(moment) if moment else ""
    return shown if shown and picked_text(shown) == text else None


class DayField(serializers.RegexField):
    """A day as text, 2027-01-31, that there is."""

    default_error_messages = {"invalid": _("Write a day as 2027-01-31."), "day": _("There is no such day.")}

    def __init__(self, **given: Any) -> None:
        super().__init__(_DAY, **given)

    def to_internal_value(self, data: Any) -> str:
        text = str(super().to_internal_value(data))
        if day_of(text) is None:
            self.fail("day")
        return text


class MomentField(serializers.CharField):
    """An instant as text with its zone, 2026-11-01T00:00:00+03:00, kept as it was written."""

    default_error_messages = {"moment": _("Write an instant with its zone, as 2026-11-01T00:00:00+03:00.")}

    def __init__(self, **given: Any) -> None:
        super().__init__(max_length=40, **given)

    def to_internal_value(self, data: Any) -> str:
        text = str(super().to_internal_value(data))
        if moment_of(text) is None:
            self.fail("moment")
        return text
