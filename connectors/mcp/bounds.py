"""Bringing what a server sent down to what can be stored: bounded, without the characters PostgreSQL refuses."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from portal.json_bounds import holds_nul

MAX_TEXT: Final = 1000
MAX_DOCUMENT: Final = 64 * 1024
PREVIEW: Final = 2000
DAY_MS: Final = 24 * 3600 * 1000
MAX_INTERVAL_MS: Final = DAY_MS
MAX_TTL_MS: Final = 3650 * DAY_MS
MAX_RETRY_AFTER_SECONDS: Final = 3600.0


def text(value: object, most: int = MAX_TEXT) -> str:
    """A text without NUL and surrogates, cut to `most` characters; anything that is not a text gives an empty one."""
    if not isinstance(value, str):
        return ""
    value = value[:most].replace("\0", "\ufffd")
    return value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value


def milliseconds(value: object, most: int) -> int | None:
    """A whole number of milliseconds between 0 and `most`; None for anything that is not a number or is negative."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return min(int(value), most)


def moment(value: object) -> datetime | None:
    """An ISO 8601 time with an explicit zone, in UTC; None for anything else."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None


def document(value: dict[str, Any]) -> dict[str, Any]:
    """The mapping itself when it is small enough to keep, else a mapping with its size and its beginning."""
    try:
        raw = orjson.dumps(value)
    except (TypeError, ValueError):
        return {"truncated": True, "reason": "nested too deeply"}
    if len(raw) > MAX_DOCUMENT:
        preview = text(raw[:PREVIEW].decode("utf-8", "ignore"))
        return {"truncated": True, "reason": "too large", "bytes": len(raw), "preview": preview}
    if holds_nul(raw):
        cleaned = _without_nul(value)
        return cleaned if isinstance(cleaned, dict) else {}
    return value


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


def retry_after(value: str | None, date: str | None, now: datetime) -> float | None:
    """Seconds a Retry-After header asks for, between 0 and an hour; None when it is absent or unreadable.

    A date is compared with the server's own `Date` header if there is one, so that its clock does not matter.
    """
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        # A number of a thousand digits is an hour like any other that is too long.
        return min(float(value[:12]), MAX_RETRY_AFTER_SECONDS)
    until = _http_date(value)
    if until is None:
        return None
    seconds = (until - (_http_date(date) or now)).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _http_date(value: str | None) -> datetime | None:
    if not value or len(value) > 64:
        return None
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
