"""The CloudEvents SDK reads what we write and writes what we read, in every mode."""

import json
from datetime import datetime
from typing import Any

import pytest

from tests.peers.tools import needs_python

needs_python("cloudevents")

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from events.cloudevents import BATCH, from_http, to_batch, to_binary, to_cloudevent, to_structured
from tests.events.test_envelope import ENVELOPE

ODD = ENVELOPE | {"tenant_id": 'Straße "€" 100%', "entity_id": "a b", "data": {"text": "مرحبا", "n": [1, None]}}
LEAST = {key: value for key, value in ENVELOPE.items() if key not in ("causation_id", "trace_id", "approval_class")}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """The SDK keeps the instant and not its spelling."""
    read = datetime.fromisoformat
    return one | {"timestamp": read(one["timestamp"])} == other | {"timestamp": read(other["timestamp"])}


@pytest.mark.parametrize("envelope", [ENVELOPE, ODD, LEAST])
@pytest.mark.parametrize(("ours", "theirs"), [(to_structured, to_structured_event), (to_binary, to_binary_event)])
def test_there_and_back_through_the_sdk(envelope: dict[str, Any], ours: Any, theirs: Any) -> None:
    headers, body = ours(envelope)
    event = from_http_event(HTTPMessage(headers=headers, body=body))
    assert event.get_type() == "order-placed"
    assert event.get_extension("tenantid") == envelope["tenant_id"]
    assert event.get_data() == envelope["data"]
    back = theirs(event)
    (read,) = from_http(back.headers, back.body)
    assert same(read, envelope)


def test_a_batch_is_a_list_of_what_the_sdk_reads() -> None:
    headers, body = to_batch([ENVELOPE, ODD])
    assert headers["content-type"] == BATCH
    events = [JSONFormat().read(CloudEvent, json.dumps(one).encode()) for one in json.loads(body)]
    assert [one.get_data() for one in events] == [ENVELOPE["data"], ODD["data"]]
    assert events[0].get_dataschema() == to_cloudevent(ENVELOPE)["dataschema"]
    written = b"[" + b",".join(JSONFormat().write(one) for one in events) + b"]"
    found = from_http({"Content-Type": BATCH}, written)
    assert all(same(*pair) for pair in zip(found, (ENVELOPE, ODD), strict=True))
