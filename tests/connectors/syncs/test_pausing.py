"""Pausing and breaking changes by API: who may, what is refused, what is told; a runtime tool has neither."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from connectors.models import BreakingNotice
from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.roles import ActorType
from tests.connectors.syncs.world import HOUR, report, run, state, sync
from tests.documents import runtime_tool_document
from tests.metrics.lineage.telling import dataset
from tests.people import machine
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
SYNC = "/api/v1/syncs/crm-warehouse/"
DAY = timedelta(days=1)


@pytest.fixture
def amal(api_of: Callable[..., APIClient]) -> APIClient:
    """An engineer before a sync that stands."""
    sync()
    return api_of("amal")


def post(api: APIClient, address: str, body: Any = None) -> Any:
    return api.post(address, body or {}, format="json")


def until(ahead: timedelta, **more: Any) -> dict[str, Any]:
    return {"until": (database_now() + ahead).isoformat(), "reason": "The source moves."} | more


def test_a_pause_is_kept_with_its_reason_and_leaves_a_line(amal: APIClient) -> None:
    answer = post(amal, f"{SYNC}pause/", until(HOUR * 5))
    assert answer.status_code == 200
    found = amal.get(SYNC).json()
    assert (found["shown"], found["pause_reason"]) == ("paused", "The source moves.")
    paused = datetime.fromisoformat(answer.json()["paused_until"])
    assert datetime.fromisoformat(found["deadline_at"]) == paused, "later than the data would be late"
    line = AuditLine.objects.get(action="sync.paused")
    assert (line.object_kind, line.object_key, line.actor_name) == ("data_movement", "crm-warehouse", "amal")
    assert post(amal, f"{SYNC}resume/").status_code == 200
    assert amal.get(SYNC).json()["shown"] == "no_data"
    assert AuditLine.objects.filter(action="sync.resumed").count() == 1
    assert post(amal, f"{SYNC}resume/").status_code == 409


@pytest.mark.parametrize(
    ("ahead", "more"),
    [
        (-HOUR, {}), (91 * DAY, {}), (HOUR, {"reason": " "}), (HOUR, {"reason": "x" * 501}), (HOUR, {"more": 1}),
        (HOUR, {"until": "soon"}), (HOUR, {"until": None}),
    ],
)  # fmt: skip
def test_a_pause_without_an_end_or_a_reason_is_refused(amal: APIClient, ahead: timedelta, more: Any) -> None:
    assert post(amal, f"{SYNC}pause/", until(ahead, **more)).status_code == 422
    assert state().paused_until is None


def test_several_are_paused_each_for_itself(amal: APIClient) -> None:
    sync("billing-warehouse")
    tool = apply_connector(runtime_tool_document())
    body = until(HOUR, syncs=["crm-warehouse", "billing-warehouse", "nowhere", tool.key])
    told = post(amal, "/api/v1/syncs/pause/", body).json()["results"]
    assert [one["done"] for one in told] == [True, True, False, False]
    assert state("billing-warehouse").paused_until is not None
    assert post(amal, f"/api/v1/syncs/{tool.key}/pause/", until(HOUR)).status_code == 404
    assert post(amal, f"/api/v1/syncs/{tool.key}/notices/", notice()).status_code == 404


def test_only_people_pause_and_machines_that_act_announce(api_of: Callable[..., APIClient]) -> None:
    sync()
    acting, observing = api_of(machine("airflow"), "executor_system"), api_of("amal", ActorType.OBSERVER_AGENT.value)
    assert post(acting, f"{SYNC}pause/", until(HOUR)).status_code == 403
    assert post(api_of("vera"), f"{SYNC}pause/", until(HOUR)).status_code == 403
    assert post(api_of("omar"), f"{SYNC}pause/", until(HOUR)).status_code == 200
    assert post(observing, f"{SYNC}notices/", notice()).status_code == 403
    assert post(acting, f"{SYNC}notices/", notice()).status_code == 201


def notice(ahead: timedelta = 8 * DAY, **more: Any) -> dict[str, Any]:
    body = {"title": "Column email goes", "deadline": (database_now() + ahead).isoformat(), "consumers": ["forecast"]}
    return body | more


def test_a_notice_is_announced_followed_and_closed_when_all_have_moved(amal: APIClient) -> None:
    made = post(amal, f"{SYNC}notices/", notice(consumers=["forecast", "board", "board"])).json()
    assert made["behind"] == ["board", "forecast"]
    where = f"{SYNC}notices/{made['id']}/"
    assert amal.get(SYNC).json()["breaking_change_due"] == made["deadline"]
    assert [one["key"] for one in amal.get("/api/v1/syncs/?breaking=true").json()["results"]] == ["crm-warehouse"]
    assert post(amal, f"{where}moved/", {"consumers": ["nobody"]}).status_code == 422
    assert post(amal, f"{where}moved/", {"consumers": ["board"]}).json()["behind"] == ["forecast"]
    assert post(amal, f"{where}moved/", {"consumers": ["board"]}).status_code == 200, "told twice"
    done = post(amal, f"{where}moved/", {"consumers": ["forecast"]}).json()
    assert done["closed_at"] is not None
    assert amal.get("/api/v1/syncs/?breaking=true").json()["results"] == []
    assert post(amal, f"{where}close/", {"reason": "Again."}).status_code == 409
    actions = AuditLine.objects.filter(action__startswith="notice.").order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        "notice.announced", "notice.moved", "notice.moved", "notice.closed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"ahead": 6 * DAY}, "deadline"),
        ({"ahead": 4000 * DAY}, "deadline"),
        ({"consumers": []}, "consumers"),
        ({"title": " "}, "title"),
        ({"consumers": ["x" * 121]}, "consumers.0"),
    ],
)
def test_what_is_wrong_with_a_notice_is_told(amal: APIClient, body: Any, place: str) -> None:
    answer = post(amal, f"{SYNC}notices/", notice(**body))
    assert answer.status_code == 422
    assert [one["path"] for one in answer.json()["errors"]] == [place]
    assert not BreakingNotice.objects.exists()


def test_those_who_are_known_to_read_it_are_named_unless_told_otherwise(amal: APIClient) -> None:
    dataset(
        written_by=["crm-warehouse"], read_by=[], metrics=[],
        consumers=[{"kind": "dashboard", "name": "Board", "address": ""}],
    )  # fmt: skip
    assert post(amal, f"{SYNC}notices/", notice(consumers=[])).json()["behind"] == ["Board"]


def test_the_list_is_filtered_and_sorted_by_what_stands_now(amal: APIClient) -> None:
    sync("billing-warehouse", data_movement__source__system="Billing", data_movement__freshness_seconds=600)
    report(run(rows=10, ago=timedelta(minutes=6)))
    report(run("x", "running", ago=timedelta(minutes=1)), "billing-warehouse")

    def keys(query: str) -> list[str]:
        return [one["key"] for one in amal.get(f"/api/v1/syncs/?{query}").json()["results"]]

    assert keys("ordering=deadline") == ["billing-warehouse", "crm-warehouse"]
    assert keys("ordering=-deadline&limit=1") == ["crm-warehouse"]
    assert (keys("now=running"), keys("now=on_time"), keys("now=late")) == (
        ["billing-warehouse"],
        ["crm-warehouse"],
        [],
    )
    assert (keys("source=bill"), keys("destination=ware"), keys("customer_impacting=true")) == (
        ["billing-warehouse"], ["billing-warehouse", "crm-warehouse"], [],
    )  # fmt: skip
    first = amal.get("/api/v1/syncs/?ordering=deadline&limit=1").json()
    assert [one["key"] for one in amal.get(first["next"]).json()["results"]] == ["crm-warehouse"]
