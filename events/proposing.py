"""What the next version of a family is called and begins with, for forms and for registry clients."""

import re
from collections.abc import Mapping

from events.documents import NUMBER, key_of, order_of
from events.models import EventFamily, EventSchema
from events.schemas import Schema
from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.registry.documents import Document
from portal.registry.models import STANDING

_NUMBER = re.compile(NUMBER)
# The last minor that there is; one that is proposed blocks nobody.
LAST = 99_999
_EMPTY: Document = {"number": "1.0.0", "schema": {"type": "object", "properties": {}, "required": []}}


def proposal(family: EventFamily, schema: Schema) -> Document:
    """The document by which a schema becomes the next version of its family."""
    number = next_number(family.key)
    described = schema.get("description") if isinstance(schema, dict) else None
    return {
        "key": key_of(family.key, number),
        "name": f"{family.name} {number}"[:120],
        "description": described
        if isinstance(described, str) and described.strip()
        else family.document["description"],
        "owner": family.owner.key,
        "family": family.key,
        "number": number,
        "schema": schema,
        "migration_note": "",
        "deadline": "",
    }


def next_number(family: str) -> str:
    """The next minor of the newest major that is registered, past those that are proposed; 1.0.0 for the first.

    A new major that waits for its approvers does not count: nobody knows yet whether it comes.
    """
    registered = [tuple(pair) for pair in EventSchema.objects.filter(family=family).values_list("major", "minor")]
    waiting = ChangeRequest.objects.filter(kind="event_schema", state__in=OPEN_STATES, document__family=family)
    proposed = [
        order_of(number)[:2]
        for key, number in waiting.values_list("key", "document__number")
        # A draft may say anything.
        if isinstance(number, str) and _NUMBER.fullmatch(number) and key == key_of(family, number)
    ]
    if not registered and not proposed:
        return "1.0.0"
    newest = max(major for major, _minor in registered) if registered else min(major for major, _minor in proposed)
    taken = [minor for major, minor in (*registered, *proposed) if major == newest and minor < LAST]
    return f"{newest}.{max(taken, default=-1) + 1}.0"


def blank(asked: Mapping[str, str]) -> Document:
    """A form for a version: of the family that the address names, it begins with the schema that stands last."""
    family = (
        EventFamily.objects.select_related("owner").filter(key=asked.get("family", "")[:60], state__in=STANDING).first()
    )
    if family is None:
        return _EMPTY
    rows = EventSchema.objects.filter(family=family.key, state__in=STANDING).order_by("major", "minor", "patch")
    last = rows.last()
    begun = proposal(family, last.document["schema"] if last else _EMPTY["schema"])
    return begun | (
        {"description": last.document["description"], "examples": last.document["examples"]} if last else {}
    )
