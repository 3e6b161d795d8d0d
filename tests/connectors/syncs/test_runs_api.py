"""Runs by API: told once however often they are sent, in any order, and never ended twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from connectors.models import SyncRun, SyncState
from portal.operations.services import database_now
from portal.roles import ActorType
from tests.connectors.syncs.world import run, state, sync
from tests.documents import data_movement_document, runtime_tool_document
from tests.people import machine
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
RUNS = "/api/v1/syncs/crm-warehouse/runs/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def api(api_of: Callable[..., APIClient]) -> APIClient:
    """The scheduler of a sync that stands."""
    sync()
    return api_of(machine("airflow"), "executor_system")


def post(api: APIClient, body: Any, address: str = RUNS) -> Any:
    return api.post(address, body, format="json")


def test_a_run_is_kept_once_however_often_it_is_told(api: APIClient) -> None:
    body = run(
        rows=120, bytes=4096, note="Nightly.", streams=[{"name": "accounts", "rows": 120, "mode": "incremental"}]
    )
    first, again = post(api, body), post(api, body)
    assert (first.status_code, first.json()["outcome"]) == (201, "new")
    assert (again.status_code, again.json()["outcome"]) == (200, "repeated")
    assert first.json()["run"] == again.json()["run"]
    assert SyncRun.objects.count() == 1
    kept = api.get(f"{RUNS}{first.json()['run']['id']}/").json()
    assert (kept["rows"], kept["bytes"], kept["reported_by"], kept["source"]) == (120, 4096, "airflow", "api")


def test_it_may_be_named_by_its_id_and_read_with_its_filters(api: APIClient) -> None:
    by_id = f"/api/v1/syncs/{state().connector.human_id}/runs/"
    assert post(api, run("a"), by_id).status_code == 201
    post(api, run("b", "failed", ago=5 * MINUTE))
    assert [one["run"] for one in api.get(RUNS).json()["results"]] == ["b", "a"]
    assert [one["run"] for one in api.get(f"{RUNS}?state=failed").json()["results"]] == ["b"]
    assert [one["run"] for one in api.get(f"{RUNS}?run=a").json()["results"]] == ["a"]
    assert api.get(f"{RUNS}?nonsense=1").status_code == 422


def test_a_running_run_ends_and_then_stands(api: APIClient) -> None:
    begun = database_now() - 20 * MINUTE
    assert post(api, run("r", "running", started_at=begun)).status_code == 201
    assert post(api, run("r", "running", started_at=begun, rows=10)).json()["outcome"] == "updated"
    ended = run("r", "succeeded", started_at=begun, rows=20)
    assert (post(api, ended).status_code, post(api, ended).json()["outcome"]) == (200, "repeated")
    late = post(api, run("r", "running", started_at=begun))
    assert (late.status_code, late.json()["outcome"], late.json()["run"]["state"]) == (200, "late", "succeeded")
    other = post(api, run("r", "failed", started_at=begun))
    assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (409, "ended_otherwise")
    assert "kept as succeeded" in other.json()["detail"]
    moved = post(api, run("r", "succeeded", started_at=begun + MINUTE))
    assert (moved.status_code, moved.json()["type"].rpartition(":")[2]) == (409, "started_otherwise")
    assert SyncRun.objects.get().rows == 20


def test_one_that_arrives_late_is_kept_and_the_newest_decides(api: APIClient) -> None:
    post(api, run("new", ago=10 * MINUTE, rows=7))
    late = post(api, run("old", ago=60 * MINUTE, rows=5))
    assert (late.status_code, late.json()["outcome"]) == (201, "late")
    known = state()
    assert known.last_success is not None
    assert (known.last_success.run_key, known.typical_rows) == ("new", 5)


def test_streams_that_the_document_does_not_know_are_kept_and_told(api: APIClient) -> None:
    found = post(
        api, run(streams=[{"name": "accounts"}, {"name": "deals", "schema_changed_at": "2026-11-01T00:00:00Z"}])
    )
    assert found.json()["streams_not_in_contract"] == ["deals"]
    assert [one["name"] for one in found.json()["run"]["streams"]] == ["accounts", "deals"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"run": ""}, "run"),
        ({"run": "x" * 121}, "run"),
        ({"run": "a\nb"}, "run"),
        ({"state": "done"}, "state"),
        ({"started_at": "2026-11-25T10:00:00"}, "started_at"),
        ({"started_at": "1999-01-01T00:00:00Z"}, "started_at"),
        ({"ended_at": None}, "ended_at"),
        ({"ended_at": "2020-01-01T00:00:00Z"}, "ended_at"),
        ({"state": "running"}, "ended_at"),
        ({"rows": -1}, "rows"),
        ({"rows": True}, "rows"),
        ({"rows": 2**70}, "rows"),
        ({"bytes": "9"}, "bytes"),
        ({"note": "x" * 501}, "note"),
        ({"streams": [{"name": "a"}, {"name": "a"}]}, "streams"),
        ({"streams": [{}]}, "streams.0.name"),
        ({"streams": [{"name": "a"}] * 501}, "streams"),
        ({"data_until": "9999-12-31T23:59:59-23:59"}, "data_until"),
        ({"secret": "x"}, ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_kept(api: APIClient, change: Any, place: str) -> None:
    answer = post(api, run() | change)
    assert answer.status_code == 422
    assert place in [one["path"] for one in answer.json()["errors"]], answer.json()
    assert not SyncRun.objects.exists()


def test_times_ahead_of_the_database_are_refused_beyond_a_small_skew(api: APIClient) -> None:
    now = database_now()
    assert post(api, run("a", "running", started_at=now + 2 * MINUTE)).status_code == 201
    assert post(api, run("b", "running", started_at=now + 10 * MINUTE)).status_code == 422


def test_a_batch_tells_of_each_row(api: APIClient) -> None:
    rows = [
        run("a", ago=30 * MINUTE),
        run("a", ago=30 * MINUTE) | {"state": "nonsense"},
        "no run",
        run("b", ago=20 * MINUTE),
    ]
    rows.append(rows[3])
    found = post(api, {"runs": rows}, f"{RUNS}batch/").json()
    assert [(one["run"]["run"], one["outcome"]) for one in found["taken"]] == [
        ("a", "new"),
        ("b", "new"),
        ("b", "repeated"),
    ]
    assert [(one["index"], one["places"]) for one in found["refused"]] == [(1, ["state"]), (2, [""])]
    assert post(api, {"runs": [run()] * 501}, f"{RUNS}batch/").status_code == 400
    assert post(api, {"runs": rows}, "/api/v1/syncs/nowhere/runs/batch/").status_code == 404


def test_a_batch_of_several_syncs_names_each(api: APIClient) -> None:
    other = sync("billing-warehouse")
    rows = [
        run("a") | {"sync": "crm-warehouse"},
        run("a") | {"sync": other.human_id},
        run("a") | {"sync": "nowhere"},
        run("b"),
    ]
    found = post(api, {"runs": rows}, "/api/v1/syncs/runs/batch/").json()
    assert [one["sync"] for one in found["taken"]] == ["crm-warehouse", "billing-warehouse"]
    assert [(one["index"], one["rule"]) for one in found["refused"]] == [(2, "no_such_sync"), (3, "no_such_sync")]


def test_a_runtime_tool_is_no_sync(api: APIClient) -> None:
    tool = apply_connector(runtime_tool_document())
    for key in (tool.key, tool.human_id, f"DM-{tool.pk:03d}"):
        for address in ("", "runs/", "notices/"):
            assert api.get(f"/api/v1/syncs/{key}/{address}").status_code == 404, (key, address)
        assert post(api, run(), f"/api/v1/syncs/{key}/runs/").status_code == 404
    assert [one["key"] for one in api.get("/api/v1/syncs/").json()["results"]] == ["crm-warehouse"]
    assert not SyncState.objects.filter(connector=tool).exists()


@pytest.mark.parametrize(
    ("who", "actor_type", "status"),
    [
        ("amal", ActorType.HUMAN, 201),
        ("yusuf", ActorType.EXECUTOR_SYSTEM, 201),
        ("amal", ActorType.OBSERVER_AGENT, 403),
        ("amal", ActorType.RECOMMENDER_AGENT, 403),
        ("omar", ActorType.HUMAN, 403),
        ("vera", ActorType.HUMAN, 403),
    ],
)
def test_who_may_report(api_of: Callable[..., APIClient], who: str, actor_type: ActorType, status: int) -> None:
    sync()
    assert post(api_of(who, actor_type.value), run()).status_code == status


def test_nothing_is_reported_of_a_retired_sync(api: APIClient) -> None:
    for life in ("deprecated", "retired"):
        apply_connector(data_movement_document(), to_state=life)
    answer = post(api, run())
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "retired")
