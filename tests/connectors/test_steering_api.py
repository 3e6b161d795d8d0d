"""The clocks of tasks by API and by page: extending, pausing, closing, and maintenance."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from connectors.models import Maintenance, TaskState, TrackedTask
from portal.operations.services import database_now
from portal.roles import Role
from tests.connectors.test_task_pages import signed_in
from tests.connectors.tracking import world
from tests.people import user
from tests.severity.slipping import AHEAD, running

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_of: Callable[..., APIClient]) -> APIClient:
    return api_of("amal")


@pytest.fixture
def page() -> Client:
    return signed_in()


def soon(hours: int = 1) -> str:
    return (database_now() + timedelta(hours=hours)).isoformat()


def test_a_task_is_extended_paused_resumed_and_closed(api: APIClient) -> None:
    task = running(deadline=AHEAD)
    where = f"/api/v1/tasks/{task.human_id}"
    told = api.post(f"{where}/extend/", {"seconds": 600, "reason": "Month end."})
    assert (told.status_code, told.json()["extended_seconds"]) == (200, 600)
    assert told.json()["timeline"][-1]["what"] == "extended"
    again = api.post(f"{where}/extend/", {"seconds": 600, "reason": "Month end."})
    assert (again.status_code, "done once" in again.json()["detail"]) == (409, True)
    assert api.post(f"{where}/pause/", {"until": soon(), "reason": "Upgrade."}).json()["shown"] == "paused"
    assert api.post(f"{where}/resume/").json()["paused_until"] is None
    assert api.post(f"{where}/close/", {"reason": "Nobody knows."}).status_code == 409
    TrackedTask.objects.filter(pk=task.pk).update(trouble_kind="unauthorized")
    assert api.post(f"{where}/close/", {"reason": "Nobody knows."}).json()["state"] == TaskState.CLOSED


@pytest.mark.parametrize(
    ("act", "body", "path"),
    [
        ("extend", {"seconds": 0, "reason": "x"}, "seconds"), ("extend", {"seconds": 60}, "reason"),
        ("extend", {"seconds": 60, "reason": "x", "more": 1}, "more"), ("pause", {"until": "soon", "reason": "x"}, "until"),
        ("pause", {"until": "2020-01-01T00:00:00Z", "reason": "x"}, "until"), ("close", {}, "reason"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(api: APIClient, act: str, body: dict[str, object], path: str) -> None:
    answer = api.post(f"/api/v1/tasks/{running(deadline=AHEAD).human_id}/{act}/", body, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)


def test_maintenance_is_planned_listed_and_ended(api: APIClient) -> None:
    task = running(deadline=AHEAD)
    body = {"connector": task.connector.key, "until": soon(), "reason": "Their upgrade."}
    made = api.post("/api/v1/maintenance/", body)
    assert (made.status_code, made.json()["state"]) == (201, "running")
    assert api.get(made["Location"]).json() == api.get("/api/v1/maintenance/").json()["results"][0]
    ended = api.post(f"{made['Location']}end/")
    assert (ended.json()["state"], ended.json()["ended_by"]) == ("over", "amal")
    assert api.post(f"{made['Location']}end/").status_code == 409
    assert api.post("/api/v1/maintenance/", body | {"team": "finance"}).json()["errors"][0]["path"] == "connector"
    for address in ("999999", "0", "x", "9" * 30):
        assert api.get(f"/api/v1/maintenance/{address}/").status_code == 404


def test_a_viewer_and_a_machine_may_not(api_of: Callable[..., APIClient]) -> None:
    task = running(deadline=AHEAD)
    for client in (api_of("vera"), api_of("amal", actor_type="executor_system")):
        for address, body in (
            (f"tasks/{task.pk}/extend/", {"seconds": 60, "reason": "x"}), (f"tasks/{task.pk}/close/", {"reason": "x"}),
            (f"tasks/{task.pk}/pause/", {"until": soon(), "reason": "x"}), (f"tasks/{task.pk}/resume/", {}),
            ("maintenance/", {"team": "finance", "until": soon(), "reason": "x"}), ("maintenance/1/end/", {}),
        ):  # fmt: skip
            assert client.post(f"/api/v1/{address}", body).status_code == 403, address
    viewer = signed_in("vera2", Role.VIEWER)
    assert viewer.get(f"/tasks/{task.pk}/clocks/").status_code == 403
    assert b"button" in viewer.get("/maintenance/").content
    assert (
        viewer.post("/maintenance/", {"team": "finance", "until": "2030-01-01T00:00", "reason": "x"}).status_code == 403
    )
    assert not Maintenance.objects.exists()


def test_the_page_of_clocks_extends_pauses_and_resumes(page: Client) -> None:
    task = running(deadline=AHEAD)
    where = f"/tasks/{task.pk}/clocks/"
    assert b"Close as unknown" not in page.get(where).content
    assert b"Clocks" in page.get(f"/tasks/{task.pk}/").content
    assert page.post(where, {"action": "extend", "minutes": "", "reason": ""}).status_code == 422
    assert page.post(where, {"action": "extend", "minutes": 10, "reason": "Month end."}).status_code == 302
    assert world.again(task).extended_seconds == 600
    refused = page.post(where, {"action": "extend", "minutes": 10, "reason": "Month end."})
    assert (refused.status_code, b"done once" in refused.content) == (409, True)
    assert page.post(where, {"action": "pause", "until": "2001-01-01T00:00", "reason": "x"}).status_code == 422
    until = f"{database_now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    page.post(where, {"action": "pause", "until": until, "reason": "Upgrade."})
    assert b"Resume now" in page.get(where).content
    assert b"Upgrade." in page.get(f"/tasks/{task.pk}/").content
    page.post(where, {"action": "resume"})
    assert world.again(task).paused_until is None
    assert page.post(where, {"action": "explode"}).status_code == 404
    TrackedTask.objects.filter(pk=task.pk).update(trouble_kind="unauthorized")
    assert b"Close as unknown" in page.get(where).content
    page.post(where, {"action": "close", "reason": "Nobody knows."})
    assert world.again(task).state == TaskState.CLOSED
    assert b"It has ended" in page.get(where).content
    assert page.get(f"/tasks/{2**63}/clocks/").status_code == 404


def test_the_page_of_maintenance_plans_and_ends(page: Client) -> None:
    user("omar")
    connector = world.connector("http://127.0.0.1:9/mcp")
    until = f"{database_now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    assert b"No maintenance is planned" in page.get("/maintenance/").content
    assert page.post("/maintenance/", {"until": until, "reason": "x"}).status_code == 422
    told = {"connector": connector.key, "until": until, "reason": "Their upgrade."}
    assert page.post("/maintenance/", told).status_code == 302
    found = Maintenance.objects.get()
    assert b"Their upgrade." in page.get("/maintenance/").content
    for number in (str(found.pk), "x", "9" * 40):
        assert page.post("/maintenance/", {"action": "end", "id": number}).status_code == 302
    found.refresh_from_db()
    assert found.ended_at is not None
