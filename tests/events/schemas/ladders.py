"""Ladders: schemas of one value, each accepting strictly less than the one before. By reasoning, not by running anything.

Every pair of a ladder is two cases: the wider reads all that the narrower writes, and not the other way round. Each ladder
stands in an object, in an array and behind a reference, in both dialects where its keywords exist in both.
"""

from itertools import combinations
from typing import Any

from events.schemas.walking import DRAFT_07, DRAFT_2020

BOTH = (DRAFT_2020, DRAFT_07)
NEW = (DRAFT_2020,)
OLD = (DRAFT_07,)

LADDERS: dict[str, tuple[tuple[str, ...], list[Any]]] = {
    "type": (BOTH, [{}, {"type": ["string", "number", "null"]}, {"type": ["string", "number"]}, {"type": "number"},
                    {"type": "integer"}]),
    "boolean": (BOTH, [True, {"type": "boolean"}, {"enum": [True]}]),
    "null": (BOTH, [{"type": ["null", "string"]}, {"type": "null"}]),
    "enum": (BOTH, [{"type": "string"}, {"enum": ["a", "b", "c"]}, {"enum": ["a", "b"]}, {"enum": ["b"]}]),
    "enum of numbers": (BOTH, [{"type": "integer"}, {"enum": [1, 2, 3]}, {"enum": [1, 3]}]),
    "const": (BOTH, [{"type": ["string", "null"]}, {"type": "string"}, {"const": "a"}]),
    "const object": (BOTH, [{"type": "object"}, {"const": {"a": 1}}]),
    "minimum": (BOTH, [{"type": "number"}, {"type": "number", "minimum": 0}, {"type": "number", "minimum": 5}]),
    "maximum": (BOTH, [{"type": "number"}, {"type": "number", "maximum": 9}, {"type": "number", "maximum": 5}]),
    "exclusiveMinimum": (BOTH, [{"type": "number", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0},
                                {"type": "number", "exclusiveMinimum": 2}]),
    "exclusiveMaximum": (BOTH, [{"type": "number", "maximum": 9}, {"type": "number", "exclusiveMaximum": 9},
                                {"type": "number", "exclusiveMaximum": 3}]),
    "integer bounds": (BOTH, [{"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 1, "maximum": 10},
                              {"type": "integer", "exclusiveMinimum": 1, "maximum": 10}]),
    "multipleOf": (BOTH, [{"type": "integer"}, {"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 6}]),
    "minLength": (BOTH, [{"type": "string"}, {"type": "string", "minLength": 1}, {"type": "string", "minLength": 3}]),
    "maxLength": (BOTH, [{"type": "string"}, {"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 2}]),
    "pattern": (BOTH, [{"type": "string"}, {"type": "string", "pattern": "^[a-z]+$"}]),
    "length and pattern": (BOTH, [{"type": "string", "maxLength": 5},
                                  {"type": "string", "maxLength": 5, "pattern": "^[a-z]*$"}]),
    "items": (BOTH, [{"type": "array"}, {"type": "array", "items": {"type": ["string", "integer"]}},
                     {"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"enum": ["a"]}}]),
    "no items": (BOTH, [{"type": "array", "items": {"type": "string"}}, {"type": "array", "maxItems": 0}]),
    "minItems": (BOTH, [{"type": "array"}, {"type": "array", "minItems": 1}, {"type": "array", "minItems": 3}]),
    "maxItems": (BOTH, [{"type": "array"}, {"type": "array", "maxItems": 4}, {"type": "array", "maxItems": 1}]),
    "uniqueItems": (BOTH, [{"type": "array"}, {"type": "array", "uniqueItems": True}]),
    "contains": (BOTH, [{"type": "array"}, {"type": "array", "contains": {"type": "string"}},
                        {"type": "array", "contains": {"const": "a"}}]),
    "minContains": (NEW, [{"type": "array"}, {"type": "array", "contains": {"const": 1}},
                          {"type": "array", "contains": {"const": 1}, "minContains": 2}]),
    "maxContains": (NEW, [{"type": "array", "contains": {"const": 1}},
                          {"type": "array", "contains": {"const": 1}, "maxContains": 1}]),
    "prefixItems": (NEW, [{"type": "array"}, {"type": "array", "prefixItems": [{"type": "string"}]},
                          {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
                          {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}]),
    "tuple": (OLD, [{"type": "array"}, {"type": "array", "items": [{"type": "string"}]},
                    {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
                    {"type": "array", "items": [{"type": "string"}, {"type": "integer"}], "additionalItems": False}]),
    "properties": (BOTH, [{"type": "object"}, {"type": "object", "properties": {"x": {"type": ["string", "null"]}}},
                          {"type": "object", "properties": {"x": {"type": "string"}}},
                          {"type": "object", "properties": {"x": {"enum": ["a"]}}}]),
    "one more field": (BOTH, [{"type": "object", "properties": {"x": {"type": "string"}}},
                              {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "integer"}}}]),
    "required": (BOTH, [{"type": "object"}, {"type": "object", "required": ["x"]}, {"type": "object", "required": ["x", "y"]}]),
    "closed": (BOTH, [{"type": "object", "properties": {"x": {}}},
                      {"type": "object", "properties": {"x": {}}, "additionalProperties": {"type": "string"}},
                      {"type": "object", "properties": {"x": {}}, "additionalProperties": False}]),
    "closed, one field less": (BOTH, [
        {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}, "additionalProperties": False},
        {"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": False}]),
    "patternProperties": (BOTH, [{"type": "object"}, {"type": "object", "patternProperties": {"^n_": {"type": "number"}}},
                                 {"type": "object", "patternProperties": {"^n_": {"type": "integer"}}}]),
    "propertyNames": (BOTH, [{"type": "object"}, {"type": "object", "propertyNames": {"maxLength": 8}},
                             {"type": "object", "propertyNames": {"maxLength": 3}}]),
    "minProperties": (BOTH, [{"type": "object"}, {"type": "object", "minProperties": 1}, {"type": "object", "minProperties": 2}]),
    "maxProperties": (BOTH, [{"type": "object"}, {"type": "object", "maxProperties": 3}, {"type": "object", "maxProperties": 1}]),
    "dependentRequired": (NEW, [{"type": "object"}, {"type": "object", "dependentRequired": {"x": ["y"]}},
                                {"type": "object", "dependentRequired": {"x": ["y", "z"]}}]),
    "dependentSchemas": (NEW, [{"type": "object"}, {"type": "object", "dependentSchemas": {"x": {"required": ["y"]}}}]),
    "dependencies": (OLD, [{"type": "object"}, {"type": "object", "dependencies": {"x": ["y"]}},
                           {"type": "object", "dependencies": {"x": ["y", "z"]}}]),
    "unevaluatedProperties": (NEW, [{"type": "object", "properties": {"x": {}}},
                                    {"type": "object", "properties": {"x": {}}, "unevaluatedProperties": False}]),
    "allOf": (BOTH, [{"type": "integer", "minimum": 0}, {"allOf": [{"type": "integer"}, {"minimum": 0}, {"maximum": 7}]}]),
    "anyOf": (BOTH, [{"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
                     {"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "integer"}]}]),
    "oneOf": (BOTH, [{"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
                     {"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"oneOf": [{"type": "string", "minLength": 2}]}]),
    "not": (BOTH, [{"type": "integer"}, {"type": "integer", "not": {"const": 3}},
                   {"type": "integer", "not": {"enum": [3, 4]}}]),
    "if then": (BOTH, [{"type": "object"},
                       {"type": "object", "if": {"properties": {"k": {"const": "x"}}, "required": ["k"]},
                        "then": {"required": ["y"]}}]),
    "if then else": (BOTH, [
        {"type": "object", "if": {"properties": {"k": {"const": "x"}}, "required": ["k"]}, "then": {"required": ["y"]}},
        {"type": "object", "if": {"properties": {"k": {"const": "x"}}, "required": ["k"]}, "then": {"required": ["y"]},
         "else": {"required": ["z"]}}]),
    "nested": (BOTH, [
        {"type": "object", "properties": {"in": {"type": "object", "properties": {"n": {"type": "number"}}}}},
        {"type": "object", "properties": {"in": {"type": "object", "properties": {"n": {"type": "integer"}}}}},
        {"type": "object", "properties": {"in": {"type": "object", "properties": {"n": {"type": "integer"}}}},
         "required": ["in"]}]),
}  # fmt: skip

# Written otherwise, meaning the same: each reads all that the other writes.
SAME: dict[str, tuple[tuple[str, ...], Any, Any]] = {
    "words only": (
        BOTH,
        {"type": "string", "title": "A", "description": "x"},
        {"type": "string", "title": "B", "default": "y"},
    ),
    "format is an annotation": (BOTH, {"type": "string", "format": "date-time"}, {"type": "string"}),
    "order": (BOTH, {"enum": ["a", "b"]}, {"enum": ["b", "a"]}),
    "const and enum": (BOTH, {"const": "a"}, {"enum": ["a"]}),
    "true and empty": (BOTH, True, {}),
    "number and both": (BOTH, {"type": "number"}, {"type": ["number", "integer"]}),
    "one of anyOf": (BOTH, {"anyOf": [{"type": "string"}]}, {"type": "string"}),
    "allOf taken apart": (BOTH, {"allOf": [{"type": "integer"}, {"minimum": 1}]}, {"type": "integer", "minimum": 1}),
    "integer above": (BOTH, {"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
    "nothing required": (BOTH, {"type": "object", "required": []}, {"type": "object"}),
    "a field of any value": (BOTH, {"type": "object", "properties": {"x": {}}}, {"type": "object"}),
    "double negation": (BOTH, {"not": {"not": {"type": "string"}}}, {"type": "string"}),
    "min zero": (BOTH, {"type": "string", "minLength": 0}, {"type": "string"}),
    "types in a list": (BOTH, {"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
}


def placed(dialect: str, schema: Any, where: str) -> dict[str, Any]:
    """The schema of one value as part of an event."""
    if where == "field":
        inner: dict[str, Any] = {"properties": {"value": schema}, "required": ["value"]}
    elif where == "item":
        inner = {"properties": {"value": {"type": "array", "items": schema}}}
    else:
        home = "$defs" if dialect == DRAFT_2020 else "definitions"
        inner = {"properties": {"value": {"$ref": f"#/{home}/v"}}, home: {"v": schema}}
    return {"$schema": dialect, "type": "object"} | inner


def pairs() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(name, wider, narrower) of every pair of every ladder, in every place and dialect."""
    found = []
    for name, (dialects, steps) in LADDERS.items():
        for dialect in dialects:
            for where in ("field", "item", "reference"):
                for (i, wide), (j, narrow) in combinations(enumerate(steps), 2):
                    label = f"{name} {i}>{j} in a {where}, {'2020-12' if dialect == DRAFT_2020 else 'draft-07'}"
                    found.append((label, placed(dialect, wide, where), placed(dialect, narrow, where)))
    return found
