"""What a service downloads to judge events by itself: one schema for each version that stands, with its envelope.

The form is `{"format": 1, "families": {key: {number: {"deprecated": bool, "schema": {…}}}}}`. A version whose references lead
nowhere is left out, as the portal itself refuses its events.
"""

import hashlib
from collections.abc import Collection
from contextlib import suppress
from typing import TypedDict

from events.envelope import whole_schema
from events.line import exported, lookup_in
from events.models import EventFamily, EventSchema
from events.schemas import Schema, Unresolved, bundled

FORMAT = 1


class BundledVersion(TypedDict):
    """One version: whether it is on its way out, and the schema of an event of it in its envelope."""

    deprecated: bool
    schema: Schema


class Bundle(TypedDict):
    """All of it."""

    format: int
    families: dict[str, dict[str, BundledVersion]]


def fingerprint(keys: Collection[str]) -> str:
    """Changes whenever the bundle of these families may: any version that comes or goes may be one that they refer to."""
    rows = [
        *EventFamily.objects.order_by("key").values_list("key", "version", "state"),
        *EventSchema.objects.order_by("key").values_list("key", "version", "state"),
    ]
    return hashlib.sha256(repr((FORMAT, sorted(keys), rows)).encode()).hexdigest()[:32]


def bundle(keys: Collection[str] = ()) -> Bundle:
    """The bundle of these families; of all, where none is named. Those that do not stand are left out."""
    every = exported()
    find = lookup_in(every)
    families = {}
    for line in every:
        key = line.family["key"]
        if keys and key not in keys:
            continue
        made = {}
        for one in line.versions:
            with suppress(Unresolved):
                data = bundled(one["schema"], find)
                made[one["number"]] = BundledVersion(
                    deprecated=one["number"] in line.deprecated,
                    schema=whole_schema(key, one["number"], line.family["envelope"], data),
                )
        families[key] = made
    return {"format": FORMAT, "families": families}
