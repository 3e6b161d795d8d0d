"""The envelope as a CloudEvent 1.0, exactly, there and back: structured, binary and batched over HTTP. Pure.

Names that CloudEvents lacks become extension attributes in lower case, as its rules demand; `correlationid`, `causationid` and
`dataclassification` are documented extensions. See the CloudEvents specification 1.0.2 and its HTTP protocol binding.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

import orjson

CLOUDEVENTS = "1.0"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_JSON = "application/json"
_PREFIX = "ce-"
# Printable ASCII but blank, double quote and percent stands as it is in a header (HTTP protocol binding, 3.1.3.2).
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
MOST_HEADERS = 100
# Envelope → CloudEvents; `schema_version` is the last part of `dataschema`.
_NAMES = {
    "event_id": "id",
    "event_type": "type",
    "source": "source",
    "timestamp": "time",
    "entity_id": "subject",
    "spec_version": "envelopeversion",
    "tenant_id": "tenantid",
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "actor_type": "actortype",
    "approval_class": "approvalclass",
    "reversibility_class": "reversibilityclass",
    "sensitivity_class": "dataclassification",
    "trace_id": "traceid",
}
_BACK = {cloud: own for own, cloud in _NAMES.items()}
_SCHEMAS = "/schemas/events"


def to_cloudevent(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """A sound envelope as a CloudEvent in JSON (structured mode)."""
    event = {_NAMES[name]: value for name, value in envelope.items() if name in _NAMES}
    return event | {
        "specversion": CLOUDEVENTS,
        "datacontenttype": "application/json",
        "dataschema": f"{_SCHEMAS}/{envelope['event_type']}/{envelope['schema_version']}.json",
        "data": envelope["data"],
    }


def from_cloudevent(event: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope of a CloudEvent, the exact inverse of `to_cloudevent`. Raises ValueError for one that has no envelope form."""
    if event.get("specversion") != CLOUDEVENTS:
        raise ValueError(f"specversion must be {CLOUDEVENTS}.")
    if event.get("datacontenttype", "application/json") != "application/json":
        raise ValueError("datacontenttype must be application/json.")
    known = set(_BACK) | {"specversion", "datacontenttype", "dataschema", "data"}
    unknown = sorted(set(event) - known)
    if unknown:
        raise ValueError(f"The envelope has no field for {', '.join(unknown)}.")
    lead, _slash, file = str(event.get("dataschema", "")).rpartition("/")
    if lead != f"{_SCHEMAS}/{event.get('type')}" or not file.endswith(".json"):
        raise ValueError("dataschema must be /schemas/events/<type>/<version>.json.")
    envelope = {_BACK[name]: value for name, value in event.items() if name in _BACK}
    return envelope | {"schema_version": file.removesuffix(".json"), "data": event.get("data")}


class Message(NamedTuple):
    """An HTTP message: its headers, names in lower case, and its body."""

    headers: dict[str, str]
    body: bytes


def to_structured(envelope: Mapping[str, Any]) -> Message:
    """One event, whole in the body."""
    return Message({"content-type": STRUCTURED}, orjson.dumps(to_cloudevent(envelope)))


def to_batch(envelopes: Iterable[Mapping[str, Any]]) -> Message:
    """Several events in one body."""
    return Message({"content-type": BATCH}, orjson.dumps([to_cloudevent(one) for one in envelopes]))


def to_binary(envelope: Mapping[str, Any]) -> Message:
    """One event, its attributes in headers and its data as the body."""
    event = to_cloudevent(envelope)
    data, kind = event.pop("data"), event.pop("datacontenttype")
    headers = {f"{_PREFIX}{name}": quote(str(value), safe=_PLAIN) for name, value in event.items()}
    return Message(headers | {"content-type": kind}, orjson.dumps(data))


def from_http(headers: Mapping[str, str], body: bytes) -> list[dict[str, Any]]:
    """The envelopes of an HTTP message in any of the three modes. Raises ValueError for one that holds none."""
    told = {name.lower(): value for name, value in headers.items()}
    kind = told.get("content-type", "").partition(";")[0].strip().lower()
    value = orjson.loads(body)
    if kind == BATCH:
        if not isinstance(value, list):
            raise ValueError("A batch is a list of events.")
        return [_envelope(one) for one in value]
    if kind == STRUCTURED:
        return [_envelope(value)]
    return [_envelope(attributes(told) | {"datacontenttype": kind or _JSON, "data": value})]


def attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    """The attributes that `ce-` headers carry, names in lower case. Raises ValueError."""
    found = [(name.lower(), value) for name, value in headers.items() if name.lower().startswith(_PREFIX)]
    if not found or len(found) > MOST_HEADERS:
        raise ValueError(f"An event in binary mode has its attributes in headers that begin with {_PREFIX}.")
    try:
        return {name.removeprefix(_PREFIX): _decoded(value) for name, value in found}
    except UnicodeDecodeError:
        raise ValueError("A header is not UTF-8 in percent encoding.") from None


def _decoded(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        # Written by clients of before 1.0.1: quoted, with backslashes.
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return unquote_to_bytes(value).decode()


def _envelope(event: object) -> dict[str, Any]:
    if not isinstance(event, Mapping):
        raise ValueError("An event is an object.")
    return from_cloudevent(event)
