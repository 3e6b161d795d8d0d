"""Routes, silences and the question who would hear, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from portal.outbox.models import Choice, OutboxEvent
from severity.models import Incident, Route, Silence
from severity.rules import Level
from tests.connectors.tracking.world import connector
from tests.people import team, user
from tests.severity.routing.world import owners, route, slip, told, told_to

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
OURS = {"name": "ours", "way": "members", "team": "crm-team", "least": "V2"}


def test_a_route_is_made_shown_changed_and_switched_off(api_of: Api) -> None:
    owners("amal")
    api = api_of("amal")
    made = api.post("/api/v1/routes/", OURS)
    assert (made.status_code, made["Location"]) == (201, "/api/v1/routes/ours/"), made.content
    body = made.json()
    assert (body["least"], body["begins"], body["ends"], body["window_minutes"]) == ("V2", "00:00", "24:00", 10)
    assert api_of("vera").get("/api/v1/routes/ours/").json() == body
    assert [one["name"] for one in api_of("vera").get("/api/v1/routes/").json()["results"]] == ["ours"]
    del body["name"]
    body = {name: value for name, value in body.items() if value is not None} | {"active": False}
    assert api.put("/api/v1/routes/ours/", body).json()["active"] is False
    assert api.post("/api/v1/routes/", OURS).status_code == 409
    assert api_of("noor").put("/api/v1/routes/ours/", body).status_code == 403
    assert api_of("vera").post("/api/v1/routes/", OURS).status_code == 403
    assert api.get("/api/v1/routes/nothing/").status_code == 404
    assert api.put("/api/v1/routes/nothing/", body).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"way": "x"}, {"least": 2}, {"days": [9]}, {"days": "mon"}, {"repeat_minutes": -1}, {"repeat_minutes": 10**30},
     {"sources": ["x"]}, {"zone": "\x00"}, {"team": "\x00"}, {"begins": "99:99"}, {"unknown": 1}, {"name": 7 * "x\x00"},
     {"active": "perhaps"}, {"escalate_minutes": 5}, {"room": "x"}, {"members_of": "x" * 61}],
)  # fmt: skip
def test_a_hostile_body_is_told_what_is_wrong(api_of: Api, wrong: dict[str, Any]) -> None:
    owners("amal")
    answer = api_of("amal").post("/api/v1/routes/", OURS | wrong)
    assert 400 <= answer.status_code < 500, answer.content
    assert answer.json()["detail"]
    assert not Route.objects.exists()


def test_no_machine_says_who_hears(api_of: Api) -> None:
    owners("amal")
    for kind in ("observer_agent", "recommender_agent", "executor_system", "automated_workflow"):
        api = api_of("amal", kind)
        assert api.post("/api/v1/routes/", OURS).status_code == 403
        silence = {"minutes": 5, "reason": "x", "team": "crm-team"}
        assert api.post("/api/v1/silences/", silence).status_code == 403
        assert api.get("/api/v1/routes/").status_code == 200


def test_a_silence_begins_and_ends(api_of: Api) -> None:
    owners("amal")
    api = api_of("amal")
    made = api.post("/api/v1/silences/", {"minutes": 60, "reason": "A move.", "team": "crm-team"})
    assert made.status_code == 201, made.content
    assert (made.json()["active"], made.json()["author"]) == (True, "amal")
    assert len(api_of("vera").get("/api/v1/silences/").json()["results"]) == 1
    ended = api.post(f"/api/v1/silences/{Silence.objects.get().pk}/end/", {})
    assert (ended.status_code, ended.json()["active"]) == (200, False)
    assert api.post(f"/api/v1/silences/{Silence.objects.get().pk}/end/", {}).status_code == 409
    assert api.post("/api/v1/silences/999/end/", {}).status_code == 404
    for wrong in (
        {"minutes": 5, "reason": "x"},
        {"minutes": 10**5, "reason": "x", "team": "crm-team"},
        {"team": "crm-team"},
    ):
        assert api.post("/api/v1/silences/", wrong).status_code in (400, 422)


def test_who_would_hear_is_who_hears(api_of: Api) -> None:
    """The dry run and the statements judge alike: what it says of every route is what is then told."""
    one = connector("http://127.0.0.1:9/mcp")
    owners("amal", "noor", key=one.owner.key)
    Choice.objects.create(user=user("noor"), reason="incident", in_portal=True, by_email=False)
    route("all")
    route("bad", least=2)
    route("theirs", team=team("erp-team"))
    route("tasks", sources=["task"])
    route("other", connector=connector("http://127.0.0.1:9/mcp"))
    route("off", active=False)
    route("boss", only_escalated=True)
    asked = {"severity": "V1", "connector": one.key, "found_by": "freshness", "rule": "freshness"}
    answer = api_of("vera").post("/api/v1/who-hears/", asked)
    assert answer.status_code == 200, answer.content
    said = {hearing["route"]: hearing for hearing in answer.json()["hearings"]}
    assert "theirs" not in said
    assert [(who["username"], who["by_email"]) for who in said[""]["people"]] == [("amal", True), ("noor", False)]
    assert said["bad"]["why"] == "It begins with V2."
    assert not OutboxEvent.objects.exists(), "nobody is told"
    slip(1, connector=one, owner_id=one.owner_id)
    told()
    for name, hearing in said.items():
        if name:
            assert bool(told_to(name)) == hearing["hears"], name


def test_who_would_hear_under_a_silence_and_of_no_such_thing(api_of: Api) -> None:
    owners("amal")
    api = api_of("amal")
    api.post("/api/v1/silences/", {"minutes": 60, "reason": "A move.", "team": "crm-team"})
    answer = api.post("/api/v1/who-hears/", {"severity": "V2", "team": "crm-team"}).json()
    assert answer["hearings"][-1]["at"] == answer["silenced_until"] is not None
    assert api.post("/api/v1/who-hears/", {"severity": "V3", "team": "crm-team"}).json()["silenced_until"] is None
    for wrong in ({}, {"team": "nobody"}, {"connector": "\x00"}, {"severity": "V9", "team": "crm-team"}, {"rule": "x"}):
        assert 400 <= api.post("/api/v1/who-hears/", wrong).status_code < 500
    assert not Incident.objects.filter(severity=Level.V3).exists()
