"""The inbox and deciding on several at once by API; the page shares both."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from connectors.models import Connector
from portal.changes.inbox import MOST_AT_ONCE, TABS
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from tests.api.problems import paths, problem
from tests.changes.deciding import classed, signed
from tests.people import team, user
from tests.registering import proposed, submitted

pytestmark = pytest.mark.django_db
CHANGES = "/api/v1/changes/"
ApiOf = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def everybody() -> None:
    for name in ("amal", "noor", "omar", "lina", "huda", "khalid"):
        user(name)
    team().members.add(user("noor"))


def a1(key: str, by: str = "amal") -> ChangeRequest:
    return submitted(classed("A1", "R0", key=key), by=by)


def listed(api: APIClient, tab: str) -> set[str]:
    return {one["key"] for one in api.get(f"{CHANGES}?inbox={tab}").json()["results"]}


def body(verb: str, *changes: ChangeRequest, **more: Any) -> dict[str, Any]:
    chosen = [{"change": change.human_id, "digest": change.digest} for change in changes]
    return {"verb": verb, "reason": "Looked at together.", "changes": chosen} | more


def test_each_tab_answers_what_the_page_shows(api_of: ApiOf, client_of: Callable[[str], Client]) -> None:
    waiting, own = a1("of-amal"), a1("of-omar", by="omar")
    proposed(classed("A1", "R0", key="draft"))
    signed(a1("decided"), "omar")
    expected = {
        "needs_you": {"of-amal"},
        "team": {"of-amal", "of-omar"},
        "review": {"of-amal", "of-omar"},
        "mine": {"of-omar"},
        "decided": {"decided"},
    }
    team().members.add(user("omar"))
    assert set(TABS) == set(expected)
    for tab, keys in expected.items():
        assert listed(api_of("omar"), tab) == keys, tab
        page = client_of("omar").get(f"/approvals/?tab={'' if tab == 'needs_you' else tab}").content.decode()
        assert {key for key in ("of-amal", "of-omar", "draft", "decided") if f">{key}</bdi>" in page} == keys, tab
    assert listed(api_of("amal"), "needs_you") == set()
    assert listed(api_of("amal"), "mine") == {"of-amal", "draft", "decided"}
    assert (waiting.key, own.key) == ("of-amal", "of-omar")


def test_an_unknown_tab_is_refused_with_the_known_ones(api_of: ApiOf) -> None:
    found = problem(api_of("omar").get(f"{CHANGES}?inbox=spam"), 422, "invalid")
    assert "needs_you" in found["errors"][0]["message"]


def test_due_and_overdue_are_found(api_of: ApiOf) -> None:
    late, soon, far = a1("late"), a1("soon"), a1("far")
    now = database_now()
    for change, hours in ((late, -1), (soon, 3), (far, 72)):
        ChangeRequest.objects.filter(pk=change.pk).update(sign_by=now + timedelta(hours=hours))
    api = api_of("omar")
    assert [one["key"] for one in api.get(f"{CHANGES}?due=overdue").json()["results"]] == ["late"]
    assert [one["key"] for one in api.get(f"{CHANGES}?due=soon").json()["results"]] == ["soon"]


def test_several_are_signed_at_once_and_ones_own_is_left_out_and_said_so(api_of: ApiOf) -> None:
    one, two, own = a1("one"), a1("two"), a1("own", by="omar")
    found = api_of("omar").post(f"{CHANGES}decide/", body("approve", one, two, own)).json()
    assert (found["decided"], found["left_out"]) == (2, 1)
    told = {line["change"]: line for line in found["changes"]}
    assert told[one.human_id] == {
        "change": one.human_id, "decided": True, "state": "applied", "rule": None, "message": None,
    }  # fmt: skip
    assert (told[own.human_id]["decided"], told[own.human_id]["rule"]) == (False, "four_eyes")
    assert "You requested this change" in told[own.human_id]["message"]
    assert set(Connector.objects.values_list("key", flat=True)) == {"one", "two"}


def test_each_is_bound_to_what_was_looked_at(api_of: ApiOf) -> None:
    one, two = a1("one"), a1("two")
    two.digest = "0" * 64
    found = api_of("omar").post(f"{CHANGES}decide/", body("reject", one, two)).json()
    assert [line["rule"] for line in found["changes"]] == [None, "digest"]
    assert ChangeRequest.objects.get(pk=two.pk).state == "in_review"


def test_differing_rows_are_refused_whole(api_of: ApiOf) -> None:
    one, two = a1("one"), submitted(classed("A2", "R2", key="two"))
    problem(api_of("omar").post(f"{CHANGES}decide/", body("approve", one, two)), 409, "differing_rows")
    assert ChangeRequest.objects.get(pk=one.pk).state == "in_review"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"verb": "emergency"}, "verb"),
        ({"reason": "  "}, "reason"),
        ({"changes": []}, "changes"),
        ({"changes": [{"change": "CHG-1", "digest": "0" * 64}] * (MOST_AT_ONCE + 1)}, "changes"),
        ({"changes": [{"change": "everything", "digest": "0" * 64}]}, "changes.0.change"),
        ({"changes": [{"change": "1", "digest": "x"}]}, "changes.0.digest"),
    ],
)
def test_a_wrong_body_is_refused_with_the_field(api_of: ApiOf, wrong: dict[str, Any], path: str) -> None:
    found = api_of("omar").post(f"{CHANGES}decide/", body("approve", a1("one")) | wrong)
    assert found.status_code == 422
    assert path in paths(found.json())


def test_a_repeat_under_one_key_decides_once_and_one_that_is_not_there_is_said_so(api_of: ApiOf) -> None:
    one, none = a1("one"), ChangeRequest(pk=10**9, digest="0" * 64)
    omar = api_of("omar")
    first = omar.post(f"{CHANGES}decide/", body("approve", one, none), headers={"Idempotency-Key": "k1"}).json()
    again = omar.post(f"{CHANGES}decide/", body("approve", one, none), headers={"Idempotency-Key": "k1"}).json()
    assert first == again
    assert [line["rule"] for line in first["changes"]] == [None, "no_such_change"]


@pytest.mark.parametrize("actor_type", ["observer_agent", "recommender_agent", "executor_system", "automated_workflow"])
def test_a_token_of_a_machine_decides_on_nothing(api_of: ApiOf, actor_type: str) -> None:
    one = a1("one")
    found = api_of("omar", actor_type).post(f"{CHANGES}decide/", body("approve", one)).json()
    assert (found["decided"], found["changes"][0]["rule"]) == (0, "role")
