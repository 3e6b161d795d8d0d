"""No body, and no name in an address, makes a server error of what is done about tools."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.connectors.tools.world import LOOKUP, Shelf, looked, registered, tool
from tests.servers.scripted import ScriptedServer
from tests.severity.test_hostile_bodies import api, spoilt

__all__ = ["api"]
pytestmark = pytest.mark.django_db
BODIES: dict[str, dict[str, Any]] = {
    "connectors/probe/": {"endpoint": "http://127.0.0.1:9/mcp", "credential_ref": "env:CREDENTIAL_CRM"},
    "connectors/crm-lookup/probe/": {},
    "connectors/crm-lookup/repin/": {"tools": ["lookup_customer"], "follow_schemas": True},
    "connectors/crm-lookup/quarantine/": {"reason": "Odd answers."},
    "connectors/crm-lookup/quarantine/lift/": {"reason": "Looked into."},
}


@pytest.mark.parametrize("address", BODIES)
def test_no_body_makes_a_server_error(api: APIClient, scripted: ScriptedServer, address: str) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    looked()
    shelf.put(tool(annotations={}))
    looked()
    wrong = []
    for body in spoilt(BODIES[address]):
        try:
            sent = json.dumps(body)
        except (UnicodeEncodeError, ValueError):
            continue
        answer = api.post(f"/api/v1/{address}", sent, content_type="application/json")
        if answer.status_code >= 500:
            wrong.append((sent[:300], answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("name", ["%00", "a%00b", "%ED%A0%80", "x" * 3000, "..%2f..", "%F0%9F%92%A9", "a/b/c"])
def test_no_name_in_an_address_makes_a_server_error(api: APIClient, scripted: ScriptedServer, name: str) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP)
    for address in (f"connectors/crm-lookup/tools/{name}/", f"connectors/{name}/tools/"):
        assert api.get(f"/api/v1/{address}").status_code in (400, 404)
    assert api.post(f"/api/v1/connectors/{name}/probe/").status_code in (400, 404, 405)
