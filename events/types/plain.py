"""What a type can say of a schema, and no more: the input of generators.

A type tells names, kinds, constants, bounds and what is required or closed; whoever has it reads every event that the schema
accepts. What else a schema asks (patterns, conditions, formats) is judged by the schema. Only known keywords pass: generators
take others as orders, some to put text into the code as it is. Defaults stay behind too: what was not sent is not there. A part
that tells its properties or items and no type is taken for an object or an array, as its author meant it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from events.schemas import Schema, Unresolved, dialect_of, misread
from events.schemas.walking import DRAFT_07, at, walk

_BOUNDS = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
}
# Names that a generated file has for something else.
_TAKEN = frozenset(
    {"Annotated", "Any", "Array", "BaseModel", "Boolean", "ConfigDict", "Date", "False", "Field", "Literal", "None", "Number",
     "Object", "Record", "RootModel", "String", "StringConstraints", "True"}
)  # fmt: skip
# They turn the text that follows around, so that a comment reads otherwise than it is.
TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
Node = dict[str, Any]


def plain(schema: Schema, title: str) -> Node:
    """A bundled schema in the words that every generator knows, named `title`. Raises Unresolved."""
    if not isinstance(schema, dict) or misread(schema, schema):
        raise Unresolved("It holds a “$ref” that is no reference, which a generator would follow.")
    targets = {
        one["$ref"]: None
        for _pointer, one in walk(schema)
        if isinstance(one, dict) and isinstance(one.get("$ref"), str) and one["$ref"] != "#"
    }
    names = _named(targets, title)
    making = _Making(names, old=dialect_of(schema) == DRAFT_07)
    parts = {name: making.node(at(schema, reference[1:])) for reference, name in sorted(names.items())}
    whole = {"$schema": DRAFT_07, "title": title} | making.node(schema)
    return whole | ({"$defs": parts} if parts else {})


def type_name(text: str) -> str:
    """A name of a type from any text: OrderPlaced from order-placed."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words)[:60]
    if not name or name[0].isdigit():
        name = f"Part{name}"
    return f"{name}Event" if name in _TAKEN else name


def prose(text: object) -> str:
    """Words for a comment: on one line, with nothing in them that ends a comment or turns its reader around."""
    line = " ".join(str(text).split())
    kept = "".join(one for one in line if unicodedata.category(one) not in ("Cc", "Cn", "Cs") and one not in TURNING)
    return kept.replace("*/", "* /").replace("/*", "/ *").replace('"""', "'''")


def _named(references: Iterable[str], root: str) -> dict[str, str]:
    found: dict[str, str] = {}
    taken = {root.lower()}
    for reference in sorted(references):
        wanted = type_name(reference.rsplit("/", 1)[1].replace("~1", "/").replace("~0", "~"))
        name, number = wanted, 1
        while name.lower() in taken:
            number += 1
            name = f"{wanted}{number}"
        taken.add(name.lower())
        found[reference] = name
    return found


class _Making:
    """Turns schemas into plain ones; `names` are those of what is referred to, `old` says that it is draft-07."""

    def __init__(self, names: dict[str, str], *, old: bool) -> None:
        self.names = names
        self.old = old

    def node(self, schema: Any) -> Node:
        """One schema. What nothing is accepted by has no type; it becomes anything."""
        if not isinstance(schema, dict):
            return {}
        if isinstance(schema.get("$ref"), str):
            return self._reference(schema)
        made = _values(schema) | self._object(schema) | self._array(schema) | self._choices(schema)
        words = schema.get("description") or schema.get("title")
        return made | ({"description": prose(words)} if words and prose(words) else {})

    def _reference(self, schema: Node) -> Node:
        name = schema["$ref"]
        link = {"$ref": "#" if name == "#" else f"#/$defs/{self.names[name]}"}
        beside = {} if self.old else self.node({word: part for word, part in schema.items() if word != "$ref"})
        beside.pop("description", None)
        return {"allOf": [link, beside]} if beside.keys() - {"type"} else link

    def _object(self, schema: Node) -> Node:
        known = {name: self.node(part) for name, part in (schema.get("properties") or {}).items()}
        rest = schema.get("additionalProperties", True)
        patterns = list((schema.get("patternProperties") or {}).values())
        required = [name for name in schema.get("required") or () if known or schema.get("type") == "object"]
        for name in required:
            known.setdefault(name, {})
        made: Node = {"properties": known} if known else {}
        made |= {"required": required} if required else {}
        if rest is False and not patterns:
            return made | {"additionalProperties": False}
        # One type for names that are told and names that are not would have to fit both.
        if rest is not True and not known:
            parts = [self.node(one) for one in (*patterns, *([] if rest is False else [rest]))]
            made["additionalProperties"] = _any_of(parts)
        return made

    def _array(self, schema: Node) -> Node:
        items = schema.get("items", True)
        heads = schema.get("prefixItems") if not self.old else None
        if isinstance(items, list):
            heads, items = items, schema.get("additionalItems", True)
        if not heads:
            return {"items": self.node(items)} if isinstance(items, dict) else {}
        rest = [] if items is False else [self.node(items)]
        return {"items": _any_of([*(self.node(one) for one in heads), *rest])}

    def _choices(self, schema: Node) -> Node:
        made: Node = {}
        for word in ("anyOf", "oneOf", "allOf"):
            parts = [self.node(one) for one in schema.get(word) or ()]
            if word == "allOf":
                parts = [one for one in parts if one]
            # Of branches that only ask for more, or of one that is anything, there is no type.
            if parts and all(one.keys() - {"description"} for one in parts):
                made[word] = parts
        return made


def _any_of(parts: list[Node]) -> Node:
    different: list[Node] = []
    for one in parts:
        if one not in different:
            different.append(one)
    if not all(different):
        return {}
    return different[0] if len(different) == 1 else {"anyOf": different}


def _values(schema: Node) -> Node:
    kind = schema.get("type")
    made: Node = {} if kind is None else {"type": kind}
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values:
        scalar = all(one is None or isinstance(one, str | int | float) for one in values)
        return made | ({"enum": list(values)} if scalar else {})
    bounds = _BOUNDS.get(kind, ()) if isinstance(kind, str) else ()
    return made | {word: schema[word] for word in bounds if word in schema}
