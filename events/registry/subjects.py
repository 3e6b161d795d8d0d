"""Subjects, versions and ids as registry clients see them. Reads only."""

from dataclasses import dataclass
from typing import Any, TypedDict

import orjson

from events.models import EventFamily, EventSchema
from events.registry.errors import Code, RegistryRefusal
from events.schemas import Schema, referred
from portal.registry.models import STANDING, EntryState

SUFFIX = "-value"
# Ids are 32-bit in every client.
MOST_ID = 2**31 - 1


class Reference(TypedDict):
    """Another version that a schema refers to; `name` is what stands in `$ref`."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True)
class Numbered:
    """A version with its place in the order of registering."""

    row: EventSchema
    version: int

    @property
    def stands(self) -> bool:
        """Whether it is in use; a retired one counts as deleted, softly: it stays readable by its id."""
        return self.row.state in STANDING

    @property
    def schema(self) -> Schema:
        """The JSON Schema."""
        return self.row.document["schema"]


def family_of(subject: str) -> EventFamily:
    """The family that a subject names. Raises RegistryRefusal."""
    rows = EventFamily.objects.filter(state__in=STANDING)
    base = subject.removesuffix(SUFFIX)
    by_key = {one.key: one for one in rows.filter(key__in={subject, base})}
    # A subject is first of all what a family is listed under.
    found = by_key.get(base) or by_key.get(subject)
    if found is None and subject.endswith(SUFFIX):
        # A topic that several families share names none of them.
        sharing = list(rows.filter(channel=base)[:2])
        found = sharing[0] if len(sharing) == 1 else None
    if found is None:
        raise RegistryRefusal(
            Code.SUBJECT_NOT_FOUND,
            f"Subject '{subject[:200]}' not found: no event family that stands has this key, or alone this channel. "
            "Register the family first.",
        )
    return found


def subject_of(key: str) -> str:
    """The subject under which a family is listed."""
    return f"{key}{SUFFIX}"


def listed(*, deleted: bool = False, only: bool = False) -> list[str]:
    """The keys of families that stand and have a version that stands; with `deleted` any, with `only` none that stands."""
    rows = EventSchema.objects.exclude(state=EntryState.DRAFT)
    in_use = rows.filter(state__in=STANDING)
    families = EventFamily.objects.filter(
        state__in=STANDING, key__in=(rows if deleted or only else in_use).values("family")
    )
    if only:
        families = families.exclude(key__in=in_use.values("family"))
    return list(families.order_by("key").values_list("key", flat=True))


def versions_of(family: str) -> list[Numbered]:
    """All that were ever registered, in that order."""
    rows = EventSchema.objects.filter(family=family).exclude(state=EntryState.DRAFT).order_by("id")
    return [Numbered(row, place) for place, row in enumerate(rows, 1)]


def standing(family: EventFamily, subject: str, *, deleted: bool = False) -> list[Numbered]:
    """Those that stand; with `deleted` the retired too. Raises RegistryRefusal where there is none."""
    every = versions_of(family.key)
    found = [one for one in every if deleted or one.stands]
    if not found:
        code = Code.SUBJECT_SOFT_DELETED if every else Code.SUBJECT_NOT_FOUND
        raise RegistryRefusal(code, f"Subject '{subject}' has no version that stands.")
    return found


def latest(found: list[Numbered]) -> Numbered:
    """The newest by its semantic version: one that was registered later for an older major is not it."""
    return max(found, key=lambda one: (one.row.major, one.row.minor, one.row.patch))


def numbered(family: EventFamily, subject: str, wanted: str, *, deleted: bool = False) -> Numbered:
    """One version: `latest`, -1 or its number. Raises RegistryRefusal."""
    if wanted in ("latest", "-1"):
        return latest(standing(family, subject))
    if not wanted.isascii() or not wanted.isdigit() or len(wanted) > 10 or not 1 <= int(wanted) <= MOST_ID:
        raise RegistryRefusal(
            Code.INVALID_VERSION,
            f"The specified version '{wanted[:40]}' is not a valid version id: 1 to 2^31-1, or 'latest'.",
        )
    for one in standing(family, subject, deleted=True):
        if one.version == int(wanted):
            if not one.stands and not deleted:
                message = f"Subject '{subject}' version {wanted} was soft deleted (it is retired)."
                raise RegistryRefusal(Code.VERSION_SOFT_DELETED, message)
            return one
    raise RegistryRefusal(Code.VERSION_NOT_FOUND, f"Version {wanted} not found.")


def by_id(wanted: str) -> Numbered:
    """The version with an id, whatever its state. Raises RegistryRefusal."""
    row = None
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 10 and int(wanted) <= MOST_ID:
        row = EventSchema.objects.filter(pk=int(wanted)).exclude(state=EntryState.DRAFT).first()
    if row is None:
        raise RegistryRefusal(Code.SCHEMA_NOT_FOUND, f"Schema {wanted[:40]} not found.")
    before = EventSchema.objects.filter(family=row.family, pk__lte=row.pk).exclude(state=EntryState.DRAFT)
    return Numbered(row, before.count())


def equal(found: list[Numbered], schema: Schema) -> Numbered | None:
    """The newest of them whose schema is the same JSON value."""
    wanted = _canonical(schema)
    same = [one for one in found if _canonical(one.schema) == wanted]
    return same[-1] if same else None


def _canonical(schema: Schema) -> bytes:
    """A schema as bytes in which 5 and 5.0 are the same, as they are to the database and to every validator."""
    return orjson.dumps(_plain(schema), option=orjson.OPT_SORT_KEYS)


def _plain(value: Schema) -> Schema:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**63 else value


def answer(one: Numbered) -> dict[str, Any]:
    """A schema as clients read it. `metadata` is left out: some clients cannot read its tags."""
    found: dict[str, Any] = {"schema": orjson.dumps(one.schema).decode(), "schemaType": "JSON"}
    references = references_of(one.schema)
    return found | ({"references": references} if references else {})


def references_of(schema: Schema) -> list[Reference]:
    """The versions that a schema refers to directly."""
    found: list[Reference] = []
    for family, number in referred(schema):
        place = next((one.version for one in versions_of(family) if one.row.number == number), 0)
        found.append({"name": _address(family, number), "subject": subject_of(family), "version": place})
    return found


def _address(family: str, number: str) -> str:
    return f"../{family}/{number}.json"
