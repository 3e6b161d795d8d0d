"""Schemas of many shapes, each with what a generator of types may stumble over."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from events.schemas import Schema, bundled, validator_of
from events.schemas.samples import candidates
from events.schemas.walking import DRAFT_07
from tests.events.exporting import HOSTILE, ORDER, awkward, lookup


def of(properties: dict[str, Any], **more: Any) -> Schema:
    """An event of these properties."""
    return {"type": "object", "properties": properties} | more


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
PART = of({"a": TEXT | {"maxLength": 5}, "next": {"$ref": "#/$defs/part"}}, additionalProperties=False)
SHAPES: dict[str, Schema] = {
    "order": ORDER,
    "words": awkward(),
    "nothing": {"type": "object"},
    "closed": of({}, additionalProperties=False),
    "a-map": {"type": "object", "additionalProperties": WHOLE},
    "a-map-of-patterns": {"type": "object", "patternProperties": {"^a*/": WHOLE, "^b": TEXT}, "additionalProperties": False},
    "properties-and-a-map": of({"a": TEXT}, additionalProperties=WHOLE, patternProperties={"^x": TEXT}),
    "kinds": of({"n": {"type": ["string", "null"]}, "m": {"type": ["integer", "object"], "minimum": 1, "properties": {}}}),
    "anything": of({"yes": True, "no": False, "empty": {}, "true": {"$ref": "#/$defs/x"}}, **{"$defs": {"x": True}}),
    "constants": of({"a": {"const": {"b": 1}}, "c": {"const": None}, "d": {"const": "x"}, "e": {"const": 1.5}}, required=["d"]),
    "values": of({"a": {"enum": [1, "a", None, True, 1.5]}, "b": {"enum": [{"x": [1]}, "a"]}, "c": {"enum": [-1, 0]}}),
    "tuples": of(
        {
            "open": {"type": "array", "prefixItems": [TEXT, WHOLE]},
            "shut": {"type": "array", "prefixItems": [TEXT, TEXT], "items": False},
            "tail": {"type": "array", "prefixItems": [TEXT], "items": {"type": "null"}, "minItems": 1},
        }
    ),
    "old-tuples": of({"a": {"type": "array", "items": [TEXT, WHOLE], "additionalItems": False}}, **{"$schema": DRAFT_07}),
    "itself": of({"child": {"$ref": "#"}, "part": {"$ref": "#/$defs/part"}}, **{"$defs": {"part": PART}}),
    "beside-a-reference": of(
        {"a": {"$ref": "#/$defs/part", "description": "Said here.", "required": ["a"]}}, **{"$defs": {"part": PART}}
    ),
    "into-a-property": of({"a": PART | {"properties": {"a": TEXT}}, "b": {"$ref": "#/properties/a"}}),
    "choices": of(
        {
            "u": {"oneOf": [of({"k": {"const": "a"}}, required=["k"]), of({"k": {"const": "b"}}, required=["k"])]},
            "v": {"anyOf": [TEXT, WHOLE, {"type": "null"}]},
            "w": {"allOf": [{"$ref": "#/$defs/part"}, of({"z": WHOLE})]},
            "x": {"type": "string", "anyOf": [{"minLength": 3}, {"pattern": "^a"}]},
            "y": {"allOf": [TEXT, {"minLength": 2}]},
        },
        **{"$defs": {"part": of({"a": TEXT})}},
    ),
    "conditions": of(
        {"a": TEXT, "b": TEXT},
        oneOf=[{"required": ["a"]}, {"required": ["b"]}],
        dependentRequired={"a": ["c"]},
        **{"if": {"required": ["a"]}, "then": {"properties": {"d": WHOLE}}, "not": {"required": ["q"]}},
    ),
    "a-choice-of-more": of({"k": TEXT}, oneOf=[of({"a": WHOLE}, required=["a"]), of({"b": TEXT}, required=["b"])]),
    "more-by-all": of({"k": TEXT}, allOf=[of({"a": WHOLE}, required=["a"]), {"$ref": "#/$defs/p"}], **{"$defs": {"p": of({})}}),
    "bounds": of(
        {
            "a": {"type": "number", "multipleOf": 0.01, "exclusiveMinimum": 0, "maximum": 5},
            "b": {"type": "array", "items": WHOLE, "minItems": 1, "maxItems": 3, "uniqueItems": True},
            "c": TEXT | {"minLength": 1, "maxLength": 20, "pattern": "^[^'\"\\n]*$", "format": "email"},
            "d": WHOLE | {"minLength": 3},
            "e": TEXT | {"minimum": 3},
        }
    ),
    "promised-only": of({"a": TEXT}, required=["a", "ghost"]),
    "names-of-the-language": of(
        dict.fromkeys(
            ("str", "int", "Any", "Field", "BaseModel", "Literal", "None", "class", "self", "copy", "json", "schema", "root",
             "model_config", "model_dump", "__class__", "_p", "", " ", "1st", "a b", "a-b", "a_b", "prototype",
             "__proto__", "حالة"), TEXT)
        | {"x": WHOLE, "y": {"type": "array", "items": TEXT}, "z": {"type": "boolean"}}
    ),
    "names-of-parts": of(
        {name: {"$ref": f"#/$defs/{name}"} for name in ("Any", "string", "v1.2", "--", "names-of-parts", "a@b", "A", "a")},
        **{"$defs": {name: of({"of": TEXT}) for name in ("Any", "string", "v1.2", "--", "names-of-parts", "a@b", "A", "a")}},
    ),
    "words-that-turn": of({"a\u202eb": {"enum": ["\u2066c", "\u2028"], "description": "x \u202e y \u2028 */ z"}}),
    "none": of({"a": TEXT | {"description": HOSTILE[5]}}),
}  # fmt: skip


def accepted(schema: Schema) -> Iterator[Any]:
    """Events that the portal accepts by a schema."""
    whole = bundled(schema, lookup)
    judge = validator_of(whole)
    return islice((one for one in candidates(whole, whole) if judge.is_valid(one)), 12)
