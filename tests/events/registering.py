"""Families and schema versions, brought into being through real changes."""

from typing import Any

from events.documents import key_of
from events.models import EventFamily, EventSchema
from portal.changes import decisions, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.people import actor, team
from tests.registering import EVIDENCE, SIGNERS

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "minLength": 1},
        "total": {"type": "object", "properties": {"amount": {"type": "integer"}, "currency": {"type": "string"}}},
        "state": {"enum": ["new", "open"]},
    },
    "required": ["order_id"],
    "additionalProperties": False,
}


def family_document(key: str = "order-placed", mode: str = "BACKWARD", **more: Any) -> dict[str, Any]:
    """An event family."""
    return {
        "key": key,
        "name": "Order placed",
        "description": "An order was placed by a customer.",
        "description_ar": "",
        "owner": "crm-team",
        "channel": "commerce.orders",
        "compatibility": mode,
        "sensitivity_class": "S1",
        "producers": [{"service": "order-desk", "version": "1.0.0"}],
        "consumers": [{"service": "billing", "version": "1.0.0", "reads": ["/order_id", "/total/amount"]}],
        "envelope": {"required": ["approval_class"], "tenants": [], "sources": []},
    } | more


def schema_document(
    number: str = "1.0.0", schema: Any = None, family: str = "order-placed", **more: Any
) -> dict[str, Any]:
    """A schema version."""
    return {
        "key": key_of(family, number),
        "name": f"Order placed {number}",
        "description": "What an order is when it is placed.",
        "owner": "crm-team",
        "family": family,
        "number": number,
        "schema": SCHEMA if schema is None else schema,
        "examples": [],
        "migration_note": "",
        "deadline": "",
        "waiver_reason": "",
        "waiver_expires": "",
    } | more


def changed(document: dict[str, Any], *, by: str = "amal", **draft: Any) -> ChangeRequest:
    """A submitted change of a family or a schema version."""
    team(document["owner"])
    kind = "event_schema" if "number" in document else "event_family"
    now = database_now()
    wanted = Draft(document=document, evidence=EVIDENCE, **draft)
    change = services.propose(actor=actor(by), kind_name=kind, key=document["key"], draft=wanted, now=now)
    return services.submit(actor=actor(by), change_id=change.pk, now=database_now())


def signed(change: ChangeRequest) -> ChangeRequest:
    """The change after as many signed it as its class asks for."""
    for name in SIGNERS[change.required_class]:
        change = decisions.approve(actor=actor(name), change_id=change.pk, digest=change.digest, now=database_now())
    assert change.state == "applied", change.state
    return change


def family(key: str = "order-placed", mode: str = "BACKWARD", **more: Any) -> EventFamily:
    """A family that stands."""
    signed(changed(family_document(key, mode, **more)))
    return EventFamily.objects.get(key=key)


def version(number: str = "1.0.0", schema: Any = None, **more: Any) -> EventSchema:
    """A schema version that stands."""
    document = schema_document(number, schema, **more)
    signed(changed(document))
    return EventSchema.objects.get(key=document["key"])
