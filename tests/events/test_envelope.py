"""The envelope and its exact form as a CloudEvent."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import SCHEMA, from_cloudevent, problems_of, to_cloudevent

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
OPTIONAL = sorted(set(ENVELOPE) - set(SCHEMA["required"]))
CORE = {"id", "source", "type", "specversion", "time", "subject", "dataschema", "datacontenttype", "data"}


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


@settings(max_examples=60, deadline=None)
@given(
    left_out=st.sets(st.sampled_from(OPTIONAL)),
    data=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)),
)
def test_there_and_back_is_the_same(left_out: set[str], data: dict[str, Any]) -> None:
    envelope = {key: value for key, value in ENVELOPE.items() if key not in left_out} | {"data": data}
    event = to_cloudevent(envelope)
    assert from_cloudevent(event) == envelope
    assert to_cloudevent(from_cloudevent(event)) == event


def test_the_cloudevent_keeps_the_rules_of_names() -> None:
    event = to_cloudevent(ENVELOPE)
    for name in set(event) - CORE:
        assert name.isalnum(), name
        assert name == name.lower(), name
        assert len(name) <= 20, name
    assert (event["specversion"], event["dataschema"]) == ("1.0", "/schemas/events/order-placed/1.1.0.json")


@pytest.mark.parametrize(
    "wrong",
    [{"specversion": "0.3"}, {"datacontenttype": "text/plain"}, {"color": "blue"}, {"dataschema": "https://x.example/1.json"},
     {"dataschema": "/schemas/events/other/1.1.0.json"}],
)  # fmt: skip
def test_a_cloudevent_without_an_envelope_form_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"must be|no field"):
        from_cloudevent(to_cloudevent(ENVELOPE) | wrong)
