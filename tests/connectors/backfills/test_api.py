"""Backfills by API: planned as a change, worked by machines, verified by people; drills."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from connectors.models import Backfill, Drill
from tests.connectors.backfills.world import backfill, backfill_document, job, loaded, sync
from tests.documents import data_movement_document
from tests.people import machine
from tests.registering import EVIDENCE, apply_connector

pytestmark = pytest.mark.django_db
BACKFILLS = "/api/v1/backfills/"
JOB = f"{BACKFILLS}crm-november/"
DRILLS = "/api/v1/syncs/crm-warehouse/drills/"
ApiOf = Callable[..., APIClient]


def post(api: APIClient, address: str, status: int = 200, **body: Any) -> Any:
    answer = api.post(address, body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_from_a_plan_to_a_verified_backfill(api_of: ApiOf) -> None:
    sync()
    amal, loader = api_of("amal"), api_of(machine("loader"), "executor_system")
    change = post(amal, "/api/v1/changes/", 201, kind="backfill", document=backfill_document(), evidence=EVIDENCE)
    number = change["id"]
    sent = post(amal, f"/api/v1/changes/{number}/submit/")
    assert sent["required_class"] == "A1"
    post(api_of("omar"), f"/api/v1/changes/{number}/approve/", digest=sent["digest"])
    listed = amal.get(BACKFILLS, {"sync": "crm-warehouse", "job": "ready"}).json()["results"]
    assert [(one["id"], one["sync"]) for one in listed] == [(Backfill.objects.get().human_id, "crm-warehouse")]
    while (told := post(loader, f"{JOB}claim/", worker="w1"))["partition"] is not None:
        part = told["partition"]
        address = f"{JOB}partitions/{part['number']}/"
        post(loader, address, worker="w1", lease=part["lease"], state="running", rows=1)
        done = post(loader, address, worker="w1", lease=part["lease"], state="done", rows=25)
        assert (done["state"], done["rows"]) == ("done", 25)
    assert (told["job"], told["again_seconds"]) == ("verifying", None)
    answer = amal.get(f"{JOB}job/").json()
    assert (answer["state"], answer["rows"], answer["partitions"]["done"]) == ("verifying", 100, 4)
    refused = post(loader, f"{JOB}verify/", 403, verification="Row counts of both sides agree.")
    assert refused["type"].endswith("only_humans")
    done = post(amal, f"{JOB}verify/", verification="Row counts of both sides agree.")
    assert (done["state"], done["verified_by"]) == ("done", "amal")
    assert len(amal.get(f"{JOB}partitions/", {"limit": 3}).json()["results"]) == 3
    assert amal.get(f"{JOB}log/").json()["results"][0]["text"] == "Verified: Row counts of both sides agree."


def test_streams_are_told_with_each_part(api_of: ApiOf) -> None:
    backfill(streams=["accounts"])
    told = post(api_of("yusuf"), f"{JOB}claim/", worker="w1")
    assert (told["streams"], told["partition"]["since"]) == (["accounts"], "2026-10-31T21:00:00+00:00")


def test_people_pause_resume_cancel_and_retry(api_of: ApiOf) -> None:
    backfill()
    amal = api_of("amal")
    assert post(amal, f"{JOB}pause/", reason="Month end.")["state"] == "paused"
    assert post(amal, f"{JOB}resume/")["state"] == "ready"
    loaded()
    assert post(amal, f"{JOB}retry/", reason="Short.", partitions=[2])["partitions"]["pending"] == 1
    assert post(amal, f"{JOB}cancel/", reason="Enough.")["state"] == "cancelled"
    post(amal, f"{JOB}pause/", 409, reason="Late.")
    assert job().state == "cancelled"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("claim/", {}, 422), ("claim/", {"worker": ""}, 422), ("claim/", {"worker": "w", "lease_seconds": 1}, 422),
        ("claim/", {"worker": "w", "lease_seconds": 10**9}, 422), ("claim/", {"worker": "w" * 151}, 422),
        ("partitions/1/", {"worker": "w", "lease": 1, "state": "pending"}, 422),
        ("partitions/1/", {"worker": "w", "lease": 1, "state": "done", "rows": -1}, 422),
        ("partitions/1/", {"worker": "w", "lease": 2**70, "state": "done"}, 422),
        ("partitions/1/", {"worker": "w", "lease": 1, "state": "done"}, 409),
        ("partitions/99999999999999999999/", {"worker": "w", "lease": 1, "state": "done"}, 404),
        ("pause/", {"reason": ""}, 422), ("retry/", {"reason": "x", "partitions": [0]}, 422),
        ("verify/", {"verification": "Good"}, 422),
        ("verify/", {"verification": "Row counts agree."}, 409), ("resume/", {}, 200), ("nothing/", {}, 404),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(api_of: ApiOf, path: str, body: dict[str, Any], status: int) -> None:
    backfill()
    assert api_of("amal").post(JOB + path, body, format="json").status_code == status


def test_a_backfill_that_there_is_not(api_of: ApiOf) -> None:
    amal = api_of("amal")
    for part in ("job", "log", "partitions"):
        assert amal.get(f"{BACKFILLS}nothing/{part}/").status_code == 404
    assert amal.post(f"{BACKFILLS}{'x' * 200}/claim/", {"worker": "w"}).status_code == 404
    assert api_of("vera").post(f"{BACKFILLS}nothing/claim/", {"worker": "w"}).status_code == 403


def test_a_drill_is_recorded_against_the_runbook_of_today(api_of: ApiOf) -> None:
    connector, loader = sync(), api_of(machine("chaos"), "automated_workflow")
    steps = [{"number": number, "done": True} for number in range(1, 5)]
    made = post(loader, DRILLS, 201, passed=True, minutes=35, steps=steps, note="Smooth.")
    assert (made["sync"], made["version"], len(made["steps"]), made["recorded_by"]) == ("crm-warehouse", 1, 4, "chaos")
    again = post(loader, f"/api/v1/syncs/{connector.human_id}/drills/", 201, passed=False, steps=steps[:1])
    assert [one["done"] for one in again["steps"]] == [True, False, False, False]
    found = api_of("vera").get(DRILLS).json()["results"]
    assert [one["passed"] for one in found] == [False, True]
    newer = {"data_movement.backfill_runbook.steps": ["Do it otherwise"], "facets.version.number": "1.0.1"}
    apply_connector(data_movement_document(changes=newer))
    told = {"passed": True, "steps": [{"number": 1, "done": True}]}
    assert post(loader, DRILLS, 409, **told, runbook_digest=made["runbook_digest"])["type"].endswith("runbook_moved")
    assert post(loader, DRILLS, 201, **told)["version"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"passed": True},
        {"passed": True, "steps": [{"number": 1, "done": True}]},
        {"passed": True, "steps": [{"number": n, "done": True} for n in (1, 1, 2, 3, 4)]},
        {"passed": False, "steps": [{"number": 5, "done": True}]},
        {"passed": False, "drilled_at": "2126-01-01T00:00:00Z"},
        {"passed": False, "drilled_at": "1926-01-01T00:00:00Z"},
        {"passed": False, "minutes": -1},
        {"passed": "perhaps"},
        {"passed": False, "steps": [{"number": 1, "done": True}] * 61},
    ],
)
def test_what_is_no_drill(api_of: ApiOf, body: dict[str, Any]) -> None:
    sync()
    post(api_of("amal"), DRILLS, 422, **body)
    assert not Drill.objects.exists()


def test_a_passed_drill_may_leave_a_step_out_and_say_why(api_of: ApiOf) -> None:
    sync()
    steps = [
        {"number": number, "done": number != 3, "note": "" if number != 3 else "No schedule in the drill."}
        for number in range(1, 5)
    ]
    post(api_of("amal"), DRILLS, 201, passed=True, steps=steps)
    post(api_of("vera"), DRILLS, 403, passed=True, steps=steps)
    post(api_of("amal", "observer_agent"), DRILLS, 403, passed=True, steps=steps)
    post(api_of("amal"), "/api/v1/syncs/nothing/drills/", 404, passed=True, steps=steps)
    assert Drill.objects.count() == 1
