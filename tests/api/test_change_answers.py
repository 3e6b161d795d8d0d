"""What the API tells of a change, how a draft is filled in, and how a change is watched."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from portal.changes import decisions, discussion, services
from portal.changes.models import ChangeRequest, Proposal
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.api.problems import paths, problem
from tests.documents import runtime_tool_document, without
from tests.people import actor, team
from tests.registering import EVIDENCE, apply_connector, approved, proposed, submitted

pytestmark = pytest.mark.django_db
CHANGES = "/api/v1/changes/"
HOOK = "facets.approval_policy_hook"
ApiOf = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def _crm_team() -> None:
    team("crm-team")


def a2(key: str = "crm-lookup") -> dict[str, Any]:
    return runtime_tool_document(key, {f"{HOOK}.approval_class": "A2", f"{HOOK}.reversibility_class": "R2"})


def body(**more: Any) -> dict[str, Any]:
    return {"kind": "runtime_tool", "document": runtime_tool_document(), "evidence": EVIDENCE} | more


def test_a_draft_says_what_its_evidence_lacks_and_what_the_policy_will_ask(api_of: ApiOf) -> None:
    amal = api_of("amal")
    unfinished = {"sources": [], "assumptions": "", "links": [{"title": "Run", "url": "ftp://x"}]}
    made = amal.post(CHANGES, body(evidence=unfinished)).json()
    assert made["problems"] == []
    told = {one["path"]: one["code"] for one in made["evidence_problems"]}
    assert told == {
        "evidence.sources": "min_length",
        "evidence.assumptions": "blank",
        "evidence.freshness": "required",
        "evidence.compliance_notes": "required",
        "evidence.alternatives": "required",
        "evidence.rollback": "required",
        "evidence.links.0.url": "url",
    }
    assert (made["evidence_needed"], made["judgement"]["row"]["approval_class"]) == (True, "A1")
    assert made["judgement"]["row"]["who"] == "one signature by a lead or higher"
    refused = problem(amal.post(f"{CHANGES}{made['id']}/submit/"), 422, "evidence")
    assert sorted(paths(refused)) == sorted(told)
    filled = amal.patch(f"{CHANGES}{made['id']}/", {"evidence": EVIDENCE}).json()
    assert filled["evidence_problems"] == []
    assert filled["evidence"] == EVIDENCE
    sent = amal.post(f"{CHANGES}{made['id']}/submit/").json()
    assert (sent["state"], sent["problems"], sent["evidence_problems"], sent["judgement"]) == (
        "in_review", None, None, None,
    )  # fmt: skip


def test_a_draft_with_an_unsound_document_is_not_judged_yet(api_of: ApiOf) -> None:
    wrong = without(runtime_tool_document(), "facets.retry")
    made = api_of("amal").post(CHANGES, body(document=wrong)).json()
    assert [one["path"] for one in made["problems"]] == ["facets.retry"]
    assert (made["judgement"], made["evidence_needed"], made["evidence_problems"]) == (None, None, [])


@pytest.mark.parametrize(
    ("evidence", "path"),
    [
        ("none", "evidence"),
        ({"colour": "red"}, "evidence.colour"),
        ({"sources": "one"}, "evidence.sources"),
        ({"sources": [{}]}, "evidence.sources.0"),
        ({"assumptions": ["x"]}, "evidence.assumptions"),
        ({"links": [{"href": "x"}]}, "evidence.links.0.href"),
        ({"attachments": [1]}, "evidence.attachments.0"),
        ({"attachments": [{"name": "x"}] * 11}, "evidence.attachments"),
        ({"rollback": "x" * 5001}, "evidence.rollback"),
    ],
)
def test_evidence_of_another_shape_is_not_saved(api_of: ApiOf, evidence: Any, path: str) -> None:
    found = paths(problem(api_of("amal").post(CHANGES, body(evidence=evidence)), 422, "invalid"))
    assert found[0].startswith(path), found
    assert not ChangeRequest.objects.exists()


def test_the_window_is_told_with_its_zone_and_taken_away_by_null(api_of: ApiOf) -> None:
    amal = api_of("amal")
    made = amal.post(CHANGES, body(apply_after="2030-01-02T03:00:00+03:00", apply_before="2030-01-03T00:00:00Z")).json()
    address = f"{CHANGES}{made['id']}/"
    after, before = datetime(2030, 1, 2, tzinfo=UTC), datetime(2030, 1, 3, tzinfo=UTC)

    def window(answer: dict[str, Any]) -> list[datetime | None]:
        return [answer[name] and datetime.fromisoformat(answer[name]) for name in ("apply_after", "apply_before")]

    assert window(made) == [after, before]
    assert window(amal.patch(address, {"summary": "Kept"}).json()) == [after, before]
    assert window(amal.patch(address, {"apply_after": None}).json()) == [None, before]
    moved = amal.patch(address, {"apply_after": "2030-01-02T00:00:00Z", "apply_before": None}).json()
    assert window(moved) == [after, None]
    assert window(amal.patch(address, {"apply_after": None, "apply_before": None}).json()) == [None, None]
    for name in ("apply_after", "apply_before"):
        refused = problem(amal.patch(address, {name: "2030-01-02T03:00:00"}), 422, "invalid")
        assert paths(refused) == [name]
        assert "zone" in refused["detail"]
        assert paths(problem(amal.patch(address, {name: "soon"}), 422, "invalid")) == [name]
    closed = {"apply_after": "2030-01-02T00:00:00Z", "apply_before": "2030-01-01T00:00:00Z"}
    assert paths(problem(amal.patch(address, closed), 422, "window")) == ["apply_before"]


def test_the_same_instant_in_another_zone_voids_nothing(api_of: ApiOf) -> None:
    later = datetime(2030, 1, 2, tzinfo=UTC)
    change = approved(submitted(a2(), apply_after=later), "omar")
    told = api_of("amal").patch(f"{CHANGES}{change.pk}/", {"apply_after": "2030-01-02T03:00:00+03:00"}).json()
    assert (told["proposal"], len(told["signatures"])) == (1, 1)
    earlier = api_of("amal").patch(f"{CHANGES}{change.pk}/", {"apply_after": "2030-01-02T02:00:00+03:00"}).json()
    assert (earlier["proposal"], earlier["signatures"]) == (2, [])


def test_a_change_in_review_tells_its_row_its_decisions_and_its_clocks(api_of: ApiOf) -> None:
    change = submitted(a2())
    amended = runtime_tool_document(changes={f"{HOOK}.approval_class": "A2", f"{HOOK}.reversibility_class": "R2",
                                             "description": "Narrower."})  # fmt: skip
    decisions.edit(actor=actor("lina"), change_id=change.pk, digest=change.digest, draft=Draft(document=amended),
                   reason="Too wide.", now=database_now())  # fmt: skip
    change.refresh_from_db()
    change = approved(change, "omar")
    told = api_of("vera").get(f"{CHANGES}{change.human_id}/").json()
    assert told["row"] == {
        "approval_class": "A2",
        "signatures": 2,
        "one_of_them": "head",
        "fresh_minutes": 0,
        "sla_minutes": 48 * 60,
        "expires_days": 30,
        "who": "2 signatures, one of them by a function head or higher",
    }
    assert told["signatures_needed"] == "one signature by a function head or higher"
    assert [one["by"] for one in told["signatures"]] == ["omar"]
    assert [
        (one["by"], one["verdict"], one["proposal"], one["reason"], one["current"]) for one in told["decisions"]
    ] == [
        ("lina", "edit", 1, "Too wide.", False),
        ("omar", "approve", 2, None, True),
    ]
    assert (told["author"], told["co_authors"]) == ("amal", ["lina"])
    submitted_at = datetime.fromisoformat(told["submitted_at"])
    assert datetime.fromisoformat(told["sign_by"]) - submitted_at == timedelta(hours=48)
    assert datetime.fromisoformat(told["expires_at"]) - submitted_at == timedelta(days=30)
    assert (told["conflict"], told["held_back"], told["emergency"], told["policy_version"]) == (False, None, False, 0)
    (line,) = api_of("vera").get(CHANGES).json()["results"]
    assert line == {name: told[name] for name in line}


def test_a_change_whose_object_moved_on_says_so(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    old = submitted(runtime_tool_document(changes={"name": "Old"}))
    address = f"{CHANGES}{old.pk}/"
    assert api_of("vera").get(address).json()["conflict"] is False
    apply_connector(runtime_tool_document(changes={"name": "New"}), by="noor")
    assert api_of("vera").get(address).json()["conflict"] is True
    services.withdraw(actor=actor("amal"), change_id=old.pk, now=database_now())
    assert api_of("vera").get(address).json()["conflict"] is False


def test_a_change_is_watched_by_its_etag_whatever_happens_to_it(api_of: ApiOf) -> None:
    vera = api_of("vera")
    apply_connector(runtime_tool_document())
    change = submitted(runtime_tool_document(changes={"name": "Next"}), approval_class="A2")
    address = f"{CHANGES}{change.pk}/"
    seen = vera.get(address)["ETag"]
    assert seen.startswith(f'"{change.digest}')

    def has_news() -> bool:
        nonlocal seen
        answer = vera.get(address, headers={"If-None-Match": f'"other", {seen}'})
        assert answer.status_code in (200, 304)
        assert (answer.status_code == 304) == (answer.content == b"") == (answer["ETag"] == seen)
        seen = answer["ETag"]
        return bool(answer.status_code == 200)

    assert not has_news()
    discussion.comment(actor=actor("noor"), change_id=change.pk, text="Why?", now=database_now())
    assert has_news()
    signed = approved(change, "omar")
    assert has_news()
    person = actor("omar").user
    assert person is not None
    person.roles = ["engineer"]
    person.save()
    assert has_news()
    assert vera.get(address).json()["signatures"] == []
    person.roles = ["lead"]
    person.save()
    assert has_news()
    assert not has_news()
    apply_connector(runtime_tool_document(changes={"name": "Meanwhile"}), by="noor")
    assert has_news()
    assert vera.get(address).json()["conflict"] is True
    services.withdraw(actor=actor("amal"), change_id=signed.pk, now=database_now())
    assert has_news()
    assert not has_news()


def test_the_etag_that_was_seen_is_what_a_decision_is_bound_to(api_of: ApiOf) -> None:
    change = submitted(runtime_tool_document())
    address = f"{CHANGES}{change.pk}/"
    tag = api_of("omar").get(address)["ETag"]
    services.edit(actor=actor("amal"), change_id=change.pk, now=database_now(),
                  draft=Draft(document=runtime_tool_document(changes={"name": "Other"})))  # fmt: skip
    problem(api_of("omar").post(f"{address}approve/", headers={"If-Match": tag}), 409, "digest")
    tag = api_of("omar").get(address)["ETag"]
    done = api_of("omar").post(f"{address}approve/", headers={"If-Match": tag})
    assert (done.status_code, done.json()["state"]) == (200, "applied")


def test_looking_costs_few_queries_however_much_has_happened(api_of: ApiOf) -> None:
    change = submitted(a2())
    vera = api_of("vera")
    counts = []
    for more in (0, 6):
        for number in range(more):
            discussion.comment(actor=actor("noor"), change_id=change.pk, text=f"{number}", now=database_now())
            document = a2() | {"description": f"Purpose {number}."}
            services.edit(actor=actor("amal"), change_id=change.pk, draft=Draft(document=document), now=database_now())
            change.refresh_from_db()
            approved(change, "omar")
        vera.get(f"{CHANGES}{change.pk}/")
        with CaptureQueriesContext(connection) as queries:
            vera.get(f"{CHANGES}{change.pk}/")
        counts.append(len(queries))
    assert Proposal.objects.count() == 7
    assert counts[0] == counts[1] <= 9, counts


def test_the_changes_of_a_set_and_what_a_change_replaces_are_told(api_of: ApiOf) -> None:
    first, second = proposed(runtime_tool_document("one")), proposed(runtime_tool_document("two"))
    proposed(runtime_tool_document("three"))
    tied = api_of("amal").post(f"{CHANGES}tie/", {"changes": [first.human_id, second.pk], "summary": "Both"})
    assert tied.status_code == 201, tied.content
    told = tied.json()
    assert ([one["id"] for one in told["changes"]], told["summary"]) == ([first.pk, second.pk], "Both")
    listed = api_of("vera").get(tied["Location"]).json()["results"]
    assert [(one["id"], one["change_set"]) for one in listed] == [
        (second.pk, told["human_id"]), (first.pk, told["human_id"]),
    ]  # fmt: skip
    assert api_of("vera").get(f"{CHANGES}?change_set=nonsense").json()["results"] == []
