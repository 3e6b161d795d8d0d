"""What the forms share: a metric as it was read, and what could not be carried."""

from dataclasses import dataclass, field
from typing import Any

from metrics.rules import MetricType
from portal.registry.documents import Document

MOST_BYTES = 32 * 1024 * 1024
MOST_METRICS = 20_000
# The fields of the portal that the other forms have no place for; they travel in their places for extras.
OWN = (
    "label_ar", "definition_ar", "primary_source", "owner", "unit", "type", "since", "grain", "dimensions", "related",
    "dashboards", "range_low", "range_high", "replaced_by", "remove_after", "certified_until",
)  # fmt: skip


class Unreadable(ValueError):
    """The file is not of its form; the message says what and where."""


@dataclass
class Taken:
    """One metric of a file: where it stands, its document as far as the file tells it, and what was left behind."""

    place: str
    document: Document
    lost: list[str] = field(default_factory=list)


def blank(today: str) -> Document:
    """What a file need not tell; owner and unit stay empty, so that a draft says who is asked."""
    return {
        "key": "", "name": "", "label_ar": "", "description": "", "definition_ar": "", "primary_source": "", "owner": "",
        "unit": "", "type": MetricType.NUMBER.value, "since": today, "grain": "", "dimensions": [], "expression": "",
        "related": [], "replaced_by": "", "remove_after": "", "certified_until": "",
    }  # fmt: skip


def own_fields(document: Document) -> dict[str, Any]:
    """The fields for the place of extras; empty ones are left out, so that a file stays small."""
    return {name: document[name] for name in OWN if document.get(name)}


def take_own(document: Document, extras: Any) -> list[str]:
    """Take fields from the place of extras into a document; the names of extras that are none of ours."""
    if not isinstance(extras, dict):
        return []
    for name in OWN:
        if name in extras:
            document[name] = extras[name]
    return [str(name) for name in extras if name not in OWN]


def mapping(value: Any, place: str) -> dict[str, Any]:
    """The value, if it is an object. Raises Unreadable with the place."""
    if isinstance(value, dict):
        return value
    raise Unreadable(f"{place}: an object is expected.")


def listed(value: Any, place: str) -> list[Any]:
    """The value, if it is a list; none is an empty one."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise Unreadable(f"{place}: a list is expected.")


def text(value: Any) -> str:
    """A text, trimmed; anything else is none."""
    return value.strip() if isinstance(value, str) else ""
