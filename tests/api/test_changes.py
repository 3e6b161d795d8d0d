"""Changes by API: from a draft to version 1, and everything that is refused on the way."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from connectors.models import Connector
from portal.people.models import ApiToken
from portal.registry.documents import digest
from tests.api.problems import problem
from tests.documents import put, runtime_tool_document, without
from tests.people import team, user
from tests.registering import EVIDENCE, apply_connector, submitted

pytestmark = pytest.mark.django_db
CHANGES, CONNECTORS = "/api/v1/changes/", "/api/v1/connectors/"
ApiOf = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def _crm_team() -> None:
    team("crm-team")


def body(document: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": "runtime_tool", "document": document or runtime_tool_document(), "evidence": EVIDENCE} | more


def test_an_engineer_registers_and_a_lead_approves_by_api_alone(api_of: ApiOf) -> None:
    amal, omar = api_of("amal"), api_of("omar")
    made = amal.post(CHANGES, body(without(runtime_tool_document(), "facets.retry")))
    assert made.status_code == 201, made.content
    change = made.json()
    address = f"{CHANGES}{change['id']}/"
    assert made["Location"] == address
    assert [found["path"] for found in change["problems"]] == ["facets.retry"]
    refused = problem(amal.post(f"{address}submit/"), 422, "incomplete")
    assert refused["errors"][0] == {"path": "facets.retry", "message": "This field is required.", "code": "required"}
    fixed = amal.patch(address, {"document": runtime_tool_document(), "revision": change["revision"]})
    assert fixed.status_code == 200, fixed.content
    assert fixed.json()["problems"] == []
    problem(amal.patch(address, {"summary": "Late", "revision": change["revision"]}), 409, "revision")
    sent = amal.post(f"{address}submit/").json()
    assert (sent["state"], sent["required_class"]) == ("in_review", "A1")
    assert "one signature" in sent["signatures_needed"] or "1 more" in sent["signatures_needed"]
    decision = {"digest": sent["digest"]}
    problem(amal.post(f"{address}approve/", decision), 403, "four_eyes")
    problem(api_of("noor").post(f"{address}approve/", decision), 403, "role")
    problem(omar.post(f"{address}approve/"), 422, "digest_needed")
    problem(omar.post(f"{address}approve/", {"digest": "0" * 64}), 409, "digest")
    done = omar.post(f"{address}approve/", headers={"If-Match": f'"{sent["digest"]}"'})
    assert done.status_code == 200, done.content
    assert (done.json()["state"], done.json()["applied_version"]) == ("applied", 1)
    entry = amal.get(f"{CONNECTORS}crm-lookup/").json()
    assert (entry["state"], entry["version"], entry["digest"]) == ("active", 1, digest(sent["document"]))
    problem(omar.post(f"{address}approve/", decision), 409, "state")


def test_a_lead_may_not_approve_their_own(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document(), by="omar")
    address = f"{CHANGES}{change.human_id}/approve/"
    found = problem(api_of("omar").post(address, {"digest": change.digest}), 403, "four_eyes")
    assert "somebody else" in found["detail"]
    assert not Connector.objects.exists()


def test_a_rejection_by_api_needs_a_reason(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document())
    address = f"{CHANGES}{change.pk}/reject/"
    found = problem(api_of("omar").post(address, {"digest": change.digest}), 422, "reason")
    assert found["errors"][0]["path"] == "reason"
    answer = api_of("omar").post(address, {"digest": change.digest, "reason": "No."})
    assert (answer.json()["state"], answer.json()["reason"]) == ("rejected", "No.")


def test_the_author_withdraws_by_api(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document())
    address = f"{CHANGES}{change.pk}/withdraw/"
    problem(api_of("noor").post(address, {}), 403, "not_author")
    assert api_of("amal").post(address, {"reason": "Later."}).json()["state"] == "withdrawn"


def test_a_change_from_an_old_version_conflicts(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    problem(api_of("amal").post(CHANGES, body(base_version=0)), 409, "base_version")
    old = submitted(runtime_tool_document(changes={"name": "Old"}))
    apply_connector(runtime_tool_document(changes={"name": "New"}), by="noor")
    answer = api_of("omar").post(f"{CHANGES}{old.pk}/approve/", {"digest": old.digest})
    assert "moved on to version 2" in problem(answer, 409, "base_version")["detail"]


def test_unknown_kinds_keys_and_changes_are_told(api_of: ApiOf) -> None:
    amal = api_of("amal")
    assert "runtime_tool" in problem(amal.post(CHANGES, body() | {"kind": "toaster"}), 404, "unknown_kind")["detail"]
    assert problem(amal.post(CHANGES, body(colour="red")), 422, "invalid")["errors"][0]["path"] == "colour"
    assert problem(amal.post(CHANGES, {}), 422, "invalid")["errors"][0]["path"] == "kind"
    problem(amal.get(f"{CHANGES}999/"), 404, "no_such_change")
    problem(amal.get(f"{CHANGES}nonsense/"), 404, "not_found")
    problem(amal.post(CHANGES, "{", content_type="application/json"), 400, "parse_error")
    problem(amal.post(CHANGES, "a=b", content_type="text/csv"), 415, "unsupported_media_type")
    problem(amal.delete(f"{CHANGES}1/"), 405, "method_not_allowed")


def test_nobody_without_a_token_or_with_a_bad_one(api_of: ApiOf) -> None:
    problem(APIClient().get(CHANGES), 401, "not_authenticated")
    bad = APIClient(headers={"Authorization": "Bearer cgp_nonsense"})
    answer = bad.get(CHANGES)
    problem(answer, 401, "authentication_failed")
    assert answer["WWW-Authenticate"] == "Bearer"
    amal = api_of("amal")
    assert amal.get(CHANGES).status_code == 200
    token = ApiToken.objects.get()
    assert not any("cgp_" in str(value) and len(str(value)) > 15 for value in vars(token).values())
    assert len(token.digest) >= 64
    ApiToken.objects.update(revoked_at=token.created)
    problem(amal.get(CHANGES), 401, "authentication_failed")


def test_a_viewer_reads_and_proposes_nothing_and_a_tokens_type_narrows(api_of: ApiOf) -> None:
    vera = api_of("vera")
    assert vera.get(CHANGES).status_code == 200
    found = problem(vera.post(CHANGES, body()), 403, "role")
    assert "Who may" in found["detail"]
    agent = api_of("omar", actor_type="recommender_agent")
    made = agent.post(CHANGES, body())
    assert (made.status_code, made.json()["actor_type"]) == (201, "recommender_agent")
    other = submitted(runtime_tool_document("other"))
    problem(agent.post(f"{CHANGES}{other.pk}/approve/", {"digest": other.digest}), 403, "role")


def test_a_session_needs_its_csrf_token() -> None:
    submitted(runtime_tool_document())
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user("amal"))
    assert browser.get(CHANGES).status_code == 200
    refused = browser.post(CHANGES, body(), content_type="application/json")
    problem(refused, 403, "permission_denied")


def test_the_list_is_filtered_ordered_and_unknown_parameters_are_refused(api_of: ApiOf) -> None:
    amal = api_of("amal")
    ids = [submitted(runtime_tool_document(f"tool-{n}")).pk for n in range(5)]
    apply_connector(runtime_tool_document("done"))

    def listed(**query: Any) -> list[int]:
        return [line["id"] for line in amal.get(CHANGES, query).json()["results"]]

    assert listed(state="in_review") == ids[::-1]
    assert listed(key="tool-3") == [ids[3]]
    assert listed(q=f"CHG-{ids[2]}") == [ids[2]]
    assert listed(ordering="id", state="in_review") == ids
    assert len(listed(author="amal")) == 6
    assert listed(author="noor") == []
    for query in ({"colour": "red"}, {"state": "red"}, {"ordering": "colour"}, {"limit": "0"}, {"limit": "999"}):
        assert amal.get(CHANGES, query).status_code == 422, query
    assert "document" not in amal.get(CHANGES).json()["results"][0]


def test_pages_are_walked_by_cursor_without_gap_or_repeat(api_of: ApiOf) -> None:
    amal = api_of("amal")
    ids = [submitted(runtime_tool_document(f"tool-{n}")).pk for n in range(7)]
    seen: list[int] = []
    address = f"{CHANGES}?limit=3"
    while address:
        page = amal.get(address).json()
        seen += [line["id"] for line in page["results"]]
        if len(seen) == 3:
            submitted(runtime_tool_document("between"), by="noor")
        address = page["next"]
    assert seen == ids[::-1]
    assert amal.get(f"{CHANGES}?cursor=nonsense").status_code == 404


def test_an_idempotency_key_gives_the_first_answer_and_refuses_another_request(api_of: ApiOf) -> None:
    amal, key = api_of("amal"), {"Idempotency-Key": "first"}
    made = amal.post(CHANGES, body(), headers=key)
    again = amal.post(CHANGES, body(), headers=key)
    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])
    assert (again["Idempotent-Replayed"], again["Location"]) == ("true", made["Location"])
    other = put(runtime_tool_document(), "name", "Other")
    problem(amal.post(CHANGES, body(other), headers=key), 409, "idempotency_key_reused")
    assert api_of("noor").post(CHANGES, body(), headers=key).json()["id"] != made.json()["id"]
    problem(amal.post(CHANGES, body(), headers={"Idempotency-Key": "x" * 201}), 422, "idempotency_key")
    bad = {"Idempotency-Key": "bad"}
    first, second = amal.post(CHANGES, {}, headers=bad), amal.post(CHANGES, {}, headers=bad)
    assert (first.status_code, second.status_code, first.content) == (422, 422, second.content)
    assert second["Content-Type"] == "application/problem+json"


def test_an_approval_repeated_under_its_key_is_answered_as_the_first_time(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document())
    omar, key = api_of("omar"), {"Idempotency-Key": "sign"}
    address = f"{CHANGES}{change.pk}/approve/"
    answers = [omar.post(address, {"digest": change.digest}, headers=key) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert Connector.objects.get().version == 1
