"""What the pages of families and schema versions show beside their documents."""

from typing import Any

import orjson
from django import template

from events.line import judged, line_before, lookup, standing_family, versions_of
from events.models import EventFamily, EventSchema, RefusedEvents
from events.schemas import Unresolved, bundled, differences, fields_of

register = template.Library()


@register.simple_tag
def family_versions(family: EventFamily) -> list[EventSchema]:
    """The schema versions of a family, newest first, whatever their state."""
    rows = EventSchema.objects.filter(family=family.key).select_related("owner").defer("document")
    return list(rows.order_by("-major", "-minor", "-patch"))


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
    family = standing_family(entry.family)
    if family is None:
        return found
    earlier = [one for one in versions_of(entry.family) if one.key != entry.key]
    before = [one for one in earlier if one.order < (entry.major, entry.minor, entry.patch)]
    found["family"] = family
    found["judgement"] = judged(document, family)
    found["line"] = [one.number for one in line_before(document, earlier)]
    if before:
        found["before"] = before[-1]
        found["differences"] = differences(bundled(before[-1].schema, lookup), new)
    return found


@register.filter
def as_json(value: Any) -> str:
    """A value as one line of JSON."""
    return orjson.dumps(value).decode()
