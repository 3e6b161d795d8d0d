"""The envelope of events."""

from typing import Any

import pytest

from events.envelope import SCHEMA, problems_of

ENVELOPE: dict[str, Any] = {
    "event_id": "e-1",
    "event_type": "order-placed",
    "spec_version": "1.0",
    "schema_version": "1.1.0",
    "tenant_id": "retail",
    "entity_id": "A-1001",
    "correlation_id": "c-1",
    "causation_id": "e-0",
    "source": "/desks/orders",
    "actor_type": "automated_workflow",
    "approval_class": "A1",
    "reversibility_class": "R0",
    "sensitivity_class": "S2",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "timestamp": "2026-11-23T12:00:00.123+03:00",
    "data": {"order_id": "A-1001"},
}


def test_a_sound_envelope_has_no_problem() -> None:
    assert problems_of(ENVELOPE) == []


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_what_every_event_carries_is_required(name: str) -> None:
    assert problems_of({key: value for key, value in ENVELOPE.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp", "2026-11-23T12:00:00"), ("timestamp", "2026-11-23"), ("timestamp", "2026-02-30T12:00:00Z"),
        ("timestamp", "2026-11-23T25:00:00Z"), ("timestamp", "2026-11-23T12:00:00+25:00"), ("timestamp", 1_700_000_000),
        ("spec_version", "2.0"), ("schema_version", "1"), ("event_type", "Order Placed"), ("actor_type", "robot"),
        ("approval_class", "A9"), ("trace_id", "xyz"), ("event_id", ""), ("data", []), ("unforeseen", 1),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where(name: str, value: Any) -> None:
    found = problems_of(ENVELOPE | {name: value})
    assert found
    assert name in found[0].path + found[0].message


@pytest.mark.parametrize("thing", [None, 5, "x", [], {}])
def test_anything_at_all_gets_an_answer(thing: Any) -> None:
    assert problems_of(thing)


def test_a_family_requires_classes_and_takes_its_own_tenants_and_sources() -> None:
    policy = {"required": ["approval_class"], "tenants": ["retail"], "sources": ["/desks/orders"]}
    assert problems_of(ENVELOPE, policy) == []
    bare = {key: value for key, value in ENVELOPE.items() if key != "approval_class"}
    wrong = bare | {"tenant_id": "other", "source": "/elsewhere"}
    assert [one.path for one in problems_of(wrong, policy)] == ["/approval_class", "/tenant_id", "/source"]
