"""Importing by API, by command and by page; copies of what there is; server.json out and in again."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from connectors.importing.exporting import server_json
from connectors.importing.service import imported
from portal.changes.models import ChangeRequest
from tests.documents import data_movement_document, runtime_tool_document
from tests.importing.described import shop
from tests.importing.reading import FILES
from tests.people import team, user
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
SERVER = FILES / "mcp" / "secret-header.json"
METADATA = FILES / "airbyte" / "source-github.yaml"
HERE = "/api/v1/connectors/import/"
Api = Callable[..., APIClient]
Pages = Callable[..., Client]


def test_the_api_answers_the_draft_and_what_is_missing_and_writes_nothing(api_of: Api) -> None:
    body = {"format": "mcp", "content": SERVER.read_text()}
    answer = api_of("amal").post(HERE, body, format="json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["kind"] == "runtime_tool"
    assert told["filled"] == ["version"]
    assert "contract" in told["missing"]
    assert told["document"]["runtime_tool"]["credential_ref"] == "env:CONTACTS_AUTHORIZATION"
    assert {"path": "facets.retry", "message": "This field is required.", "code": "required"} in told["problems"]
    assert told["change"] is None
    assert not ChangeRequest.objects.exists()


def test_the_api_opens_a_draft_that_tells_its_guesses(api_of: Api) -> None:
    team()
    body = {"format": "airbyte", "content": METADATA.read_text(), "owner": "crm-team", "key": "github-in", "open": True}
    answer = api_of("amal").post(HERE, body, format="json")
    assert answer.status_code == 201, answer.content
    change = ChangeRequest.objects.get()
    assert answer.headers["Location"] == f"/api/v1/changes/{change.pk}/"
    assert answer.json()["change"] == change.human_id
    assert (change.kind, change.key, change.state) == ("data_movement", "github-in", "draft")
    assert change.document == answer.json()["document"]
    assert change.evidence["sources"][0].startswith("Airbyte metadata airbyte/source-github:1.8.30 (sha256 ")
    assert "the destination is missing" in change.evidence["assumptions"]
    assert [one["version"] for one in answer.json()["notices"]] == ["1.0.0", "2.0.0"]


def test_the_api_takes_the_file_itself(api_of: Api) -> None:
    file = SimpleUploadedFile("openapi.json", shop(60), "application/json")
    answer = api_of("amal").post(HERE, {"format": "openapi", "file": file, "only": ["resources1"]}, format="multipart")
    assert answer.status_code == 200, answer.content
    assert len(answer.json()["document"]["facets"]["contract"]["operations"]) == 5


@pytest.mark.parametrize("key", ["import", "new", "check"])
def test_a_key_whose_page_the_portal_takes_is_told(key: str) -> None:
    found = imported(SERVER.read_bytes(), "mcp", key=key)
    assert ("key", "taken") in [(problem.path, problem.code) for problem in found.problems]


def test_a_key_that_is_registered_is_a_conflict(api_of: Api) -> None:
    apply_connector(runtime_tool_document("contacts"))
    answer = api_of("amal").post(HERE, {"format": "mcp", "content": SERVER.read_text(), "open": True}, format="json")
    assert answer.status_code == 409, answer.content


def test_who_may_not_propose_may_not_import(api_of: Api, client_of: Pages) -> None:
    body = {"format": "mcp", "content": SERVER.read_text()}
    assert api_of("vera").post(HERE, body, format="json").status_code == 403
    assert APIClient().post(HERE, body, format="json").status_code == 401
    assert client_of("vera").get("/tools/import/").status_code == 403


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "content"),
        ({"format": "wsdl", "content": "x"}, "format"),
        ({"format": "mcp", "content": "{"}, "content"),
        ({"format": "mcp", "content": "a: b", "nonsense": 1}, "nonsense"),
        ({"format": "mcp", "content": '{"name": "a.b/c", "remotes": []}', "key": "Not A Key"}, "key"),
    ],
)
def test_a_bad_body_is_told_where(api_of: Api, body: dict[str, Any], path: str) -> None:
    answer = api_of("amal").post(HERE, body, format="json")
    assert answer.status_code in (400, 422), answer.content
    assert path in [one["path"] for one in answer.json()["errors"]]


def run(*arguments: str) -> tuple[dict[str, Any], str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("registry", "import", *arguments, stdout=out, stderr=err)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer, err.getvalue()


def test_the_command_prints_the_draft_and_opens_one_for_somebody(tmp_path: Path) -> None:
    answer, said = run(str(SERVER), "--format", "mcp", "--key", "crm-works")
    assert answer["document"]["key"] == "crm-works"
    assert "1/9 facets are filled; missing: contract" in said
    assert not ChangeRequest.objects.exists()
    user("amal")
    path = tmp_path / "shop.json"
    path.write_bytes(shop())
    answer, said = run(
        str(path), "--format", "openapi", "--only", "/resources1", "--only", "resources2", "--as", "amal"
    )
    change = ChangeRequest.objects.get()
    assert change.author.username == "amal"
    # /resources1, /resources10 to /resources19, and the tag.
    assert len(change.document["facets"]["contract"]["operations"]) == 60
    assert change.human_id in said


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as refused:
        run(str(tmp_path / "none.json"), "--format", "mcp")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match=r"is no server\.json"):
        run(str(METADATA), "--format", "mcp")
    with pytest.raises(CommandError, match="--as"):
        run(str(SERVER), "--format", "mcp", "--as", "nobody")


def test_the_page_shows_what_is_filled_and_what_is_missing(client_of: Pages) -> None:
    page = client_of("amal").post("/tools/import/", {"format": "mcp", "text": SERVER.read_text(), "action": "read"})
    html = page.content.decode()
    assert page.status_code == 200
    assert "Still missing:" in html
    assert "1/9" in html
    assert "env:CONTACTS_AUTHORIZATION" in html
    assert "X-Region" in html
    assert not ChangeRequest.objects.exists()


def test_the_page_opens_a_draft_and_leads_to_it_with_what_is_missing(client_of: Pages) -> None:
    team()
    upload = SimpleUploadedFile("metadata.yaml", METADATA.read_bytes())
    sent = {"format": "airbyte", "file": upload, "owner": "crm-team", "action": "open"}
    answer = client_of("amal").post("/syncs/import/", sent)
    change = ChangeRequest.objects.get()
    assert (change.kind, change.document["owner"]) == ("data_movement", "crm-team")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/changes/{change.human_id}/edit/?check=1"
    shown = client_of("amal").get(answer.headers["Location"]).content.decode()
    assert "GitHub" in shown
    assert "1/9" in shown
    assert "Destination: This field is required." in shown


def test_a_large_contract_goes_through_the_page_to_its_form(client_of: Pages) -> None:
    upload = SimpleUploadedFile("openapi.json", shop())
    answer = client_of("amal").post("/tools/import/", {"format": "openapi", "file": upload, "action": "read"})
    assert "125 operations in the contract." in answer.content.decode()
    upload.seek(0)
    answer = client_of("amal").post(
        "/tools/import/", {"format": "openapi", "file": upload, "only": "resources3\r\n", "action": "open"}
    )
    assert client_of("amal").get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"format": "airbyte", "text": "data: {}"},
        {"format": "mcp", "text": "a: &x [*x]"},
        {"format": "mcp", "text": "\x00"},
        {"format": "mcp", "text": "{}", "action": "open", "key": "\x00"},
    ],
)
def test_the_page_says_what_is_wrong(client_of: Pages, sent: dict[str, str]) -> None:
    answer = client_of("amal").post("/tools/import/", sent)
    assert answer.status_code == 422
    assert "Nothing was taken." in answer.content.decode()
    assert not ChangeRequest.objects.exists()


def test_the_beginnings_are_offered_where_one_registers(client_of: Pages) -> None:
    start = client_of("amal").get("/register/").content.decode()
    assert 'href="/tools/import/"' in start
    assert 'href="/syncs/import/"' in start
    assert 'href="/tools/import/"' in client_of("amal").get("/tools/").content.decode()


def test_a_copy_opens_the_form_of_a_new_one_with_what_the_other_says(client_of: Pages) -> None:
    tool, sync = apply_connector(runtime_tool_document()), apply_connector(data_movement_document())
    assert f'href="/tools/new/?copy={tool.key}"' in client_of("amal").get(tool.get_absolute_url()).content.decode()
    form = client_of("amal").get(f"/tools/new/?copy={tool.key}").content.decode()
    assert "Finds a customer by number." in form
    assert 'value="crm-lookup"' not in form
    assert "support-agent" not in form.replace('placeholder="support-agent"', "").replace("e.g. support-agent", "")
    other = client_of("amal").get(f"/tools/new/?copy={sync.key}").content.decode()
    assert "Compare row counts\n</textarea>" not in other
    for asked in ("nothing", "x" * 3000):
        assert client_of("amal").get(f"/tools/new/?copy={asked}").status_code == 200


TOOL = {
    "runtime_tool.endpoint": "https://mcp.crm.example/mcp",
    "runtime_tool.credential_ref": "file:crm-token",
    "description": "Finds customers, by number, by name, by anything that is known of them, in two languages. " * 3,
    "name": "CRM lookup — بحث",
    "facade": {"module": "facades.crm", "python_packages": ["crm_sdk"], "npm_packages": ["@crm/sdk"]},
}


def test_server_json_goes_out_and_comes_in_as_the_same_facts(api_of: Api) -> None:
    tool = apply_connector(runtime_tool_document("crm-lookup", TOOL))
    answer = api_of("vera").get("/api/v1/connectors/crm-lookup/server.json")
    assert answer.status_code == 200
    told = answer.json()
    assert told["name"] == "example.crm.mcp/crm-lookup"
    assert len(told["description"]) <= 100
    assert told["remotes"][0]["headers"][0]["isSecret"] is True
    document = imported(answer.content, "mcp").document
    for name in ("key", "name", "description", "owner", "facade"):
        assert document[name] == tool.document[name], name
    for name in ("transport", "endpoint", "credential_ref"):
        assert document["runtime_tool"][name] == tool.document["runtime_tool"][name], name
    assert document["facets"]["version"] == tool.document["facets"]["version"]
    # Exported again it is the same.
    assert server_json(tool.document | document) == told


def test_what_is_no_mcp_server_has_no_server_json(api_of: Api, client_of: Pages) -> None:
    apply_connector(runtime_tool_document("plain", {"runtime_tool.transport": "http"}))
    apply_connector(data_movement_document())
    assert api_of("amal").get("/api/v1/connectors/plain/server.json").status_code == 409
    assert api_of("amal").get("/api/v1/connectors/crm-warehouse/server.json").status_code == 404
    assert "server.json</bdi>" not in client_of("amal").get("/tools/plain/").content.decode()
