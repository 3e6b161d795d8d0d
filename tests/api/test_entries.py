"""Connectors, the allowlist and the schema by API."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from portal.changes.models import ChangeRequest
from portal.registry.documents import digest
from tests.documents import data_movement_document, put, runtime_tool_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
CONNECTORS = "/api/v1/connectors/"
ApiOf = Callable[..., APIClient]


def test_an_entry_answers_304_to_what_the_caller_has(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    vera = api_of("vera")
    first = vera.get(f"{CONNECTORS}crm-lookup/")
    assert (first.json()["kind"], first.json()["document"]) == ("runtime_tool", runtime_tool_document())
    same = vera.get(f"{CONNECTORS}crm-lookup/", headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    apply_connector(runtime_tool_document(changes={"name": "New name"}))
    newer = vera.get(f"{CONNECTORS}crm-lookup/", headers={"If-None-Match": first["ETag"]})
    assert (newer.status_code, newer.json()["version"]) == (200, 2)
    assert vera.get(f"{CONNECTORS}nothing/").status_code == 404


def test_a_merge_patch_opens_a_change_and_changes_nothing_itself(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    amal = api_of("amal")
    address = f"{CONNECTORS}crm-lookup/"
    tag = amal.get(address)["ETag"]
    patch: dict[str, Any] = {"name": "Patched", "runtime_tool": {"allowlist": []}}
    opened = amal.patch(address, patch, headers={"If-Match": tag})
    assert opened.status_code == 201, opened.content
    change = ChangeRequest.objects.get(pk=opened.json()["id"])
    wanted = put(put(runtime_tool_document(), "name", "Patched"), "runtime_tool.allowlist", [])
    assert (change.base_version, change.state, change.document) == (1, "draft", wanted)
    assert amal.get(address)["ETag"] == tag
    apply_connector(runtime_tool_document(changes={"name": "Meanwhile"}), by="noor")
    refused = amal.put(address, runtime_tool_document(), headers={"If-Match": tag})
    assert (refused.status_code, refused["Content-Type"]) == (412, "application/problem+json")
    assert amal.put(address, runtime_tool_document(changes={"name": "Whole"})).status_code == 201
    assert api_of("vera").patch(address, {}).status_code == 403
    assert amal.delete(address).status_code == 405


def test_posting_a_document_opens_a_registration_of_the_kind_it_shows(api_of: ApiOf) -> None:
    amal = api_of("amal")
    for document in (runtime_tool_document(), data_movement_document()):
        made = amal.post(CONNECTORS, document)
        assert made.status_code == 201, made.content
        assert made.json()["kind"] in document
    assert amal.post(CONNECTORS, {"key": "x"}).status_code == 422
    assert amal.post(CONNECTORS, [1]).status_code == 422
    apply_connector(runtime_tool_document())
    assert amal.post(CONNECTORS, runtime_tool_document()).status_code == 409


def test_versions_are_listed_and_read_whole(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    apply_connector(runtime_tool_document(changes={"name": "Second"}))
    vera = api_of("vera")
    listed = vera.get(f"{CONNECTORS}crm-lookup/versions/").json()["results"]
    assert [(line["version"], line["actor_name"]) for line in listed] == [(2, "omar"), (1, "omar")]
    first = vera.get(f"{CONNECTORS}crm-lookup/versions/1/").json()
    assert (first["document"], first["change"]) == (runtime_tool_document(), listed[1]["change_id"])
    assert vera.get(f"{CONNECTORS}crm-lookup/versions/3/").status_code == 404


def test_the_list_shows_both_kinds_filtered_ordered_and_paged(api_of: ApiOf) -> None:
    for number in range(3):
        apply_connector(runtime_tool_document(f"tool-{number}"))
    apply_connector(data_movement_document("sync-0", {"customer_impacting": True}))
    vera = api_of("vera")

    def listed(**query: Any) -> list[str]:
        answer = vera.get(CONNECTORS, query)
        assert answer.status_code == 200, answer.content
        return [line["key"] for line in answer.json()["results"]]

    assert listed() == ["sync-0", "tool-0", "tool-1", "tool-2"]
    assert listed(kind="runtime_tool", ordering="-key") == ["tool-2", "tool-1", "tool-0"]
    assert listed(customer_impacting="true") == ["sync-0"]
    assert listed(q="tool-1") == ["tool-1"]
    page = vera.get(CONNECTORS, {"limit": 3}).json()
    following = vera.get(page["next"]).json()
    assert [line["key"] for line in following["results"]] == ["tool-2"]
    row = page["results"][1]
    assert (row["kind"], row["operations"], row["version"], row["owner"]) == ("runtime_tool", 1, 1, "crm-team")
    assert row["id"].startswith("RT-")
    assert page["results"][0]["schedule"] == "0 */2 * * *"
    for query in ({"colour": "red"}, {"kind": "toaster"}, {"ordering": "colour"}):
        assert vera.get(CONNECTORS, query).status_code == 422, query


def test_a_list_costs_the_same_queries_whatever_its_length(api_of: ApiOf) -> None:
    vera = api_of("vera")
    apply_connector(runtime_tool_document())
    vera.get(CONNECTORS)
    counts = []
    for more in (0, 8):
        for number in range(more):
            apply_connector(runtime_tool_document(f"tool-{number}"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            vera.get(CONNECTORS)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4


def test_the_allowlist_names_what_an_agent_may_call_now(api_of: ApiOf) -> None:
    agent = api_of("vera", actor_type="executor_system")
    address = "/api/v1/allowlist/?agent=support-agent"
    empty = agent.get(address)
    assert empty.json() == {"agent": "support-agent", "environment": "", "revision": 0, "connectors": []}
    apply_connector(runtime_tool_document(changes={"runtime_tool.transport": "http"}))
    first = agent.get(address, headers={"If-None-Match": empty["ETag"]})
    (found,) = first.json()["connectors"]
    assert (found["key"], [operation["name"] for operation in found["operations"]]) == (
        "crm-lookup",
        ["lookup_customer"],
    )
    assert found["facets_digest"] == digest(runtime_tool_document()["facets"])
    same = agent.get(address, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert agent.get("/api/v1/allowlist/?agent=stranger").json()["connectors"] == []
    apply_connector(runtime_tool_document(changes={"runtime_tool.transport": "http"}), to_state="deprecated")
    assert agent.get(address).json()["connectors"][0]["state"] == "deprecated"
    apply_connector(runtime_tool_document(changes={"runtime_tool.transport": "http"}), to_state="retired")
    assert agent.get(address, headers={"If-None-Match": first["ETag"]}).json()["connectors"] == []
    assert agent.get("/api/v1/allowlist/").status_code == 422
    assert APIClient().get(address).status_code == 401


def test_the_schema_is_openapi_3_1_in_json_and_names_every_address(api_of: ApiOf) -> None:
    answer = api_of("vera").get("/api/v1/schema/")
    assert answer.status_code == 200, answer.content
    assert "json" in answer["Content-Type"]
    schema = answer.json()
    assert schema["openapi"].startswith("3.1")
    for address in ("connectors/", "connectors/{key}/", "changes/", "changes/{id}/approve/", "tasks/", "allowlist/"):
        assert f"/api/v1/{address}" in schema["paths"], sorted(schema["paths"])
    assert "application/problem+json" in str(schema["paths"]["/api/v1/changes/"]["post"]["responses"]["default"])
    create = schema["paths"]["/api/v1/connectors/"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert create["$ref"].endswith("ConnectorsDocumentRequest")
    assert {"bearer", "session"} <= set(schema["components"]["securitySchemes"])
    assert "approval_policy_hook" in schema["components"]["schemas"]["FacetsRequest"]["properties"]
    assert APIClient().get("/api/v1/schema/").status_code == 401


def test_the_schema_is_made_without_a_warning() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=os.devnull)
