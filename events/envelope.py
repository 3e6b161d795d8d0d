"""The envelope that every event travels in, and its exact form as a CloudEvent 1.0. Pure.

The envelope's fields are those of the domain; `data` is the event itself, judged by the schema of its family. As a CloudEvent,
names that it lacks become extension attributes in lower case, as its rules demand; `correlationid`, `causationid` and
`dataclassification` are documented extensions.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from events.schemas.containment import validator_of
from portal.refusals import Problem
from portal.roles import ActorType

VERSION = "1.0"
_CLASS = {"A": "^A[0-3]$", "R": "^R[0-3]$", "S": "^S[0-3]$"}
_ID: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
# An instant with an explicit zone (ISO 8601, RFC 3339).
_INSTANT = r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$"
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Event envelope",
    "type": "object",
    "properties": {
        "event_id": _ID,
        "event_type": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": 60},
        "spec_version": {"const": VERSION},
        "schema_version": {"type": "string", "pattern": r"^\d{1,5}\.\d{1,5}\.\d{1,5}$"},
        "tenant_id": _ID,
        "entity_id": _ID,
        "correlation_id": _ID,
        "causation_id": _ID,
        "source": {"type": "string", "minLength": 1, "maxLength": 500},
        "actor_type": {"enum": list(ActorType.values)},
        "approval_class": {"type": "string", "pattern": _CLASS["A"]},
        "reversibility_class": {"type": "string", "pattern": _CLASS["R"]},
        "sensitivity_class": {"type": "string", "pattern": _CLASS["S"]},
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "timestamp": {"type": "string", "pattern": _INSTANT},
        "data": {"type": "object"},
    },
    "required": ["event_id", "event_type", "spec_version", "schema_version", "tenant_id", "entity_id", "correlation_id",
                 "source", "actor_type", "timestamp", "data"],
    "additionalProperties": False,
}  # fmt: skip
_VALIDATOR = validator_of(SCHEMA)
CLOUDEVENTS = "1.0"
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


def problems_of(envelope: object, policy: Mapping[str, Any] | None = None) -> list[Problem]:
    """What is wrong with an envelope by itself and by its family's policy, each with a JSON pointer. `data` is not judged."""
    found = [Problem(_pointer(error.instance_path), error.message[:300], "envelope")
             for error in _VALIDATOR.iter_errors(envelope)]  # fmt: skip
    if found or not isinstance(envelope, dict):
        return found
    try:
        datetime.fromisoformat(f"{envelope['timestamp'].upper()[:19]}+00:00")
    except ValueError:
        found.append(Problem("/timestamp", "There is no such day or time.", "envelope"))
    policy = policy or {}
    found += [
        Problem(f"/{name}", "Its family requires it: the event stands for a governed action.", "required")
        for name in policy.get("required") or ()
        if name not in envelope
    ]
    for part, name in (("tenants", "tenant_id"), ("sources", "source")):
        allowed = policy.get(part) or ()
        if allowed and envelope[name] not in allowed:
            found.append(Problem(f"/{name}", f"Its family does not take events of “{envelope[name]}”.", part))
    return found


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


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
