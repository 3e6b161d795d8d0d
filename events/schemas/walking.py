"""Where schemas stand inside a schema: the one table of keywords that hold schemas, for both dialects."""

from collections.abc import Iterable, Iterator
from typing import Any

Schema = Any  # a JSON object, true or false

DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
DRAFT_07 = "http://json-schema.org/draft-07/schema#"

HOLDS_ONE = frozenset(
    {"additionalProperties", "unevaluatedProperties", "propertyNames", "items", "additionalItems", "unevaluatedItems",
     "contains", "not", "if", "then", "else", "contentSchema"}
)  # fmt: skip
HOLDS_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
HOLDS_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})


def escaped(name: object) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")


def pointer_of(path: Iterable[str | int]) -> str:
    """The JSON pointer of a path, as a validator gives it."""
    return "".join(f"/{escaped(step)}" for step in path)


def children(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The schemas directly inside, each with the rest of its JSON pointer (`/properties/id`)."""
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in HOLDS_NAMED and isinstance(value, dict):
            for name, one in value.items():
                if isinstance(one, dict | bool):
                    yield f"/{escaped(keyword)}/{escaped(name)}", one
        elif keyword in HOLDS_LIST and isinstance(value, list):
            for index, one in enumerate(value):
                yield f"/{keyword}/{index}", one
        elif keyword in HOLDS_ONE and isinstance(value, dict | bool):
            yield f"/{keyword}", value


def walk(schema: Schema, pointer: str = "") -> Iterator[tuple[str, Schema]]:
    """The schema and every one inside it, each with its JSON pointer; without recursion, however deep it is."""
    waiting = [(pointer, schema)]
    while waiting:
        here, one = waiting.pop()
        yield here, one
        waiting += [(here + step, inner) for step, inner in children(one)][::-1]


def at(schema: Schema, pointer: str) -> Schema | None:
    """What stands at a JSON pointer, or None."""
    here = schema
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and name in here:
            here = here[name]
        elif isinstance(here, list) and name.isdigit() and int(name) < len(here):
            here = here[int(name)]
        else:
            return None
    return here


def dialect_of(schema: Schema) -> str:
    """The dialect that a schema names, 2020-12 where it names none."""
    named = schema.get("$schema", DRAFT_2020) if isinstance(schema, dict) else DRAFT_2020
    return DRAFT_07 if str(named).rstrip("#") == DRAFT_07.rstrip("#") else str(named)
