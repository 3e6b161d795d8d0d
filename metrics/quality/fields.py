"""Reading single fields of what tools report, by an allow-list: names, counts, instants; bounded, and nothing else."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _

from metrics.quality.rules import AHEAD, Weight

MOST_NAME, MOST_PARTS, MOST_CHECKS, MOST_LIST = 200, 500, 5_000, 1_000
_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,119}")
# The last line of a traceback begins with the name of the exception; its message is never read.
_EXCEPTION = re.compile(
    r"^(?:[A-Za-z_]\w{0,60}\.){0,10}([A-Za-z_]\w{0,60}(?:Error|Exception|Warning|Interrupt|Exit))(?=:|\s*$)", re.M
)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


class Unreadable(ValueError):
    """The report is not what its tool writes; `pointer` says where. The message never repeats what was sent."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


def mapping(value: object, pointer: str) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise Unreadable(pointer, _("An object is expected here."))
    return value


def held(value: object) -> Mapping[str, Any]:
    """An object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: object, pointer: str, most: int) -> list[Any]:
    """A list of at most so many."""
    if not isinstance(value, list):
        raise Unreadable(pointer, _("A list is expected here."))
    if len(value) > most:
        raise Unreadable(pointer, _("At most %d are taken here.") % most)
    return value


def name(value: object, pointer: str, *, blank: bool = False) -> str:
    """A name of at most 200 plain characters."""
    if blank and (value is None or value == ""):
        return ""
    if not isinstance(value, str) or len(value) > MOST_NAME or not _PLAIN.fullmatch(value):
        raise Unreadable(pointer, _("A name of 1 to %d plain characters is expected here.") % MOST_NAME)
    return value


def truth(value: object, pointer: str) -> bool:
    """true or false, and nothing that merely looks like it."""
    if not isinstance(value, bool):
        raise Unreadable(pointer, _("true or false is expected here."))
    return value


def column(value: object) -> str | None:
    """The name of a column as it is kept, or None for what is no name."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return str(value)
    return value if isinstance(value, str) and len(value) <= MOST_NAME and _PLAIN.fullmatch(value) else None


def type_of(value: object) -> str:
    """The name of a kind of check; what is no such name may hold anything and is not kept."""
    return value if isinstance(value, str) and _TYPE.fullmatch(value) else "unknown"


def weight(value: object) -> Weight:
    """A severity; one that is not known counts as critical."""
    return Weight(value) if isinstance(value, str) and value in Weight.values else Weight.CRITICAL


def count(value: object) -> int | None:
    """A count, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def exception_name(traceback: object) -> str:
    """The name of the exception at the end of a traceback, or nothing."""
    if not isinstance(traceback, str):
        return ""
    found = _EXCEPTION.findall(traceback[-4_000:])
    return str(found[-1]) if found else ""


def moment(value: object, pointer: str, now: datetime) -> datetime:
    """An instant with its zone, not of the future."""
    try:
        found = parse_datetime(value.strip()) if isinstance(value, str) and len(value) <= 60 else None
        if found is not None and not is_naive(found):
            found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or is_naive(found) or found < _FIRST:
        raise Unreadable(pointer, _("An instant with its zone is expected here, as 2026-01-31T00:00:00Z."))
    if found > now + AHEAD:
        raise Unreadable(pointer, _("The run is of the future: look at the clock of whoever reports it."))
    return found
