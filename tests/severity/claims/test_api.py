"""Claims over HTTP, as a watcher, a person and somebody hostile send them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.roles import ActorType
from severity.models import Claim, Incident
from severity.rules import Level
from tests.people import machine
from tests.severity.claims.world import CONTRADICTED, SUPPORTED, body, corrected, reported

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
CLAIMS = "/api/v1/claims/"


def test_a_claim_is_reported_told_again_and_corrected(api_of: Api) -> None:
    api = api_of(machine("watcher", actor_type=ActorType.OBSERVER_AGENT), "observer_agent")
    sent = body(about={"kind": "contact", "key": "C-1"}, reversibility="R2")
    made = api.post(CLAIMS, sent)
    assert made.status_code == 201, made.content
    told = made.json()
    claim = Claim.objects.get()
    assert made["Location"] == f"/api/v1/claims/{claim.pk}/"
    assert told["reference"] == "c-1"
    assert told["about"] == {"kind": "contact", "key": "C-1"}
    assert told["evidence"] == CONTRADICTED
    assert (told["verdict"], told["reversibility"], told["incident"]) == (
        "contradicted", "R2", Incident.objects.get().human_id,
    )  # fmt: skip
    assert [one["by"] for one in told["events"]] == ["watcher"]
    again = api.post(CLAIMS, sent)
    assert (again.status_code, again.json()) == (200, told)
    assert api.post(CLAIMS, sent | {"statement": "Other."}).status_code == 409
    better = {"verdict": "verified", "evidence": SUPPORTED}
    assert api.post(f"{CLAIMS}{claim.pk}/correct/", better).status_code == 403
    answer = api_of("omar").post(f"{CLAIMS}CLM-{claim.pk}/correct/", better)
    assert answer.status_code == 200
    assert [one["verdict"] for one in answer.json()["events"]] == ["contradicted", "verified"]
    assert api_of("vera").get(f"{CLAIMS}{claim.pk}/").json() == answer.json()
    assert Incident.objects.get().level == Level.V3


def test_a_list_under_each_filter(api_of: Api) -> None:
    bad, good = reported(reversibility="R3"), reported("verified", reference="c-2")
    api = api_of("vera")

    def found(**asked: Any) -> list[str]:
        answer = api.get(CLAIMS, asked)
        assert answer.status_code == 200, answer.content
        return [one["human_id"] for one in answer.json()["results"]]

    both = [good.human_id, bad.human_id]
    assert found() == both
    assert found(backlog="true") == found(verdict="contradicted") == found(reversibility="R3") == [bad.human_id]
    assert found(backlog="false") == found(q=good.human_id) == found(q="c-2") == [good.human_id]
    assert found(q="CONTACT was") == found(owner="crm-team") == both
    assert found(ordering="reversibility") == [good.human_id, bad.human_id]
    assert found(connector="none") == []
    assert api.get(CLAIMS, {"verdict": "sure"}).status_code == 422
    assert api.get(CLAIMS, {"nonsense": "1"}).status_code == 422


NESTED: Any = []
for _ in range(200):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    "change",
    [
        {"statement": "a\x00b"}, {"statement": ""}, {"statement": "x" * 2001}, {"statement": NESTED},
        {"statement": "\ud800"}, {"claimed_by": "a\nb"}, {"evidence": NESTED}, {"evidence": {}}, {"evidence": None},
        {"evidence": [CONTRADICTED[0] | {"note": "x" * 1001}]}, {"evidence": CONTRADICTED * 51}, {"verdict": None},
        {"evidence": [CONTRADICTED[0] | {"reference": "https://a:secret1@host/"}]}, {"evidence": [None]},
        {"evidence": [CONTRADICTED[0] | {"reference": "a\x00b"}]}, {"reversibility": 2}, {"owner": "no\x00"},
        {"connector": "../x"}, {"about": []}, {"about": {"kind": "contact"}}, {"reference": "x" * 101}, {"more": 1},
        {"evidence": [CONTRADICTED[0] | {"says": "supports", "more": {}}]}, {"actor_type": "robot"}, {"owner": 1e400},
    ],
)  # fmt: skip
def test_hostile_input_is_refused_and_keeps_nothing(api_of: Api, change: dict[str, Any]) -> None:
    sent = json.dumps(body() | change)
    answer = api_of("amal").post(CLAIMS, sent, content_type="application/json")
    assert answer.status_code in (400, 422), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert b"secret1" not in answer.content
    assert not Claim.objects.exists()


@pytest.mark.parametrize("sent", ["", "[]", "null", "{", '{"verdict": 1}', "[" * 100_000, '"x"'])
def test_what_is_no_verdict_corrects_nothing(api_of: Api, sent: str) -> None:
    claim = reported()
    answer = api_of("omar").post(f"{CLAIMS}{claim.pk}/correct/", sent, content_type="application/json")
    assert answer.status_code in (400, 422), answer.content
    assert claim.events.count() == 1


def test_most_that_may_be_sent_is_taken(api_of: Api) -> None:
    piece = {"kind": "document", "reference": "r" * 400, "says": "contradicts", "note": "نص" * 500}
    answer = api_of("amal").post(CLAIMS, body(statement="س" * 2000, note="n" * 2000, evidence=[piece] * 50))
    assert answer.status_code == 201, answer.content
    assert len(answer.json()["evidence"]) == 50
    assert len(Incident.objects.get().title) == 300


@pytest.mark.parametrize("pk", ["0", "CLM-999999", "INC-1", "9" * 40, "-1", "²"])
def test_what_is_no_claim_is_missing(api_of: Api, pk: str) -> None:
    api = api_of("omar")
    assert api.get(f"{CLAIMS}{pk}/").status_code == 404
    assert api.post(f"{CLAIMS}{pk}/correct/", {"verdict": "unverified"}).status_code == 404


def test_who_may_not_report_is_refused(api_of: Api) -> None:
    claim = reported()
    assert api_of("vera").post(CLAIMS, body(reference="c-9")).status_code == 403
    assert api_of("vera").post(f"{CLAIMS}{claim.pk}/correct/", {"verdict": "unverified"}).status_code == 403
    assert APIClient().get(CLAIMS).status_code == 401
    assert corrected(claim, "unverified").events.count() == 2
