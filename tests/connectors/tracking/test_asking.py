"""What a task asks for, as servers say it, and what stands against an answer."""

from typing import Any

import pytest

from connectors.tracking.asking import (
    MAX_CHOICES,
    MAX_FIELDS,
    MAX_MESSAGE,
    MAX_REQUESTS,
    Mode,
    answer_problems,
    asked_of,
    digest_of,
)


def elicitation(properties: Any, required: Any = (), **params: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    told = {"mode": "form", "message": "Go on?", "requestedSchema": schema} | params
    return {"method": "elicitation/create", "params": told}


FIELDS = {
    "sure": {"type": "boolean"},
    "name": {"type": "string", "title": "Name", "minLength": 2, "maxLength": 5},
    "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
    "rate": {"type": "number"},
    "law": {"type": "string", "enum": ["ksa", "uae"], "enumNames": ["Saudi", "Emirati"]},
    "days": {"type": "array", "items": {"enum": ["sun", "mon"]}, "maxItems": 1},
    "plan": {"type": "string", "oneOf": [{"const": "a", "title": "Plan A"}, {"const": "b"}]},
}


def wrong(content: Any, **response: Any) -> dict[str, str]:
    asked = asked_of({"q": elicitation(FIELDS, ["sure"])})
    return {
        problem.path: problem.code
        for problem in answer_problems(asked, {"q": {"action": "accept", "content": content} | response})
    }


def test_flat_fields_become_fields_of_a_form() -> None:
    (asked,) = asked_of({"q": elicitation(FIELDS, ["sure"])})
    assert (asked.key, asked.mode, asked.message) == ("q", Mode.FORM, "Go on?")
    made = {one.name: one for one in asked.fields}
    assert made["sure"].required
    assert not made["name"].required
    assert made["count"].default == 3
    assert made["law"].choices == (("ksa", "Saudi"), ("uae", "Emirati"))
    assert made["plan"].choices == (("a", "Plan A"), ("b", "b"))
    assert made["days"].choices == (("sun", "sun"), ("mon", "mon"))


@pytest.mark.parametrize(
    "schema",
    [
        {"x": {"type": "object"}},
        {"x": {"type": "string", "enum": [1, 2]}},
        {"x": {"type": "string", "enum": [str(n) for n in range(MAX_CHOICES + 1)]}},
        {"x": {"type": "array", "items": {"type": "string"}}},
        {"x": "string"},
        {str(n): {"type": "string"} for n in range(MAX_FIELDS + 1)},
        ["x"],
    ],
)
def test_what_no_form_can_ask_for_is_answered_as_json(schema: Any) -> None:
    (asked,) = asked_of({"q": elicitation(schema)})
    assert (asked.mode, asked.fields) == (Mode.JSON, ())
    assert not answer_problems((asked,), {"q": {"action": "accept", "content": {"anything": [1]}}})


def test_hostile_requests_are_bounded_and_never_raise() -> None:
    many = {f"k{n}": elicitation({}, message="x" * 10_000) for n in range(MAX_REQUESTS + 5)}
    asked = asked_of(many)
    assert len(asked) == MAX_REQUESTS
    assert len(asked[0].message) == MAX_MESSAGE
    strange: list[Any] = [None, {}, {"truncated": True, "reason": "too large"}, {"": {}}, {"a\nb": {}}, {"k": [1]}]
    assert [asked_of(one) for one in strange] == [()] * 6
    odd = {"type": "integer", "minimum": "1", "maximum": True, "minLength": -1, "default": {}, "title": 4}
    (asked_one,) = asked_of({"q": elicitation({"n": odd}, required=["n", 7])})
    assert (asked_one.fields[0].label, asked_one.fields[0].least, asked_one.fields[0].default) == ("n", None, None)
    (url,) = asked_of({"q": elicitation({}, mode="url", url="javascript:alert(1)")})
    assert (url.mode, url.url) == (Mode.URL, "javascript:alert(1)")
    (other,) = asked_of({"q": {"method": "sampling/createMessage", "params": {"messages": []}}})
    assert other.mode is Mode.WHOLE


def test_a_good_answer_has_no_problems() -> None:
    assert not wrong(
        {"sure": False, "name": "Amal", "count": 9, "rate": 1.5, "law": "uae", "days": ["mon"], "plan": "b"}
    )
    asked = asked_of({"q": elicitation(FIELDS, ["sure"])})
    for action in ("decline", "cancel"):
        assert not answer_problems(asked, {"q": {"action": action}})


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({}, "sure"),
        ({"sure": "yes"}, "sure"),
        ({"sure": True, "name": "A"}, "name"),
        ({"sure": True, "name": "Abdulla"}, "name"),
        ({"sure": True, "count": 0}, "count"),
        ({"sure": True, "count": 10}, "count"),
        ({"sure": True, "count": 1.5}, "count"),
        ({"sure": True, "count": True}, "count"),
        ({"sure": True, "law": "none"}, "law"),
        ({"sure": True, "days": ["fri"]}, "days"),
        ({"sure": True, "days": ["sun", "mon"]}, "days"),
        ({"sure": True, "more": 1}, "more"),
    ],
)
def test_a_bad_value_is_named_by_its_path(content: Any, path: str) -> None:
    assert set(wrong(content)) == {f"q.content.{path}"}


def test_a_bad_shape_is_named_by_its_path() -> None:
    assert set(wrong(None)) == {"q.content"}
    assert set(wrong({"sure": True}, action="perhaps")) == {"q.action"}
    assert set(wrong({"sure": True}, action="decline")) == {"q.content"}
    assert set(wrong({"sure": True}, extra=1)) == {"q.extra"}
    asked = asked_of({"q": elicitation({})})
    answers: list[tuple[Any, str, str]] = [
        ({}, "", "required"), ({"z": {}}, "z", "unknown_key"), ({"q": []}, "q", "not_an_object"),
        ({"q": {"action": "accept", "content": {"x": "y" * 70_000}}}, "", "too_large"),
    ]  # fmt: skip
    for answer, path, code in answers:
        found = [(problem.path, problem.code) for problem in answer_problems(asked, answer)]
        assert found == [(path, code)], answer


def test_needed_fields_come_first_in_the_order_the_server_lists_them() -> None:
    properties = {name: {"type": "string"} for name in "abcd"}
    (asked,) = asked_of({"q": elicitation(properties, ["d", "b"])})
    assert [one.name for one in asked.fields] == ["d", "b", "a", "c"]


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 1, "b": 3})
