"""What is said of schemas is said in the language of the reader."""

import re
from typing import Any

import pytest
from django.utils.translation import override

from events.schemas import differences, problems_of
from events.schemas.references import Unresolved, bundled

ARABIC = re.compile(r"[\u0600-\u06ff]")


def event(fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A schema of an event of these fields."""
    return {"type": "object", "properties": fields} | more


def nothing(_family: str, _version: str) -> Any:
    return None


OLD = event({"a": {"type": "string", "maxLength": 5, "pattern": "a"}, "b": {"enum": [1, 2]}, "d": {"uniqueItems": True},
             "e": {"anyOf": [{"type": "string"}]}}, required=["a"])  # fmt: skip
NEW = event({"a": {"type": "integer", "pattern": "b"}, "b": {"enum": [2, 3]}, "c": True, "d": {}, "e": {"anyOf": []}},
            required=["b"], additionalProperties=False)  # fmt: skip


def test_differences() -> None:
    english = [one.sentence for pair in ((OLD, NEW), (NEW, OLD)) for one in differences(*pair)]
    with override("ar"):
        arabic = [one.sentence for pair in ((OLD, NEW), (NEW, OLD)) for one in differences(*pair)]
    assert len(english) == len(arabic) > 20
    assert [text for text in english if ARABIC.search(text)] == []
    assert [text for text in arabic if not ARABIC.search(text)] == []


@pytest.mark.parametrize(
    "schema",
    [
        "no object", {"type": "string"}, {"type": "object", "$schema": "https://example.com/other"},
        event({"a": {"$anchor": "here"}}), event({"a": {"$id": "x", "enum": list(range(1_001))}}),
        event({"a": {"maxLength": 2**60}}), event({"a": {"pattern": "(?=a)b"}}), event({"a": {"$ref": "#/nowhere"}}),
        event({"a": {"$ref": "../gone/1.0.0.json"}}), event({"a": {"$ref": "https://example.com/x"}}),
        event({"a": {"$ref": "#/$defs/b"}}, **{"$defs": {"b": {"$ref": "#/$defs/b"}}}),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_schema(schema: Any) -> None:
    english = [one.message for one in problems_of(schema, nothing)]
    with override("ar"):
        arabic = [one.message for one in problems_of(schema, nothing)]
    assert english
    assert not set(english) & set(arabic)
    assert all(ARABIC.search(text) for text in arabic)


def test_what_cannot_be_resolved() -> None:
    with override("ar"), pytest.raises(Unresolved, match=ARABIC):
        bundled(event({"a": {"$ref": "../gone/1.0.0.json"}}), nothing)
