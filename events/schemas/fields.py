"""The fields of a schema as rows of a table, and what a consumer that reads some of them would lose."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from events.schemas.walking import Schema, at, escaped

MOST = 500
MAX_DEPTH = 12


@dataclass(frozen=True)
class Field:
    """One field: where it stands in an event (a JSON pointer; `*` stands for any item) and what it may be."""

    pointer: str
    types: tuple[str, ...]
    required: bool
    values: tuple[Any, ...] = ()
    format: str = ""
    description: str = ""
    sensitivity: str = ""


def fields_of(schema: Schema) -> list[Field]:
    """The fields that a bundled schema describes, in its order."""
    found: list[Field] = []
    for one in _fields(schema, schema, "", 0):
        found.append(one)
        if len(found) >= MOST:
            break
    return found


def _resolved(schema: Any, root: Schema) -> Any:
    for _step in range(20):
        if not isinstance(schema, dict) or not isinstance(schema.get("$ref"), str):
            return schema
        schema = at(root, schema["$ref"][1:])
    return schema


def _fields(schema: Any, root: Schema, pointer: str, depth: int) -> Iterator[Field]:
    schema = _resolved(schema, root)
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return
    required = schema.get("required") or []
    for name, part in (schema.get("properties") or {}).items():
        here = f"{pointer}/{escaped(name)}"
        part = _resolved(part, root)
        yield _field(here, part, name in required)
        yield from _fields(part, root, here, depth + 1)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword) or ():
            yield from _fields(part, root, pointer, depth + 1)
    if isinstance(schema.get("items"), dict):
        yield from _fields(schema["items"], root, f"{pointer}/*", depth + 1)


def _field(pointer: str, schema: Any, required: bool) -> Field:
    if not isinstance(schema, dict):
        return Field(pointer, (), required)
    types = schema.get("type") or ()
    values = [schema["const"]] if "const" in schema else list(schema.get("enum") or ())
    return Field(
        pointer=pointer,
        types=(types,) if isinstance(types, str) else tuple(types),
        required=required,
        values=tuple(values),
        format=str(schema.get("format") or ""),
        description=str(schema.get("description") or ""),
        sensitivity=str(schema.get("x-sensitivity") or ""),
    )


def lost_fields(reads: Iterable[str], old: Schema, new: Schema) -> list[str]:
    """Of the pointers that a consumer reads, those that the new version takes away, retypes or no longer guarantees."""
    before = {one.pointer: one for one in fields_of(old)}
    after = {one.pointer: one for one in fields_of(new)}
    found = []
    for pointer in reads:
        was, now = before.get(pointer), after.get(pointer)
        if was is None:
            continue
        if now is None or not set(now.types) <= set(was.types or now.types) or (was.required and not now.required):
            found.append(pointer)
    return found
