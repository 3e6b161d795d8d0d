"""Deciding by API: amendments, emergencies and their review, and what a token may never do."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from connectors.models import Connector
from portal.audit.models import AuditLine
from portal.changes.models import ChangeRequest, Decision, Proposal
from portal.people.models import User
from portal.people.requests import SIGNED_IN_AT
from portal.roles import ActorType
from tests.api.problems import paths, problem
from tests.documents import runtime_tool_document, without
from tests.people import machine, team
from tests.registering import EVIDENCE, apply_connector, approved, submitted

pytestmark = pytest.mark.django_db
CHANGES = "/api/v1/changes/"
HOOK = "facets.approval_policy_hook"
ApiOf = Callable[..., APIClient]
ClientOf = Callable[[str | User], Client]
A0 = {f"{HOOK}.approval_class": "A0", f"{HOOK}.sensitivity_class": "S0"}
A2 = {f"{HOOK}.approval_class": "A2", f"{HOOK}.reversibility_class": "R2"}
A3 = {f"{HOOK}.approval_class": "A3", f"{HOOK}.reversibility_class": "R3"}


@pytest.fixture(autouse=True)
def _crm_team() -> None:
    team("crm-team")


def address(change: ChangeRequest, verb: str = "") -> str:
    return f"{CHANGES}{change.pk}/{verb}/" if verb else f"{CHANGES}{change.pk}/"


def post(client: Client, where: str, body: dict[str, Any]) -> Any:
    """As a signed-in browser does."""
    return client.post(where, body, content_type="application/json")


def test_an_approver_amends_and_others_sign_what_they_made_of_it(api_of: ApiOf) -> None:
    change = approved(submitted(runtime_tool_document(changes=A2)), "omar")
    narrower = runtime_tool_document(changes=A2 | {"runtime_tool.allowlist": []})
    told = {"digest": change.digest, "reason": "Nobody calls it yet.", "document": narrower}
    lina = api_of("lina")
    done = lina.post(address(change, "edit"), told)
    assert done.status_code == 200, done.content
    answer = done.json()
    assert (answer["state"], answer["proposal"], answer["signatures"]) == ("in_review", 2, [])
    assert (answer["author"], answer["co_authors"], answer["document"]) == ("amal", ["lina"], narrower)
    assert [p.document["runtime_tool"]["allowlist"] == [] for p in Proposal.objects.order_by("number")] == [False, True]
    problem(lina.post(address(change, "approve"), {"digest": answer["digest"]}), 403, "four_eyes")
    problem(api_of("huda").post(address(change, "approve"), {"digest": change.digest}), 409, "digest")
    for name in ("omar", "huda"):
        done = api_of(name).post(address(change, "approve"), {"digest": answer["digest"]})
        assert done.status_code == 200, done.content
    assert Connector.objects.get().document == narrower
    assert AuditLine.objects.get(action="change.amend").detail == "Nobody calls it yet."


def test_what_is_wrong_with_an_amendment_is_told_with_its_path(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document())
    where, told = address(change, "edit"), {"digest": change.digest}
    lina = api_of("lina")
    narrower = {"document": runtime_tool_document(changes={"description": "Narrower."})}
    problem(api_of("amal").post(where, told | narrower), 403, "four_eyes")
    problem(api_of("noor").post(where, told | narrower), 403, "role")
    problem(lina.post(where, told), 422, "no_change")
    assert paths(problem(lina.post(where, narrower), 422, "digest_needed")) == ["digest"]
    problem(lina.post(where, narrower | {"digest": "0" * 64}), 409, "digest")
    assert paths(problem(lina.post(where, narrower | {"digest": "short"}), 422, "invalid")) == ["digest"]
    assert paths(problem(lina.post(where, told | {"colour": "red"}), 422, "invalid")) == ["colour"]
    unsound = {"document": without(runtime_tool_document(), "facets.retry")}
    assert paths(problem(lina.post(where, told | unsound), 422, "incomplete")) == ["facets.retry"]
    thinner = {"evidence": {name: value for name, value in EVIDENCE.items() if name != "rollback"}}
    assert paths(problem(lina.post(where, told | thinner), 422, "evidence")) == ["evidence.rollback"]
    change.refresh_from_db()
    assert (change.proposal_number, Decision.objects.count()) == (1, 0)
    problem(lina.post(f"{CHANGES}999/edit/", told | narrower), 404, "no_such_change")


def test_an_emergency_is_applied_by_one_executive_and_reviewed_by_two_others(
    api_of: ApiOf, client_of: ClientOf
) -> None:
    change = submitted(runtime_tool_document(changes=A3))
    where, told = address(change, "emergency"), {"digest": change.digest, "reason": "The CRM leaks."}
    problem(api_of("huda").post(where, told), 403, "role")
    khalid = client_of("khalid")
    assert paths(problem(post(khalid, where, {"digest": change.digest}), 422, "reason")) == ["reason"]
    assert paths(problem(post(khalid, where, {"reason": "Now."}), 422, "digest_needed")) == ["digest"]
    problem(post(khalid, where, told | {"digest": "0" * 64}), 409, "digest")
    assert not Connector.objects.exists()
    done = post(khalid, where, told)
    assert done.status_code == 200, done.content
    answer = done.json()
    assert (answer["state"], answer["emergency"], answer["emergency_reason"], answer["reviewed_at"]) == (
        "applied", True, "The CRM leaks.", None,
    )  # fmt: skip
    problem(post(khalid, where, told), 409, "state")
    review, looked = address(change, "review"), {"digest": change.digest}
    problem(api_of("amal").post(review, looked), 403, "four_eyes")
    problem(api_of("noor").post(review, looked), 403, "role")
    problem(post(khalid, review, looked), 409, "decided_already")
    assert paths(problem(api_of("omar").post(review, {}), 422, "digest_needed")) == ["digest"]
    first = api_of("omar").post(review, looked | {"reason": "It was right."}).json()
    assert first["reviewed_at"] is None
    problem(api_of("omar").post(review, looked), 409, "decided_already")
    last = api_of("lina").post(review, looked).json()
    assert last["reviewed_at"] is not None
    assert [(one["by"], one["verdict"]) for one in last["decisions"]] == [
        ("khalid", "approve"), ("omar", "review"), ("lina", "review"),
    ]  # fmt: skip


def test_an_ordinary_change_is_not_reviewed(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document())
    assert api_of("omar").post(address(change, "review"), {"digest": change.digest}).status_code == 409
    approved(change, "omar")
    assert api_of("lina").post(address(change, "review"), {"digest": change.digest}).status_code == 409
    assert not Decision.objects.filter(verdict="review").exists()


def test_no_token_signs_what_asks_for_a_fresh_sign_in(api_of: ApiOf, client_of: ClientOf) -> None:
    change = submitted(runtime_tool_document(changes=A3))
    told = {"digest": change.digest, "reason": "Now."}
    for verb in ("approve", "emergency"):
        refused = problem(api_of("khalid").post(address(change, verb), told), 403, "fresh_sign_in")
        assert "Sign in again" in refused["detail"]
    problem(api_of("omar").post(address(change, "approve"), told), 403, "fresh_sign_in")
    stale = client_of("omar")
    session = stale.session
    session[SIGNED_IN_AT] -= 16 * 60
    session.save()
    problem(post(stale, address(change, "approve"), told), 403, "fresh_sign_in")
    assert not Decision.objects.exists()
    states = []
    for name in ("omar", "khalid"):
        answer = post(client_of(name), address(change, "approve"), told)
        assert answer.status_code == 200, answer.content
        states.append(answer.json()["state"])
    assert states == ["in_review", "applied"]


def test_a_token_may_sign_what_asks_for_no_fresh_sign_in(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document(changes=A2))
    for name in ("omar", "huda"):
        assert api_of(name).post(address(change, "approve"), {"digest": change.digest}).status_code == 200
    assert Connector.objects.get().version == 1


@pytest.mark.parametrize("actor_type", [one for one in ActorType if one is not ActorType.HUMAN])
@pytest.mark.parametrize("verb", ["approve", "edit", "reject", "emergency", "review"])
def test_only_humans_decide(api_of: ApiOf, actor_type: ActorType, verb: str) -> None:
    change = submitted(runtime_tool_document())
    if verb == "review":
        ChangeRequest.objects.filter(pk=change.pk).update(emergency=True, emergency_reason="Now.")
        change = approved(change, "omar")
    body: dict[str, Any] = {"digest": change.digest, "reason": "Because."}
    if verb == "edit":
        body["document"] = runtime_tool_document(changes={"description": "Other."})
    before = Decision.objects.count()
    problem(api_of("khalid", actor_type=actor_type.value).post(address(change, verb), body), 403, "role")
    robot = machine("robot", accountable="huda", actor_type=actor_type)
    robot.roles = ["executive"]
    robot.save()
    problem(api_of(robot).post(address(change, verb), body), 403, "role")
    assert Decision.objects.count() == before


@pytest.mark.parametrize(
    ("actor_type", "state"),
    [
        (ActorType.HUMAN, "applied"),
        (ActorType.OBSERVER_AGENT, "in_review"),
        (ActorType.RECOMMENDER_AGENT, "in_review"),
        (ActorType.EXECUTOR_SYSTEM, "applied"),
        (ActorType.AUTOMATED_WORKFLOW, "applied"),
    ],
)
def test_observers_and_recommenders_propose_and_executors_commit_class_a_alone(
    api_of: ApiOf, actor_type: ActorType, state: str
) -> None:
    api = api_of("amal", actor_type=actor_type.value)

    def sent(document: dict[str, Any]) -> dict[str, Any]:
        made = api.post(CHANGES, {"kind": "runtime_tool", "document": document, "evidence": EVIDENCE})
        assert made.status_code == 201, made.content
        answer = api.post(f"{CHANGES}{made.json()['id']}/submit/")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    class_a, class_b = sent(runtime_tool_document("class-a", A0)), sent(runtime_tool_document("class-b"))
    assert (class_a["state"], class_a["actor_type"]) == (state, actor_type)
    assert class_a["action_class"] == ("A" if state == "applied" else "B")
    assert class_a["required_class"] == ("A0" if state == "applied" else "A1")
    assert (class_b["state"], class_b["required_class"], class_b["action_class"]) == ("in_review", "A1", "B")
    assert Connector.objects.filter(key="class-b").count() == 0
    assert Connector.objects.filter(key="class-a").count() == (state == "applied")


def test_the_human_who_answers_for_a_machine_does_not_sign_what_it_proposed(api_of: ApiOf) -> None:
    robot = machine("robot", accountable="omar")
    made = api_of(robot).post(
        CHANGES, {"kind": "runtime_tool", "document": runtime_tool_document(), "evidence": EVIDENCE}
    ).json()  # fmt: skip
    sent = api_of(robot).post(f"{CHANGES}{made['id']}/submit/").json()
    told = {"digest": sent["digest"], "reason": "Fine."}
    for verb in ("approve", "reject", "edit"):
        problem(api_of("omar").post(f"{CHANGES}{made['id']}/{verb}/", told), 403, "four_eyes")
    assert api_of("lina").post(f"{CHANGES}{made['id']}/approve/", told).json()["state"] == "applied"


def test_a_repeated_amendment_and_emergency_give_their_first_answer(api_of: ApiOf, client_of: ClientOf) -> None:
    apply_connector(runtime_tool_document())
    change = submitted(runtime_tool_document(changes={"name": "Next"}))
    told = {"digest": change.digest, "document": runtime_tool_document(changes={"name": "Better"})}
    lina, key = api_of("lina"), {"Idempotency-Key": "amend"}
    answers = [lina.post(address(change, "edit"), told, headers=key) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (answers[0].content, answers[0]["ETag"]) == (answers[1].content, answers[1]["ETag"])
    assert Decision.objects.filter(verdict="edit").count() == 1
    khalid = client_of("khalid")
    body = {"digest": answers[0].json()["digest"], "reason": "Now."}
    where = address(change, "emergency")
    done = [khalid.post(where, body, content_type="application/json", headers={"Idempotency-Key": "now"})
            for _time in range(2)]  # fmt: skip
    assert [answer.status_code for answer in done] == [200, 200]
    assert Connector.objects.get().version == 2
