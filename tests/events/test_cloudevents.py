"""The envelope as a CloudEvent: exactly there and back, in every mode over HTTP, as others read it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.cloudevents import (
    BATCH,
    STRUCTURED,
    attributes,
    from_cloudevent,
    from_http,
    to_batch,
    to_binary,
    to_cloudevent,
    to_structured,
)
from events.envelope import SCHEMA
from tests.events.test_envelope import ENVELOPE

OPTIONAL = sorted(set(ENVELOPE) - set(SCHEMA["required"]))
CORE = {"id", "source", "type", "specversion", "time", "subject", "dataschema", "datacontenttype", "data"}


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


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    left_out=st.sets(st.sampled_from(OPTIONAL)),
    odd=st.dictionaries(st.sampled_from(["event_id", "tenant_id", "entity_id", "source"]), texts),
    data=st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text(max_size=5)),
)
def test_every_mode_brings_back_the_same(left_out: set[str], odd: dict[str, str], data: dict[str, Any]) -> None:
    envelope = {key: value for key, value in ENVELOPE.items() if key not in left_out} | odd | {"data": data}
    for message in (to_structured(envelope), to_binary(envelope), to_batch([envelope])):
        for name, value in message.headers.items():
            assert name == name.lower()
            assert value.isascii()
            assert value.isprintable()
        assert from_http(message.headers, message.body) == [envelope]
    assert from_http(*to_batch([envelope, ENVELOPE])) == [envelope, ENVELOPE]


def test_headers_are_read_as_older_clients_write_them() -> None:
    headers = {"CE-Type": "a", "ce-subject": '"Euro \\"%E2%82%AC\\""', "Ce-Source": "%2Fdesks%20x", "Other": "1"}
    assert attributes(headers) == {"type": "a", "subject": 'Euro "€"', "source": "/desks x"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"{}"), ({"content-type": "application/json"}, b"{}"), ({"content-type": STRUCTURED}, b"[]"),
        ({"content-type": STRUCTURED}, b"{"), ({"content-type": BATCH}, b"{}"), ({"content-type": BATCH}, b"[5]"),
        ({"ce-type": "%ff"}, b"{}"), ({f"ce-a{number}": "1" for number in range(101)}, b"{}"),
        ({"ce-specversion": "1.0", "content-type": "text/plain"}, b"{}"),
    ],
)  # fmt: skip
def test_a_message_that_holds_no_event_is_refused(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_http(headers, body)
