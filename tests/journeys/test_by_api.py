"""The two journeys through the API alone, by people who hold tokens."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.documents import without
from tests.journeys import slipping
from tests.people import team
from tests.registering import EVIDENCE
from tests.servers.demo import DemoServer

API = "/api/v1"
ApiOf = Callable[..., APIClient]


def told(response: Any, status: int = 200) -> dict[str, Any]:
    """The body of an answer of this status."""
    assert response.status_code == status, response.content
    body: dict[str, Any] = response.json()
    return body


def registered(api_of: ApiOf, url: str) -> dict[str, Any]:
    """The tool as the API shows it after amal registered it and omar signed."""
    team()
    amal, omar, whole = api_of("amal"), api_of("omar"), slipping.ledger_document(url)
    part = {"kind": "runtime_tool", "document": without(slipping.ledger_document(url), "facets.rollback_notes"),
            "evidence": EVIDENCE}  # fmt: skip
    change = told(amal.post(f"{API}/changes/", part), 201)
    address = f"{API}/changes/{change['id']}/"
    refused = told(amal.post(f"{address}submit/"), 422)
    assert [found["path"] for found in refused["errors"]] == ["facets.rollback_notes"]
    assert told(amal.get(address))["state"] == "draft"
    told(amal.patch(address, {"document": whole, "revision": change["revision"]}))
    sent = told(amal.post(f"{address}submit/"))
    assert sent["state"] == "in_review"
    own = told(amal.post(f"{address}approve/", {"digest": sent["digest"]}), 403)
    assert own["type"] == "urn:portal:problem:four_eyes"
    done = told(omar.post(f"{address}approve/", {"digest": sent["digest"]}))
    assert (done["state"], done["applied_version"]) == ("applied", 1)
    return told(amal.get(f"{API}/connectors/{slipping.KEY}/"))


@pytest.mark.django_db
def test_a_tool_goes_from_eight_facets_to_version_1_by_api(api_of: ApiOf) -> None:
    tool = registered(api_of, "http://127.0.0.1:9/mcp")
    assert (tool["state"], tool["version"], tool["kind"]) == ("active", 1, "runtime_tool")
    listed = [
        [one["key"] for one in told(api_of("vera").get(f"{API}/connectors/?kind={kind}"))["results"]]
        for kind in ("runtime_tool", "data_movement")
    ]
    assert listed == [[slipping.KEY], []]


def test_a_slip_goes_from_v1_to_resolved_by_api(committed: None, api_of: ApiOf, demo_server: DemoServer) -> None:
    registered(api_of, demo_server.url)
    amal, yusuf, worker = api_of("amal"), api_of("yusuf"), slipping.Worker()
    asked = {
        "connector": slipping.KEY,
        "operation": slipping.OPERATION,
        "arguments": slipping.asked(),
        "idempotency_key": "march",
        "sla": slipping.SLA,
    }
    task = told(amal.post(f"{API}/tasks/", asked), 201)
    slips = f"{API}/incidents/"

    def slip() -> dict[str, Any]:
        found: list[dict[str, Any]] = told(yusuf.get(slips))["results"]
        assert len(found) <= 1
        return found[0] if found else {}

    worker.until(slip, "the slip")
    incident = slip()
    assert (incident["severity"], incident["rule"], incident["state"]) == ("V1", "deadline", "open")
    assert f"T-{incident['task']}" == task["id"]
    address = f"{slips}{incident['id']}/"
    worker.until(lambda: slip()["severity"] == "V2", "the escalation")
    taken = told(yusuf.post(f"{address}acknowledge/"))
    assert (taken["state"], taken["commander"]) == ("acknowledged", "yusuf")
    told(api_of("vera").post(f"{address}resolve/", {"text": "Not mine to say."}), 403)
    worker.until(lambda: slip()["state"] == "mitigated", "the completion")
    assert told(amal.get(f"{API}/tasks/{task['id']}/"))["state"] == "completed"
    told(yusuf.post(f"{address}resolve/", {"text": " "}), 422)
    over = told(yusuf.post(f"{address}resolve/", {"text": "The bank's file came late."}))
    assert (over["state"], over["severity"]) == ("resolved", "V2")
    assert [line["what"] for line in over["timeline"]] == ["opened", "raised", "acknowledged", "mitigated", "resolved"]
