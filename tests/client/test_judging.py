"""The helper says of every event what the portal says."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portal_client import Bundle

from events.bundle import bundle
from events.schemas.walking import DRAFT_07
from events.validation import Registered
from tests.events.registering import SCHEMA, changed, family, schema_document, signed, version
from tests.events.test_envelope import ENVELOPE

pytestmark = pytest.mark.django_db
OLD = {
    "$schema": DRAFT_07,
    "type": "object",
    "properties": {
        "amount": {"$ref": "#/definitions/amount"},
        "parts": {"items": [{"$ref": "#/definitions/amount"}], "additionalItems": {"type": "string"}},
        "notes": {"additionalProperties": {"type": "string"}, "propertyNames": {"maxLength": 5}},
        "line-2": False,
        "marks": {"patternProperties": {"^x-": False, "^items$": {"type": "string"}}},
        "never": {"$ref": "#/definitions/nothing"},
    },
    "required": ["amount"],
    "definitions": {"amount": {"type": "integer", "minimum": 1}, "nothing": False},
}
REFERRING = SCHEMA | {"properties": SCHEMA["properties"] | {"payment": {"$ref": "../payment-made/1.0.0.json"}}}


@pytest.fixture(autouse=True)
def registered() -> None:
    family()
    version()
    family("payment-made", envelope={"required": [], "tenants": ["retail"], "sources": []})
    version(schema=OLD, family="payment-made")
    family("order-closed", mode="NONE")
    version(schema=SCHEMA, family="order-closed")
    version("1.1.0", REFERRING | {"$schema": DRAFT_07}, family="order-closed")


def event(**more: Any) -> dict[str, Any]:
    return ENVELOPE | {"schema_version": "1.0.0", "data": {"order_id": "A-1"}} | more


def both(given: Any) -> tuple[Any, Any]:
    ours, theirs = Registered().judge(given), Bundle(bundle()).judge(given)
    told = (ours.accepted, (ours.family or "", ours.version or "", *ours.reason) if ours.reason else None)
    return told, (theirs.accepted, tuple(theirs.reason) if theirs.reason else None)


PAID = {"event_type": "payment-made"}
CLOSED = {"event_type": "order-closed", "schema_version": "1.1.0"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (event(), None),
        (event(**PAID, data={"amount": 5}), None),
        (event(**CLOSED, data={"order_id": "1", "payment": {"amount": 5}}), None),
        (event(**CLOSED, data={"order_id": "1", "payment": {"amount": 0}}), ("/data/payment/amount", "minimum")),
        (event(**PAID, data={}), ("/data", "required")),
        (event(**PAID, data={"amount": 0}), ("/data/amount", "minimum")),
        (event(**PAID, data={"amount": 5, "parts": [1, 2]}), ("/data/parts/*", "type")),
        (event(**PAID, data={"amount": 5, "notes": {"bob@x": 1}}), ("/data/notes/*", "type")),
        (event(**PAID, data={"amount": 5, "notes": {"bob@x.example": ""}}), ("/data/notes/*", "maxLength")),
        (event(**PAID, data={"amount": 5, "line-2": "secret"}), ("/data/line-2", "false")),
        (event(**PAID, data={"amount": 5, "marks": {"x-a": 1}}), ("/data/marks/*", "false")),
        (event(**PAID, data={"amount": 5, "marks": {"items": 1}}), ("/data/marks/*", "type")),
        (event(**PAID, data={"amount": 5, "never": 1}), ("/data/never", "false")),
        (event(**PAID, tenant_id="other", data={"amount": 5}), ("/tenant_id", "enum")),
        (event(timestamp="2026-02-29T10:00:00Z"), ("/timestamp", "pattern")),
        (event(timestamp="2024-02-29T10:00:00Z"), None),
        (event(timestamp="2100-02-29T10:00:00Z"), ("/timestamp", "pattern")),
        (event(timestamp="2000-02-29T23:59:59.5+03:00"), None),
        (event(extra=1), ("", "additionalProperties")),
        (event(event_type="nobody"), ("/event_type", "unknown_family")),
        (event(event_type=["a"]), ("/event_type", "unknown_family")),
        (event(schema_version="7.0.0"), ("/schema_version", "unknown_version")),
        (event(schema_version=1), ("/schema_version", "unknown_version")),
        ({key: value for key, value in event().items() if key != "data"}, ("", "required")),
        ({}, ("/event_type", "unknown_family")),
        (5, ("", "type")), (None, ("", "type")), ([], ("", "type")),
    ],
)  # fmt: skip
def test_both_say_the_same_and_for_the_same_reason(given: Any, reason: tuple[str, str] | None) -> None:
    ours, theirs = both(given)
    assert ours == theirs
    assert ours[0] is (reason is None), ours
    assert (ours[1][2:] if ours[1] else None) == reason


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["amount", "parts", "notes", "a~/"]), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(more=st.dictionaries(st.sampled_from(sorted(ENVELOPE)), values, max_size=3), data=values)
def test_both_say_the_same_of_anything(more: dict[str, Any], data: Any) -> None:
    ours, theirs = both(event(**PAID, data=data) | more)
    assert ours == theirs


def test_what_is_too_deep_is_refused_by_both() -> None:
    deep: Any = 1
    for _level in range(600):
        deep = {"notes": deep}
    ours, theirs = both(event(**PAID, data={"amount": 5} | deep))
    assert ours == theirs
    assert not ours[0]


def test_a_refusal_tells_nothing_of_the_event_in_its_reason() -> None:
    secret = "4111-1111-1111-1111"
    for data in ({"order_id": "1", secret: 1}, {"order_id": [secret]}, {"order_id": "1", "state": secret}):
        outcome = Bundle(bundle()).judge(event(data=data))
        assert secret not in repr(outcome.reason)
        assert outcome.problems


def test_a_deprecated_version_is_accepted_and_says_so() -> None:
    assert not Bundle(bundle()).judge(event()).deprecated
    signed(changed(schema_document(), to_state="deprecated"))
    found = Bundle(bundle()).judge(event())
    assert (found.accepted, found.deprecated) == (True, True)
    signed(changed(schema_document(), to_state="retired"))
    assert not Bundle(bundle()).judge(event()).accepted


def test_the_bundle_is_json_and_of_the_families_that_were_asked_for() -> None:
    assert set(bundle(["order-placed", "nobody"])["families"]) == {"order-placed"}
    again = orjson.loads(orjson.dumps(bundle()))
    assert Bundle(again).judge(event()).accepted


def test_a_bundle_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format"):
        Bundle({"format": 2, "families": {}})
