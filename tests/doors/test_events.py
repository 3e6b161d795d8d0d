"""Who may do what through the doors of events: the table of roles is the one answer, for people and for machines."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.db import transaction
from rest_framework.test import APIClient

from portal.people.actors import Actor
from portal.roles import ActorType, Permission, Role, may
from tests.doors.stage import somebody
from tests.events.registering import SCHEMA, family, version
from tests.events.test_registry import with_field

pytestmark = pytest.mark.django_db
SUBJECT = "/registry/subjects/order-placed-value"
Call = Callable[[APIClient], Any]


def registry(verb: str, address: str, body: Any = None) -> Call:
    def call(api: APIClient) -> Any:
        data = orjson.dumps(body) if body is not None else b""
        return getattr(api, verb)(address, data=data, content_type="application/vnd.schemaregistry.v1+json")

    return call


def told(schema: Any) -> dict[str, str]:
    return {"schema": orjson.dumps(schema).decode(), "schemaType": "JSON"}


# What opens each door, and what is needed.
DOORS: dict[str, tuple[Call, Permission]] = {
    "validate": (lambda api: api.post("/api/v1/events/validate/", {"event": {}}, format="json"), Permission.VIEW),
    "report": (lambda api: api.post("/api/v1/events/refusals/", {"refused": []}, format="json"), Permission.VIEW),
    "bundle": (lambda api: api.get("/api/v1/events/bundle/"), Permission.VIEW),
    "read": (lambda api: api.get(f"{SUBJECT}/versions"), Permission.VIEW),
    "look up": (registry("post", SUBJECT, told(SCHEMA)), Permission.VIEW),
    "compare": (registry("post", f"/registry/compatibility{SUBJECT[9:]}/versions/1", told(SCHEMA)), Permission.VIEW),
    "register": (registry("post", f"{SUBJECT}/versions", told(with_field())), Permission.PROPOSE),
    "level": (registry("put", "/registry/config/order-placed-value", {"compatibility": "FULL"}), Permission.PROPOSE),
    "delete": (registry("delete", f"{SUBJECT}/versions/1"), Permission.PROPOSE),
    "delete all": (registry("delete", SUBJECT), Permission.PROPOSE),
}


def callers(api_of: Callable[..., APIClient]) -> Iterator[tuple[str, Actor, APIClient]]:
    for role in Role:
        person = somebody(f"the-{role.value}", role)
        for kind in ActorType:
            actor = Actor.of(person, actor_type=kind.value)
            yield f"{role}/{kind}", actor, api_of(person, kind.value)


def test_every_door_opens_to_those_whom_the_table_names_and_to_no_other(api_of: Callable[..., APIClient]) -> None:
    family()
    version()
    wrong = []
    for name, actor, api in callers(api_of):
        for door, (call, needed) in DOORS.items():
            saved = transaction.savepoint()
            status = call(api).status_code
            transaction.savepoint_rollback(saved)
            if (status != 403) is not may(actor, needed):
                wrong.append(f"{door} by {name}: {status}")
            assert status < 500
    assert wrong == []


def test_nobody_enters_unnamed(client: Any) -> None:
    for name, (call, _needed) in DOORS.items():
        assert call(APIClient()).status_code == 401, name
