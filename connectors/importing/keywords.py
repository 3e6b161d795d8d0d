"""The keywords of a JSON Schema by their form, and what is to be told of their values."""

from functools import lru_cache
from typing import Any

import jsonschema_rs

Schema = dict[str, Any] | bool

LARGE = 2**63
TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
ONE = frozenset({"additionalProperties", "not", "contains", "propertyNames", "if", "then", "else",
                  "unevaluatedItems", "unevaluatedProperties"})  # fmt: skip
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
PROSE = frozenset({"title", "description"})
TEXTS = frozenset({"format", "contentEncoding", "contentMediaType"})
NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
                     "minContains", "maxContains"})  # fmt: skip
FLAGS = frozenset({"uniqueItems", "readOnly", "writeOnly", "deprecated"})
VALUES = frozenset({"const", "default"})
# What says nothing about which values are allowed.
PLAIN = frozenset({"$schema", "$comment", "$vocabulary", "example", "examples", "xml", "externalDocs", "discriminator",
                    "nullable", "$defs", "definitions"})  # fmt: skip


def is_number(value: Any) -> bool:
    """Whether it is a number within 64 bits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGE


def are_names(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


@lru_cache(maxsize=2000)
def is_pattern(value: str) -> bool:
    """Whether it is a regular expression that schemas know, of a bearable length."""
    if len(value) > 1000:
        return False
    try:
        jsonschema_rs.validator_for({"pattern": value})
    except (ValueError, jsonschema_rs.ReferencingError):
        return False
    return True


def is_keepable(value: Any) -> bool:
    """Whether a value can be kept: no number past 64 bits, not deep, not large."""
    waiting, seen = [(value, 0)], 0
    while waiting:
        one, level = waiting.pop()
        seen += 1
        if seen > 2000 or level > 10:
            return False
        if isinstance(one, dict):
            # What looks like a reference would be taken for one.
            if "$ref" in one or "$dynamicRef" in one:
                return False
            waiting += [(each, level + 1) for each in one.values()]
        elif isinstance(one, list):
            waiting += [(each, level + 1) for each in one]
        elif isinstance(one, int | float) and not isinstance(one, bool) and not abs(one) < LARGE:
            return False
    return True


def without_prose(schema: Schema) -> Schema:
    """The schema without titles, descriptions and defaults."""
    if isinstance(schema, bool):
        return schema
    made: dict[str, Any] = {}
    for name, one in schema.items():
        if name in PROSE or name == "default":
            continue
        if name in ONE or name == "items":
            made[name] = without_prose(one)
        elif name in MANY:
            made[name] = [without_prose(each) for each in one]
        elif name in NAMED:
            made[name] = {key: without_prose(each) for key, each in one.items()}
        else:
            made[name] = one
    return made


def references(schema: Schema) -> list[str]:
    """The names of the parts that a schema leads to at once."""
    found: dict[str, None] = {}
    waiting: list[Any] = [schema]
    while waiting:
        here = waiting.pop()
        if not isinstance(here, dict):
            continue
        if "$ref" in here:
            found[str(here["$ref"]).removeprefix("#/$defs/")] = None
        for name, one in here.items():
            if name in ONE or name == "items":
                waiting.append(one)
            elif name in MANY:
                waiting += one
            elif name in NAMED:
                waiting += one.values()
    return list(found)
