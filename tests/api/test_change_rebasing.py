"""Conflicts, rebasing, proposing again, sets and restoring versions, by API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from connectors.models import Connector
from portal.changes import services
from portal.changes.models import ChangeRequest, ChangeSet
from portal.operations.services import database_now
from tests.api.problems import paths, problem
from tests.documents import data_movement_document, runtime_tool_document
from tests.people import actor, team, user
from tests.registering import EVIDENCE, apply_connector, approved, proposed, submitted

pytestmark = pytest.mark.django_db
CHANGES, CONNECTORS = "/api/v1/changes/", "/api/v1/connectors/"
ENDPOINT, READ = "runtime_tool.endpoint", "facets.timeout.read_seconds"
ApiOf = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def _crm_team() -> None:
    team("crm-team")


def address(change: ChangeRequest, verb: str = "") -> str:
    return f"{CHANGES}{change.pk}/{verb}/" if verb else f"{CHANGES}{change.pk}/"


def moved(proposed_changes: dict[str, Any], meanwhile: dict[str, Any]) -> ChangeRequest:
    """A submitted change of a connector that another change moved on meanwhile."""
    apply_connector(runtime_tool_document())
    change = submitted(runtime_tool_document(changes=proposed_changes))
    apply_connector(runtime_tool_document(changes=meanwhile), by="noor")
    return change


def test_a_conflict_is_shown_key_by_key_and_rebased_by_choosing(api_of: ApiOf) -> None:
    change = moved({"name": "Mine", "description": "Mine too."}, {"name": "Theirs", "customer_impacting": True})
    amal = api_of("amal")
    found = api_of("vera").get(address(change, "conflict")).json()
    assert (found["base_version"], found["current_version"], found["conflict"]) == (1, 2, True)
    assert {part["path"]: part for part in found["parts"]} == {
        "name": {"path": "name", "base": "Crm Lookup", "current": "Theirs", "proposed": "Mine",
                 "conflict": True, "side": None},
        "description": {"path": "description", "base": "What the tests register.", "proposed": "Mine too.",
                        "current": "What the tests register.", "conflict": False, "side": "proposed"},
        "customer_impacting": {"path": "customer_impacting", "base": False, "current": True, "proposed": False,
                               "conflict": False, "side": "current"},
    }  # fmt: skip
    assert paths(problem(amal.post(address(change, "rebase")), 422, "choices")) == ["name"]
    unknown = {"choices": {"name": "proposed", "description": "current"}}
    assert paths(problem(amal.post(address(change, "rebase"), unknown), 422, "choices")) == ["description"]
    wrong = {"choices": {"name": "theirs"}}
    assert paths(problem(amal.post(address(change, "rebase"), wrong), 422, "invalid")) == ["choices.name"]
    assert paths(problem(amal.post(address(change, "rebase"), {"choices": ["x"]}), 422, "invalid")) == ["choices"]
    chosen = {"choices": {"name": "proposed"}}
    problem(api_of("noor").post(address(change, "rebase"), chosen), 403, "not_author")
    done = amal.post(address(change, "rebase"), chosen)
    assert done.status_code == 200, done.content
    told = done.json()
    assert (told["base_version"], told["conflict"], told["state"], told["proposal"]) == (2, False, "in_review", 2)
    wanted = runtime_tool_document(changes={"name": "Mine", "description": "Mine too.", "customer_impacting": True})
    assert told["document"] == wanted
    problem(amal.post(address(change, "rebase"), chosen), 409, "up_to_date")
    assert amal.get(address(change, "conflict")).json()["parts"] == []
    assert api_of("omar").post(address(change, "approve"), {"digest": told["digest"]}).json()["applied_version"] == 3
    assert Connector.objects.get().document == wanted


def test_what_a_version_lacks_is_left_out_and_not_null(api_of: ApiOf) -> None:
    wider = [
        {"agent": "support-agent", "operations": ["lookup_customer"], "environments": ["dev", "prod"]},
        {"agent": "sales-agent", "operations": ["lookup_customer"], "environments": ["dev", "prod"]},
    ]
    change = moved({"runtime_tool.allowlist": wider}, {"name": "Theirs"})
    parts = api_of("vera").get(address(change, "conflict")).json()["parts"]
    (part,) = [one for one in parts if "allowlist" in one["path"]]
    assert part["path"] == "runtime_tool.allowlist[sales-agent]"
    assert set(part) == {"path", "proposed", "conflict", "side"}


def test_a_rebase_that_leaves_the_content_as_it_is_keeps_the_signatures(api_of: ApiOf) -> None:
    two = {"facets.approval_policy_hook.approval_class": "A2", "facets.approval_policy_hook.reversibility_class": "R2",
           "deprecation.sunset_on": "2027-03-31"}  # fmt: skip
    apply_connector(runtime_tool_document(changes=two))
    change = approved(submitted(runtime_tool_document(changes=two | {"name": "Both"})), "omar")
    apply_connector(runtime_tool_document(changes=two | {"name": "Both"}), by="noor", to_state="deprecated")
    told = api_of("amal").post(address(change, "rebase"), {}).json()
    assert (told["base_version"], told["proposal"], [one["by"] for one in told["signatures"]]) == (2, 1, ["omar"])


def test_a_change_that_is_over_has_no_conflict(api_of: ApiOf) -> None:
    change = moved({"name": "Mine"}, {"name": "Theirs"})
    services.withdraw(actor=actor("amal"), change_id=change.pk, now=database_now())
    assert api_of("vera").get(address(change, "conflict")).json()["parts"] == []
    problem(api_of("amal").post(address(change, "rebase"), {"choices": {"name": "proposed"}}), 409, "state")
    problem(api_of("vera").get(f"{CHANGES}999/conflict/"), 404, "no_such_change")
    problem(APIClient().get(address(change, "conflict")), 401, "not_authenticated")


def test_a_rejected_change_is_proposed_again(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document(), summary="Look customers up")
    amal = api_of("amal")
    problem(amal.post(address(change, "resubmit")), 409, "state")
    api_of("omar").post(address(change, "reject"), {"digest": change.digest, "reason": "Not yet."})
    problem(api_of("noor").post(address(change, "resubmit")), 403, "not_author")
    made = amal.post(address(change, "resubmit"))
    assert made.status_code == 201, made.content
    told = made.json()
    assert made["Location"] == f"{CHANGES}{told['id']}/"
    assert (told["state"], told["replaces"], told["summary"]) == ("draft", change.human_id, "Look customers up")
    assert (told["document"], told["evidence"], told["problems"]) == (change.document, change.evidence, [])
    assert amal.post(f"{CHANGES}{told['id']}/submit/").json()["state"] == "in_review"
    assert amal.get(address(change)).json()["state"] == "rejected"


def test_a_set_applies_together_and_a_change_taken_out_of_it_alone(api_of: ApiOf) -> None:
    one, two, three = (proposed(runtime_tool_document(key)) for key in ("one", "two", "three"))
    amal, omar = api_of("amal"), api_of("omar")
    tied = amal.post(f"{CHANGES}tie/", {"changes": [one.pk, two.human_id, f"{three.pk}"], "summary": "All three"})
    assert tied.status_code == 201, tied.content
    assert ChangeSet.objects.get().summary == "All three"
    problem(amal.post(f"{CHANGES}tie/", {"changes": [one.pk, two.pk]}), 409, "change_set")
    problem(api_of("noor").post(address(three, "untie")), 403, "not_author")
    out = amal.post(address(three, "untie"))
    assert (out.status_code, out.json()["change_set"]) == (200, None)
    problem(amal.post(address(three, "untie")), 409, "change_set")
    digests = {n: amal.post(address(n, "submit")).json()["digest"] for n in (one, two, three)}
    problem(
        api_of("khalid").post(address(one, "emergency"), {"digest": digests[one], "reason": "Now."}), 409, "change_set"
    )
    assert omar.post(address(three, "approve"), {"digest": digests[three]}).json()["state"] == "applied"
    assert omar.post(address(one, "approve"), {"digest": digests[one]}).json()["state"] == "approved"
    assert set(Connector.objects.values_list("key", flat=True)) == {"three"}
    assert omar.post(address(two, "approve"), {"digest": digests[two]}).json()["state"] == "applied"
    assert set(Connector.objects.values_list("key", flat=True)) == {"one", "two", "three"}


def test_what_cannot_be_tied_is_refused_with_the_field(api_of: ApiOf) -> None:
    mine, theirs = proposed(runtime_tool_document("mine")), proposed(runtime_tool_document("theirs"), by="noor")
    twin, sent = proposed(runtime_tool_document("mine")), submitted(runtime_tool_document("sent"))
    amal, where = api_of("amal"), f"{CHANGES}tie/"
    assert paths(problem(amal.post(where, {}), 422, "invalid")) == ["changes"]
    for wrong in ("CHG", "1.5", "-3", "", "9" * 19):
        assert paths(problem(amal.post(where, {"changes": [mine.pk, wrong]}), 422, "invalid")) == ["changes.1"], wrong
    for few in ([], [mine.pk], [mine.pk, mine.human_id], list(range(1, 30))):
        assert paths(problem(amal.post(where, {"changes": few}), 422, "change_set")) == ["changes"]
    problem(amal.post(where, {"changes": [mine.pk, theirs.pk]}), 403, "not_author")
    problem(amal.post(where, {"changes": [mine.pk, twin.pk]}), 409, "change_set")
    problem(amal.post(where, {"changes": [mine.pk, sent.pk]}), 409, "state")
    problem(amal.post(where, {"changes": [mine.pk, 10**9]}), 404, "no_such_change")
    problem(api_of("vera").post(where, {"changes": [mine.pk, theirs.pk]}), 403, "role")
    assert not ChangeSet.objects.exists()


def test_a_version_is_restored_by_a_change_that_is_signed_like_any_other(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    apply_connector(runtime_tool_document(changes={"name": "Second"}))
    amal, where = api_of("amal"), f"{CONNECTORS}crm-lookup/revert/"
    made = amal.post(where, {"version": 1}, headers={"Idempotency-Key": "back"})
    assert made.status_code == 201, made.content
    again = amal.post(where, {"version": 1}, headers={"Idempotency-Key": "back"})
    assert again.json()["id"] == made.json()["id"]
    told = amal.get(made["Location"]).json()
    assert (told["restores_version"], told["base_version"], told["state"]) == (1, 2, "draft")
    assert told["document"] == runtime_tool_document()
    assert Connector.objects.get().name == "Second"
    amal.patch(made["Location"], {"evidence": EVIDENCE})
    sent = amal.post(f"{made['Location']}submit/").json()
    done = api_of("omar").post(f"{made['Location']}approve/", {"digest": sent["digest"]}).json()
    assert (done["state"], done["applied_version"]) == ("applied", 3)
    assert Connector.objects.get().document == runtime_tool_document()


def test_what_cannot_be_restored_is_refused(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    apply_connector(data_movement_document())
    amal, where = api_of("amal"), f"{CONNECTORS}crm-lookup/revert/"
    for wrong in ({}, {"version": 0}, {"version": "one"}, {"version": 2**40}):
        assert paths(problem(amal.post(where, wrong), 422, "invalid")) == ["version"], wrong
    problem(amal.post(where, {"version": 7}), 404, "no_such_version")
    problem(amal.post(where, {"version": 1}), 409, "no_change")
    problem(amal.post(f"{CONNECTORS}nothing/revert/", {"version": 1}), 404, "no_such_entry")
    problem(api_of("vera").post(where, {"version": 1}), 403, "permission_denied")
    problem(api_of(user("adam")).post("/api/v1/policies/approval-policy/revert/", {"version": 1}), 404, "no_such_entry")
    assert ChangeRequest.objects.filter(restores_version__isnull=False).count() == 0
