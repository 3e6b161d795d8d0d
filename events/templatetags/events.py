"""What the pages of families and schema versions show beside their documents."""

from typing import Any

import orjson
from django import template

from events.documents import order_of
from events.line import judged, line_before, lookup, standing_family, versions_of
from events.models import EventFamily, EventSchema, RefusedEvents
from events.schemas import Unresolved, bundled, differences, fields_of, validator_of

register = template.Library()


@register.simple_tag
def family_versions(family: EventFamily) -> list[EventSchema]:
    """The schema versions of a family, newest first, whatever their state."""
    rows = EventSchema.objects.filter(family=family.key).select_related("owner").defer("document")
    return list(rows.order_by("-major", "-minor", "-patch"))


@register.simple_tag
def versions_beside(entry: EventSchema) -> list[EventSchema]:
    """All versions of the same family, newest first."""
    rows = EventSchema.objects.filter(family=entry.family).only("key", "major", "minor", "patch")
    return list(rows.order_by("-major", "-minor", "-patch")[:50])


@register.simple_tag
def family_refusals(family: EventFamily) -> list[RefusedEvents]:
    """The last reasons for which events of a family were refused, with the first few of each."""
    return list(RefusedEvents.objects.filter(family=family.key).prefetch_related("samples").order_by("-last_at")[:20])


@register.simple_tag
def schema_page(entry: EventSchema) -> dict[str, Any]:
    """Verdict, differences from the version before, and the table of fields of one schema version."""
    document = entry.document
    found: dict[str, Any] = {"text": orjson.dumps(document["schema"], option=orjson.OPT_INDENT_2).decode()}
    try:
        new = bundled(document["schema"], lookup)
    except Unresolved as error:
        return found | {"unresolved": str(error)}
    found["fields"] = fields_of(new)
    found["examples"] = [_tried(validator_of(new), one) for one in document["examples"]]
    family = standing_family(entry.family)
    if family is None:
        return found
    earlier = [one for one in versions_of(entry.family) if one.key != entry.key]
    before = [one for one in earlier if one.order < (entry.major, entry.minor, entry.patch)]
    found["family"] = family
    found["judgement"] = judged(document, family)
    found["parties"] = parties_of(family, entry)
    found["line"] = [one.number for one in line_before(document, earlier)]
    if before:
        found["before"] = before[-1]
        found["differences"] = differences(bundled(before[-1].schema, lookup), new)
    return found


def _tried(validator: Any, example: dict[str, Any]) -> dict[str, Any]:
    """An example with what the schema says of it now, and its text."""
    text = orjson.dumps(example["event"], option=orjson.OPT_INDENT_2).decode()
    return example | {"accepted": validator.is_valid(example["event"]), "text": text}


def parties_of(family: EventFamily, version: EventSchema) -> list[dict[str, Any]]:
    """Who writes and reads the family's events: with which version, and whether that is of an earlier major than this one."""
    found = []
    for part in ("producers", "consumers"):
        for one in family.document[part]:
            number = one.get("version") or ""
            behind = bool(number) and order_of(number)[0] < version.major
            found.append({"service": one["service"], "part": part, "version": number, "behind": behind})
    return sorted(found, key=lambda one: (not one["behind"], one["service"]))


@register.filter
def as_json(value: Any) -> str:
    """A value as one line of JSON."""
    return orjson.dumps(value).decode()
