"""Trying out by API: a change that is only described, and the test box of the policy. Neither writes anything."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.policy.documents import baseline_document
from portal.roles import ActorType
from tests.api.problems import paths, problem
from tests.documents import put, runtime_tool_document, without
from tests.people import actor, team
from tests.registering import EVIDENCE, apply_connector, approved

pytestmark = pytest.mark.django_db
CHANGES, VALIDATE, TEST = "/api/v1/changes/", "/api/v1/changes/validate/", "/api/v1/policies/test/"
HOOK = "facets.approval_policy_hook"
ApiOf = Callable[..., APIClient]
A2_WORDS = "2 signatures, one of them by a function head or higher"


@pytest.fixture(autouse=True)
def _crm_team() -> None:
    team("crm-team")


def body(document: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": "runtime_tool", "document": document or runtime_tool_document(), "evidence": EVIDENCE} | more


def tried(api: APIClient, told: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(VALIDATE, told)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_trial_says_what_a_submission_would_find_and_writes_nothing(api_of: ApiOf) -> None:
    amal = api_of("amal")
    tried(amal, body())
    with CaptureQueriesContext(connection) as queries:
        found = tried(amal, body(put(runtime_tool_document(), f"{HOOK}.approval_class", "A2")))
    assert [one["sql"] for one in queries if not one["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))] == []
    assert not ChangeRequest.objects.exists()
    assert (found["ready"], found["problems"], found["evidence_problems"]) == (True, [], [])
    judged = found["judgement"]
    assert (judged["action_class"], judged["rule"], judged["approval_class"]) == ("B", "approval_policy_hook", "A2")
    assert (judged["row"]["who"], judged["evidence_needed"], judged["applies_at_once"]) == (A2_WORDS, True, False)


@pytest.mark.parametrize(
    "told",
    [
        body(),
        body(evidence={}),
        body(without(runtime_tool_document(), "facets.retry")),
        body(approval_class="A0"),
        body(approval_class="A3"),
        body(reversibility_class="R2"),
        body(put(put(runtime_tool_document(), f"{HOOK}.approval_class", "A0"), f"{HOOK}.sensitivity_class", "S0")),
        body(put(runtime_tool_document(), "owner", "nobody")),
        body(put(runtime_tool_document(), "runtime_tool.allowlist", [])),
    ],
    ids=["sound", "no evidence", "eight facets", "too low", "higher", "costly", "class A", "no team", "allowlist"],
)
@pytest.mark.parametrize("actor_type", [ActorType.HUMAN, ActorType.OBSERVER_AGENT])
@pytest.mark.parametrize("stands", [False, True], ids=["new", "standing"])
def test_a_trial_and_a_submission_agree(
    api_of: ApiOf, told: dict[str, Any], actor_type: ActorType, stands: bool
) -> None:
    if stands:
        apply_connector(runtime_tool_document())
    api = api_of("amal", actor_type=actor_type.value)
    found = tried(api, told)
    made = api.post(CHANGES, told).json()
    assert made["problems"] == found["problems"]
    assert made["evidence_problems"] == found["evidence_problems"]
    assert made["judgement"] == found["judgement"]
    sent = api.post(f"{CHANGES}{made['id']}/submit/")
    assert (sent.status_code == 200) == found["ready"], (sent.content, found)
    if found["ready"]:
        told_by = sent.json()
        assert told_by["required_class"] == found["judgement"]["row"]["approval_class"]
        assert (told_by["state"] == "applied") == found["judgement"]["applies_at_once"]
        assert told_by["evidence_needed"] == found["evidence_needed"]
    elif sent.json()["type"].endswith(":no_change"):
        assert "no_change" in [one["code"] for one in found["problems"]]
    else:
        every = found["problems"] + found["evidence_problems"]
        assert {(one["path"], one["code"]) for one in sent.json()["errors"]} <= {(e["path"], e["code"]) for e in every}


def test_a_patch_is_tried_and_proposed_against_the_version_that_stands(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    told = {"kind": "runtime_tool", "key": "crm-lookup", "evidence": EVIDENCE, "base_version": 1,
            "patch": {"name": "Patched", "facets": {"retry": None}}}  # fmt: skip
    amal = api_of("amal")
    found = tried(amal, told)
    assert [one["path"] for one in found["problems"]] == ["facets.retry"]
    told["patch"] = {"name": "Patched", "runtime_tool": {"endpoint": "http://127.0.0.1:10/mcp"}}
    found = tried(amal, told)
    assert (found["ready"], found["base_version"]) == (True, 1)
    assert (found["judgement"]["rule"], found["judgement"]["row"]["who"]) == ("touches_endpoint", A2_WORDS)
    made = amal.post(CHANGES, told)
    assert made.status_code == 201, made.content
    wanted = runtime_tool_document(changes={"name": "Patched", "runtime_tool.endpoint": "http://127.0.0.1:10/mcp"})
    assert (made.json()["document"], made.json()["digest"]) == (wanted, found["digest"])
    apply_connector(runtime_tool_document(changes={"name": "Meanwhile"}), by="noor")
    for where in (CHANGES, VALIDATE):
        problem(amal.post(where, told), 409, "base_version")
        both = told | {"document": wanted}
        assert paths(problem(amal.post(where, both), 422, "invalid")) == ["patch"]
        problem(amal.post(where, told | {"key": "nothing"}), 404, "no_such_entry")


def test_what_cannot_be_tried_is_refused(api_of: ApiOf) -> None:
    amal = api_of("amal")
    assert paths(problem(amal.post(VALIDATE, {}), 422, "invalid")) == ["kind"]
    assert paths(problem(amal.post(VALIDATE, body(colour="red")), 422, "invalid")) == ["colour"]
    problem(amal.post(VALIDATE, body() | {"kind": "toaster"}), 404, "unknown_kind")
    problem(api_of("vera").post(VALIDATE, body()), 403, "role")
    problem(amal.post(VALIDATE, {"kind": "approval_policy", "document": baseline_document()}), 403, "role")
    problem(APIClient().post(VALIDATE, body()), 401, "not_authenticated")


@pytest.mark.parametrize(
    ("question", "rule", "row", "action"),
    [
        ({}, "reversibility_R0", "A0", "A"),
        ({"reversibility_class": "R2"}, "reversibility_R2", "A2", "B"),
        ({"sensitivity_class": "S1"}, "sensitivity_S1", "A1", "B"),
        ({"sensitivity_class": "S1", "read_only": True}, "reversibility_R0", "A0", "A"),
        ({"external_side_effect": True}, "external_side_effect", "A1", "B"),
        ({"touched": ["retention", "endpoint"]}, "touches_endpoint", "A2", "B"),
        ({"reversibility_class": "R3", "approval_class": "A1"}, "approval_below_minimum:reversibility_R3", "A3", "C"),
        ({"approval_class": "A3"}, "reversibility_R0", "A3", "B"),
    ],
)
def test_the_test_box_names_the_rule_the_row_and_who_must_sign(
    api_of: ApiOf, question: dict[str, Any], rule: str, row: str, action: str
) -> None:
    found = api_of("vera").post(TEST, question)
    assert found.status_code == 200, found.content
    told = found.json()
    assert (told["rule"], told["row"]["approval_class"], told["action_class"]) == (rule, row, action)
    words = {
        "A0": "nobody",
        "A1": "one signature by a lead or higher",
        "A2": A2_WORDS,
        "A3": "2 signatures, one of them by an executive",
    }
    assert told["row"]["who"] == words[row]
    assert told["applies_at_once"] == (row == "A0")


def test_the_test_box_asks_for_whom_and_knows_the_policy_in_force(api_of: ApiOf) -> None:
    vera = api_of("vera")
    for actor_type, row in (("executor_system", "A0"), ("observer_agent", "A1"), ("recommender_agent", "A1")):
        assert vera.post(TEST, {"actor_type": actor_type}).json()["row"]["approval_class"] == row
    document = put(baseline_document() | {"owner": "crm-team"}, "touched.retention", "A3")
    document["forbidden"] = [{"reversibility": "R3", "sensitivity": "S3"}]
    adam = actor("adam")
    change = services.propose(actor=adam, kind_name="approval_policy", key="", now=database_now(),
                              draft=Draft(document=document, evidence=EVIDENCE))  # fmt: skip
    change = services.submit(actor=adam, change_id=change.pk, now=database_now())
    assert approved(change, "omar", "khalid").state == "applied"
    told = vera.post(TEST, {"touched": ["retention"]}).json()
    assert (told["policy_version"], told["row"]["approval_class"], told["rule"]) == (1, "A3", "touches_retention")
    assert told["row"]["fresh_minutes"] == 15
    told = vera.post(TEST, {"reversibility_class": "R3", "sensitivity_class": "S3"}).json()
    assert (told["action_class"], told["rule"]) == ("C", "forbidden:R3_S3")


def test_a_question_that_makes_no_sense_is_refused_with_its_field(api_of: ApiOf) -> None:
    vera = api_of("vera")
    for wrong in ({"approval_class": "A4"}, {"read_only": "maybe"}, {"actor_type": "robot"}, {"colour": "red"}):
        assert paths(problem(vera.post(TEST, wrong), 422, "invalid")) == list(wrong)
    assert paths(problem(vera.post(TEST, {"touched": ["endpoint", "weather"]}), 422, "invalid")) == ["touched.1"]
    problem(APIClient().post(TEST, {}), 401, "not_authenticated")
    problem(vera.get(TEST), 405, "method_not_allowed")
