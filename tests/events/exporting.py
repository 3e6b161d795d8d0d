"""Families to be exported: two on one channel, references between them, both dialects, words and names of every kind."""

from typing import Any

from events.asyncapi import Line
from events.schemas import Schema
from events.schemas.walking import DRAFT_07, DRAFT_2020
from tests.events.registering import SCHEMA, family_document, schema_document

HOSTILE = (
    "*/ console.log(1) /*",
    '""" + __import__("os").name + """',
    "'; drop; '",
    "line\nimport os\r\nos.abort()\u2028x\u2029y",
    "${process.exit(1)} `x` {{ 7 * 7 }} {% raw %}",
    "ends with a backslash \\",
    "\\u000aimport os",
    "<script>alert(1)</script> <!-- # type: ignore",
)
MONEY = {
    "$schema": DRAFT_2020,
    "$id": "urn:money",
    "type": "object",
    "$defs": {
        "amount": {"type": "integer", "minimum": 0},
        "a/b~c": {"type": "string", "maxLength": 3},
    },
    "properties": {"amount": {"$ref": "#/$defs/amount"}, "currency": {"$ref": "#/$defs/a~1b~0c"}},
    "required": ["amount"],
}
ORDER = SCHEMA | {
    "$schema": DRAFT_2020,
    "$id": "urn:order",
    "properties": SCHEMA["properties"]
    | {
        "price": {"$ref": "../money/1.0.0.json"},
        "tip": {"$ref": "../money/1.0.0.json#/$defs/amount"},
        "lines": {"type": "array", "prefixItems": [{"type": "string"}], "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {
        "line": {"type": "object", "properties": {"parts": {"type": "array", "items": {"$ref": "#/$defs/line"}}}}
    },
}
OLD = {
    "$schema": DRAFT_07,
    "$id": "urn:old",
    "type": "object",
    "definitions": {"state": {"enum": ["paid", "open"]}},
    "properties": {
        "state": {"$ref": "#/definitions/state"},
        "pair": {"type": "array", "items": [{}, {"type": "null"}]},
    },
}


def awkward() -> Schema:
    """A sound schema, each of whose words and names tries to be something else."""
    return {
        "title": HOSTILE[0],
        "description": HOSTILE[1],
        "type": "object",
        "properties": {
            name: {
                "title": HOSTILE[(number + 1) % len(HOSTILE)],
                "description": name,
                "enum": [name, f"{name} again"],
                "default": name,
                "examples": [name],
                "$comment": name,
                "tsType": "1; console.log(1)",
                "customTypePath": "os.abort",
            }
            for number, name in enumerate(HOSTILE)
        },
        "x-note": HOSTILE[3],
    }


def lines() -> list[Line]:
    """Everything at once."""
    order = family_document(envelope={"required": ["sensitivity_class"], "tenants": ["retail"], "sources": ["/desks"]})
    example = {"name": "A plain order", "valid": True, "event": {"order_id": "A-1", "price": {"amount": 5}, "tip": 1}}
    refused = {"name": "No order", "valid": False, "event": {}}
    versions = [
        schema_document("1.10.0", ORDER, examples=[example, refused]),
        schema_document("1.9.0", examples=[{"name": HOSTILE[0], "valid": True, "event": {"order_id": HOSTILE[1]}}]),
    ]
    words = family_document("words", name=HOSTILE[4], description=HOSTILE[0], sensitivity_class="S3", envelope=bare())
    return [
        Line(order, versions, frozenset({"1.9.0"})),
        Line(family_document("money", channel="commerce/money", envelope=bare()), [of("money", "1.0.0", MONEY)]),
        Line(family_document("old-bill", envelope=bare(), producers=[]), [of("old-bill", "0.1.0", OLD)]),
        Line(words, [of("words", "1.0.0", awkward())]),
        Line(family_document("silent", channel="nothing", envelope=bare()), []),
    ]


def bare() -> dict[str, list[str]]:
    """An envelope of which nothing more is asked."""
    return {"required": [], "tenants": [], "sources": []}


def of(family: str, number: str, schema: Schema, **more: Any) -> dict[str, Any]:
    """A schema version of a family."""
    return schema_document(number, schema, family, **more)


def lookup(family: str, number: str) -> Schema | None:
    """The schemas of all of them."""
    for line in lines():
        for one in line.versions:
            if (one["family"], one["number"]) == (family, number):
                return one["schema"]
    return None
