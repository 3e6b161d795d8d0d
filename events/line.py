"""The line of versions of a family: which stand, and what a new one must get on with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from events import asyncapi
from events.documents import breaks_openly, order_of
from events.models import EventFamily, EventSchema
from events.schemas import Judgement, Lookup, Mode, Name, Schema, bundled, judge, referred
from portal.registry.documents import Document
from portal.registry.models import STANDING, EntryState

# What events are taken of.


@dataclass(frozen=True)
class Standing:
    """One version that stands."""

    key: str
    number: str
    schema: Schema
    examples: list[Any]
    breaks: bool

    @property
    def order(self) -> tuple[int, ...]:
        """For comparing numbers."""
        return order_of(self.number)


def lookup(family: str, version: str) -> Schema | None:
    """The schema of a version that stands, for references; None where there is none."""
    parts = [int(part) for part in version.split(".")]
    found = EventSchema.objects.filter(
        family=family, major=parts[0], minor=parts[1], patch=parts[2], state__in=STANDING
    ).first()
    return found.document["schema"] if found is not None else None


def versions_of(family: str) -> list[Standing]:
    """The versions of a family that stand, oldest first."""
    rows = EventSchema.objects.filter(family=family, state__in=STANDING).order_by("major", "minor", "patch")
    found: list[Standing] = []
    for one in rows:
        told = one.document
        breaks = breaks_openly(told, [standing.number for standing in found])
        found.append(Standing(one.key, one.number, told["schema"], told["examples"], breaks))
    return found


def exported(family: str = "") -> list[asyncapi.Line]:
    """What an AsyncAPI document says of the families that take events, of one or of all: two queries, however many there are."""
    named = {"key": family} if family else {}
    families = list(EventFamily.objects.filter(state__in=STANDING, **named).order_by("key"))
    rows = EventSchema.objects.filter(state__in=STANDING, family__in=[one.key for one in families])
    versions: dict[str, list[EventSchema]] = {}
    for row in rows:
        versions.setdefault(row.family, []).append(row)
    return [
        asyncapi.Line(
            one.document,
            [row.document for row in versions.get(one.key, [])],
            frozenset(
                row.number for row in versions.get(one.key, []) if EntryState.DEPRECATED in (one.state, row.state)
            ),
        )
        for one in families
    ]


def lookup_in(lines: Iterable[asyncapi.Line]) -> Lookup:
    """`lookup`, but what was read already is not asked for again, nor anything twice."""
    known: dict[Name, Schema | None] = {
        (one["family"], one["number"]): one["schema"] for line in lines for one in line.versions
    }

    def find(family: str, version: str) -> Schema | None:
        if (family, version) not in known:
            known[family, version] = lookup(family, version)
        return known[family, version]

    return find


def referring(version: EventSchema) -> list[EventSchema]:
    """The versions that refer to one directly, whatever their state."""
    name = (version.family, version.number)
    rows = EventSchema.objects.filter(document__icontains=f"../{version.family}/{version.number}.json").order_by("id")
    return [row for row in rows.exclude(state=EntryState.DRAFT) if name in referred(row.document["schema"])]


def standing_family(key: str, *, hold: bool = False) -> EventFamily | None:
    """The family, if it is active; with `hold` under its row lock, so that its versions come one after the other."""
    rows = EventFamily.objects.filter(key=key, state=EntryState.ACTIVE)
    if hold and connection.in_atomic_block:
        rows = rows.select_for_update(of=("self",), no_key=True)
    return rows.first()


def line_before(document: Document, versions: list[Standing]) -> list[Standing]:
    """The earlier versions that a new one must get on with: back to the last that broke openly, that one included."""
    earlier = [one for one in versions if one.order < order_of(document["number"])]
    if breaks_openly(document, [one.number for one in earlier]):
        return []
    begun = max((index for index, one in enumerate(earlier) if one.breaks), default=0)
    return earlier[begun:]


def judged(document: Document, family: EventFamily) -> Judgement:
    """What the family's mode says of a version. Raises Unresolved when a reference leads nowhere any more."""
    earlier = line_before(document, versions_of(family.key))
    new = bundled(document["schema"], lookup)
    return judge(new, [(one.number, bundled(one.schema, lookup)) for one in earlier], Mode(family.compatibility))
