"""Fingerprints of a tool: what of it may not change unseen, as four digests. Pure: no database, no clock.

Each is the sha256 of canonical JSON: of the input schema and of the output schema without their prose, of all prose (that of
the tool and that inside its schemas, for prose is what steers an agent), and of the annotations. What says the same has the
same digest: the order of keys, of `required` and of a list of types does not count, nor does 1.0 for 1. A `default` stays with
its schema: it changes what a call does. Keywords that are not known stay there too, so that nothing is left out of all four.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from portal.json_bounds import deeper_than

PROSE: Final = frozenset({"title", "description", "examples", "$comment"})
# Below these stand schemas by name, a schema, or a list of schemas. Everything else below a keyword is data.
_BY_NAME: Final = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)
_ONE: Final = frozenset(
    {"items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "additionalItems", "contains",
     "propertyNames", "not", "if", "then", "else", "contentSchema"}
)  # fmt: skip
_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
_SETS: Final = frozenset({"required", "type"})
# Deeper ones cannot be compared, and count as changed.
MAX_DEPTH: Final = 100
ASPECTS: Final = ("input", "output", "prose", "annotations")


@dataclass(frozen=True)
class Fingerprints:
    """The digests of one tool, in hex; all empty for a definition that cannot be compared."""

    input: str = ""
    output: str = ""
    prose: str = ""
    annotations: str = ""

    @property
    def readable(self) -> bool:
        """Whether the definition could be compared at all."""
        return bool(self.input and self.output and self.prose and self.annotations)

    @property
    def whole(self) -> str:
        """One digest over the four; empty unless all are there."""
        return _digest({name: getattr(self, name) for name in ASPECTS}) if self.readable else ""


UNREADABLE: Final = Fingerprints()


def fingerprints(definition: Mapping[str, Any]) -> Fingerprints:
    """The fingerprints of a tool as its server defines it: the entry of `tools/list`, whole."""
    parts = {
        name: definition.get(name) for name in ("title", "description", "inputSchema", "outputSchema", "annotations")
    }
    if deeper_than(parts, MAX_DEPTH):
        return UNREADABLE
    # Absent annotations and none say the same.
    annotations = parts["annotations"] if parts["annotations"] is not None else {}
    try:
        return Fingerprints(
            input=_digest(bare(parts["inputSchema"])),
            output=_digest(bare(parts["outputSchema"])),
            prose=_digest(
                {
                    "title": parts["title"],
                    "description": parts["description"],
                    "input": [list(one) for one in prose_of(parts["inputSchema"])],
                    "output": [list(one) for one in prose_of(parts["outputSchema"])],
                }
            ),
            annotations=_digest(annotations),
        )
    except (TypeError, ValueError):
        # A number or text that JSON cannot carry.
        return UNREADABLE


def bare(schema: Any) -> Any:
    """The schema without its prose; what is no schema as it is."""
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in PROSE:
            continue
        if keyword in _BY_NAME and isinstance(value, dict):
            kept[keyword] = {name: bare(one) for name, one in value.items()}
        elif keyword in _LIST and isinstance(value, list):
            kept[keyword] = [bare(one) for one in value]
        elif keyword in _ONE:
            kept[keyword] = bare(value)
        elif keyword in _SETS and isinstance(value, list) and all(isinstance(one, str) for one in value):
            kept[keyword] = sorted(value)
        else:
            kept[keyword] = value
    return kept


def prose_of(schema: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """The prose of a schema, as (where, keyword, what it says), in the order of the paths."""
    if not isinstance(schema, dict):
        return
    for keyword in sorted(schema):
        value, here = schema[keyword], f"{path}/{_step(keyword)}"
        if keyword in PROSE:
            yield path, keyword, value
        elif keyword in _BY_NAME and isinstance(value, dict):
            for name in sorted(value):
                yield from prose_of(value[name], f"{here}/{_step(name)}")
        elif keyword in _LIST and isinstance(value, list):
            for number, one in enumerate(value):
                yield from prose_of(one, f"{here}/{number}")
        elif keyword in _ONE:
            yield from prose_of(value, here)


def _step(name: str) -> str:
    # As a JSON pointer writes it, so that two places never have one path.
    return name.replace("~", "~0").replace("/", "~1")


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: Any) -> Any:
    """The value with whole numbers written as such: 1.0 says what 1 says."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
