"""Tools by API: how they stand, looks, approving anew, quarantine, and addresses that are tried."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from connectors.models import Connector, KnownTool
from portal.audit.models import AuditLine
from portal.changes.models import ChangeRequest
from tests.connectors.tools.world import LOOKUP, UPDATE, Shelf, known, looked, pin, registered, tool
from tests.documents import data_movement_document
from tests.people import machine
from tests.registering import apply_connector
from tests.servers import scripted as server_that
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.django_db
AT = "/api/v1/connectors/crm-lookup"
TRY = "/api/v1/connectors/probe/"
Api = Callable[..., APIClient]
SECRET = "the-secret-of-the-crm"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    """A credential that the portal holds."""
    monkeypatch.setenv("CREDENTIAL_CRM", SECRET)
    return "env:CREDENTIAL_CRM"


def test_the_tools_and_one_of_them(scripted: ScriptedServer, api_of: Api) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    api = api_of("amal")
    assert api.get(f"{AT}/tools/").json()["tools"][0]["state"] == "unseen"
    shelf.put(tool(annotations={}), UPDATE)
    answer = api.post(f"{AT}/probe/").json()
    assert (answer["outcome"], answer["drifted"], answer["dropped"]) == ("seen", ["lookup_customer"], False)
    first, second = answer["verification"]["tools"]
    assert (first["state"], first["differs"], first["quarantined"]) == ("changed", ["annotations"], True)
    assert first["approved"]["annotations"] == pin(LOOKUP)["annotations_digest"] != first["seen"]["annotations"]
    assert (second["name"], second["state"]) == ("update_customer", "new")
    one = api.get(f"{AT}/tools/lookup_customer/").json()
    assert one["seen_definition"]["annotations"] == {}
    assert one["approved_definition"] is None, "no look has shown it"
    assert api.get(f"{AT}/tools/none/").status_code == 404
    apply_connector(data_movement_document())
    for address in ("tools/", "tools/x/"):
        assert api.get(f"/api/v1/connectors/crm-warehouse/{address}").status_code == 404
    assert api.post("/api/v1/connectors/crm-warehouse/probe/").status_code == 409


def test_re_pinning_moves_the_contract_as_far_as_its_schemas_need(scripted: ScriptedServer, api_of: Api) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    looked()
    narrower = tool()
    narrower["inputSchema"]["properties"]["customer_id"]["pattern"] = "^C-"
    shelf.put(narrower)
    looked()
    api = api_of("amal")
    for follow, version in ((False, "1.0.0"), (True, "2.0.0")):
        answer = api.post(f"{AT}/repin/", {"tools": ["lookup_customer"], "follow_schemas": follow}, format="json")
        assert answer.status_code == 201
        document = ChangeRequest.objects.get(pk=answer.json()["id"]).document
        assert document["runtime_tool"]["tool_pins"] == [pin(narrower)]
        assert document["facets"]["version"]["number"] == version
        schema = document["facets"]["contract"]["operations"][0]["input_schema"]
        assert (schema == narrower["inputSchema"]) is follow
    bad: list[dict[str, Any]] = [
        {"tools": []}, {"tools": ["none"]}, {}, {"tools": "x"}, {"tools": ["lookup_customer"], "other": 1},
    ]  # fmt: skip
    for body in bad:
        assert api.post(f"{AT}/repin/", body, format="json").status_code == 422
    assert api_of("vera").post(f"{AT}/repin/", {"tools": ["lookup_customer"]}, format="json").status_code == 403


def test_gone_renamed_and_new_tools_are_taken_out_renamed_and_taken_over(scripted: ScriptedServer, api_of: Api) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    looked()
    found = tool(name="find_customer")
    shelf.put(found, UPDATE)
    looked()
    assert known().state == "renamed"
    answer = api_of("amal").post(f"{AT}/repin/", {"tools": ["lookup_customer", "update_customer"]}, format="json")
    document = ChangeRequest.objects.get(pk=answer.json()["id"]).document
    assert [one["name"] for one in document["facets"]["contract"]["operations"]] == ["find_customer", "update_customer"]
    assert document["facets"]["contract"]["operations"][1]["effect"] == "write"
    assert document["facets"]["contract"]["operations"][1]["external_side_effect"], "what is not said may be"
    assert document["runtime_tool"]["tool_pins"] == [pin(found), pin(UPDATE)]
    assert document["runtime_tool"]["allowlist"][0]["operations"] == ["find_customer"]
    assert document["facets"]["version"]["number"] == "2.0.0"
    shelf.put(UPDATE)
    looked()
    answer = api_of("amal").post(f"{AT}/repin/", {"tools": ["lookup_customer"]}, format="json")
    document = ChangeRequest.objects.get(pk=answer.json()["id"]).document
    assert document["runtime_tool"]["allowlist"] == document["runtime_tool"]["tool_pins"] == []


def test_what_cannot_be_compared_cannot_be_pinned(scripted: ScriptedServer, api_of: Api) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP)
    shelf.put(
        LOOKUP,
        tool(description="Twice."),
        tool(name="has blanks"),
        tool(name="big", inputSchema={"const": "x" * 70_000}),
    )
    looked()
    api = api_of("amal")
    for name, why in (("lookup_customer", "compared"), ("has blanks", "name"), ("big", "too large")):
        answer = api.post(f"{AT}/repin/", {"tools": [name]}, format="json")
        assert answer.status_code == 422
        assert why in answer.json()["errors"][0]["message"]


def test_quarantine_by_people_and_machines_and_its_end_by_people_who_answer_for_it(
    scripted: ScriptedServer, api_of: Api
) -> None:
    registered(Shelf(scripted, LOOKUP), LOOKUP)
    robot = api_of(machine("watchdog"))
    assert robot.post(f"{AT}/quarantine/", {"reason": "Too many errors."}, format="json").status_code == 200
    assert robot.post(f"{AT}/quarantine/", {"reason": "Again."}, format="json").status_code == 409
    assert robot.post(f"{AT}/quarantine/lift/", {"reason": "Fine."}, format="json").status_code == 403
    assert api_of("amal", "observer_agent").post(f"{AT}/quarantine/", {"reason": "x"}, format="json").status_code == 403
    lead = api_of("omar")
    assert lead.post(f"{AT}/quarantine/lift/", {"reason": ""}, format="json").status_code == 422
    assert lead.post(f"{AT}/quarantine/lift/", {"reason": "Fine."}, format="json").json()["quarantined_at"] is None


def test_an_address_is_tried_and_nothing_is_kept(scripted: ScriptedServer, api_of: Api) -> None:
    shelf = Shelf(scripted, LOOKUP, tool(name="has blanks"))
    answer = api_of("amal").post(TRY, {"endpoint": shelf.url}, format="json").json()
    assert (answer["outcome"], answer["server_name"], answer["credential_sent"], answer["note"]) == (
        "seen", "Shelf", False, "",
    )  # fmt: skip
    assert answer["tools"][0]["pin"]["input"] == pin(LOOKUP)["input_digest"]
    assert [bool(one["problem"]) for one in answer["tools"]] == [False, True]
    assert not KnownTool.objects.exists()
    assert AuditLine.objects.get(action="tools.try").detail == shelf.url
    assert api_of("vera").post(TRY, {"endpoint": shelf.url}, format="json").status_code == 403


@pytest.mark.parametrize(
    "endpoint",
    ["", "http://10.0.0.1/mcp", "http://169.254.169.254/latest", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "x" * 501,
     "http://127.0.0.1:1/#a", "https://[::ffff:10.0.0.1]/", "http://2130706433.example:99999/"],
)  # fmt: skip
def test_addresses_that_may_not_be_reached_are_refused(endpoint: str, api_of: Api) -> None:
    answer = api_of("amal").post(TRY, {"endpoint": endpoint}, format="json")
    assert answer.status_code == 422, answer.content
    assert not AuditLine.objects.filter(action="tools.try").exists()


@pytest.mark.parametrize("reference", ["env:PATH", "env:CREDENTIAL_CRM", "file:crm", "env:CREDENTIAL_NOT_SET"])
def test_a_credential_goes_nowhere_that_people_have_not_signed(
    scripted: ScriptedServer, api_of: Api, secret: str, reference: str
) -> None:
    """Whoever may propose could name any credential and any address: without this, they would be sent to theirs."""
    registered(Shelf(scripted, LOOKUP), LOOKUP, runtime_tool__credential_ref=secret)
    with ScriptedServer() as theirs:
        shelf = Shelf(theirs, LOOKUP)
        answer = api_of("amal").post(TRY, {"endpoint": shelf.url, "credential_ref": reference}, format="json").json()
        assert (answer["outcome"], answer["credential_sent"]) == ("seen", False)
        assert "was not sent" in answer["note"]
        elsewhere = scripted.url.replace("/mcp", "/theirs")
        other = api_of("amal").post(TRY, {"endpoint": elsewhere, "credential_ref": secret}, format="json").json()
        assert not other["credential_sent"], "another path of the same host may be somebody else's"
        for seen in [*theirs.requests, *scripted.requests]:
            assert "authorization" not in seen.headers
            assert SECRET not in str(seen)


def test_a_credential_goes_where_it_goes_anyway(scripted: ScriptedServer, api_of: Api, secret: str) -> None:
    shelf = Shelf(scripted, LOOKUP)
    registered(shelf, LOOKUP, runtime_tool__credential_ref=secret)
    body = {"endpoint": shelf.url, "credential_ref": secret}
    answer = api_of("amal").post(TRY, body, format="json")
    assert answer.json()["credential_sent"]
    assert {seen.headers["authorization"] for seen in scripted.requests} == {f"Bearer {SECRET}"}
    assert SECRET not in answer.content.decode()
    Connector.objects.update(state="retired")
    assert not api_of("amal").post(TRY, body, format="json").json()["credential_sent"], "it is not called any more"


def test_servers_that_misbehave_are_told_of_and_never_an_error(scripted: ScriptedServer, api_of: Api) -> None:
    api = api_of("amal")
    for behaviour, outcome in (
        (server_that.unauthorized(), "unauthorized"),
        (server_that.server_error(), "unavailable"),
        (server_that.answer("x" * 3_000_000, 200), "protocol"),
        (server_that.answer('{"jsonrpc":"2.0","id":1,"result":' + "[" * 5000 + "]" * 5000 + "}"), "protocol"),
    ):
        scripted.behave(behaviour)
        answer = api.post(TRY, {"endpoint": scripted.url}, format="json")
        assert (answer.status_code, answer.json()["outcome"], answer.json()["tools"]) == (200, outcome, [])


def test_the_key_of_that_address_is_nobodys(api_of: Api) -> None:
    from tests.documents import runtime_tool_document

    answer = api_of("amal").post("/api/v1/connectors/", runtime_tool_document("probe"), format="json").json()
    assert "taken" in str(api_of("amal").post(f"/api/v1/changes/{answer['id']}/submit/").json())


def test_filters_of_the_list(scripted: ScriptedServer, api_of: Api) -> None:
    registered(Shelf(scripted, tool(annotations={})), LOOKUP)
    looked()
    api = api_of("amal")
    found: Any = api.get("/api/v1/connectors/?drift=true").json()["results"]
    assert [(one["key"], one["tool_pins"]) for one in found] == [("crm-lookup", 1)]
    assert api.get("/api/v1/connectors/?drift=false").json()["results"] == []
    assert api.get("/api/v1/connectors/?quarantined=true").json()["results"] == []
