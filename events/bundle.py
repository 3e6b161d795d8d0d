"""What a service downloads to judge events by itself: one schema for each version that stands, with its envelope.

The form is `{"format": 1, "families": {key: {number: {"deprecated": bool, "schema": {…}}}}}`. A version whose references lead
nowhere is left out, as the portal itself refuses its events.
"""

import hashlib
from collections.abc import Collection
from typing import TypedDict

from events.envelope import whole_schema
from events.line import STANDING, lookup
from events.models import EventFamily, EventSchema
from events.schemas import Schema, Unresolved, bundled
from portal.registry.models import EntryState

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
    families = EventFamily.objects.filter(state__in=STANDING)
    rows = EventSchema.objects.filter(state__in=STANDING).order_by("family", "major", "minor", "patch")
    if keys:
        families, rows = families.filter(key__in=keys), rows.filter(family__in=keys)
    policies = {one.key: one for one in families}
    found: dict[str, dict[str, BundledVersion]] = {key: {} for key in sorted(policies)}
    for one in rows:
        family = policies.get(one.family)
        if family is None:
            continue
        try:
            data = bundled(one.document["schema"], lookup)
        except Unresolved:
            continue
        found[one.family][one.number] = {
            "deprecated": EntryState.DEPRECATED in (one.state, family.state),
            "schema": whole_schema(one.family, one.number, family.document["envelope"], data),
        }
    return {"format": FORMAT, "families": found}
