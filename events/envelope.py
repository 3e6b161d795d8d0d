"""The envelope that every event travels in. Pure.

Its fields are those of the domain; `data` is the event itself, judged by the schema of its family. Its exact form as a CloudEvent
is in `cloudevents.py`.
"""

from collections.abc import Mapping
from typing import Any

from events.schemas import Schema, dialect_of, embedded, pointer_of, validator_of
from portal.refusals import Problem
from portal.roles import ActorType

VERSION = "1.0"
_ID: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
# A day that there is: every month with its days, 29 February in leap years only.
_LEAP = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
_DAY = (
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP})"
)
# An instant with an explicit zone (ISO 8601, RFC 3339). The pattern says it whole, so that the schema alone is enough.
_INSTANT = (
    f"^{_DAY}[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{{1,9}})?"
    "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": f"urn:portal:event-envelope:{VERSION}",
    "title": "Event envelope",
    "type": "object",
    "properties": {
        "event_id": _ID,
        "event_type": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": 60},
        "spec_version": {"const": VERSION},
        "schema_version": {"type": "string", "pattern": r"^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}$"},
        "tenant_id": _ID,
        "entity_id": _ID,
        "correlation_id": _ID,
        "causation_id": _ID,
        "source": {"type": "string", "minLength": 1, "maxLength": 500},
        "actor_type": {"enum": list(ActorType.values)},
        "approval_class": {"enum": ["A0", "A1", "A2", "A3"]},
        "reversibility_class": {"enum": ["R0", "R1", "R2", "R3"]},
        "sensitivity_class": {"enum": ["S0", "S1", "S2", "S3"]},
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "timestamp": {"type": "string", "pattern": _INSTANT},
        "data": {"type": "object"},
    },
    "required": ["event_id", "event_type", "spec_version", "schema_version", "tenant_id", "entity_id", "correlation_id",
                 "source", "actor_type", "timestamp", "data"],
    "additionalProperties": False,
}  # fmt: skip
_VALIDATOR = validator_of(SCHEMA)


def problems_of(envelope: object, policy: Mapping[str, Any] | None = None) -> list[Problem]:
    """What is wrong with an envelope by itself and by its family's policy, each with a JSON pointer. `data` is not judged."""
    found = [Problem(pointer_of(error.instance_path), error.message[:300], "envelope")
             for error in _VALIDATOR.iter_errors(envelope)]  # fmt: skip
    if found or not isinstance(envelope, dict):
        return found
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


def of_version(family: str, number: str, policy: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope's schema for events of one version, with what its family's policy demands; `data` is any object."""
    fields = dict(SCHEMA["properties"])
    fields |= {"event_type": {"const": family}, "schema_version": {"const": number}, "spec_version": {"const": VERSION}}
    for part, name in (("tenants", "tenant_id"), ("sources", "source")):
        if policy.get(part):
            fields[name] = {"enum": list(policy[part])}
    required = [*SCHEMA["required"], *(policy.get("required") or ())]
    envelope = {name: part for name, part in SCHEMA.items() if name not in ("$schema", "$id")}
    return envelope | {"properties": fields, "required": required}


def whole_schema(family: str, number: str, policy: Mapping[str, Any], data: Schema) -> dict[str, Any]:
    """One schema for an event of a version in its envelope: the envelope, the family's policy, and the version's own (bundled).

    In the dialect of the version; the envelope uses keywords that mean the same in both. One look at an event by it takes
    half of what two looks and the policy in Python take.
    """
    whole = of_version(family, number, policy) | {"$schema": dialect_of(data)}
    whole["properties"]["data"] = embedded(data, "/properties/data")
    return whole
