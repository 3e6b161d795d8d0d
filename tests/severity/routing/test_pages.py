"""Routes, silences, rooms and the question who would hear, as people use their pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.outbox.models import ChatRoom, Delivery
from severity.models import Route, Silence
from tests.people import team
from tests.severity.routing.world import owners, route, slip, told

pytestmark = pytest.mark.django_db
ClientOf = Callable[..., Client]
FORM: dict[str, Any] = {
    "name": "ours", "team": "crm-team", "least": "V1", "way": "members", "members_of": "", "days": ["7", "1"],
    "begins": "08:00", "ends": "17:00", "zone": "Asia/Riyadh", "window_minutes": "10", "repeat_minutes": "30",
    "active": "on", "tells_end": "on",
}  # fmt: skip


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def test_a_member_makes_a_route_and_changes_it(client_of: ClientOf) -> None:
    owners("amal")
    client = client_of("amal")
    assert "No route yet" in text(client, "/settings/routes/")
    refused = client.post("/settings/routes/new/", FORM | {"ends": "07:00", "repeat_minutes": "1"})
    assert (refused.status_code, refused.content.decode().count("field-error")) == (422, 2)
    assert client.post("/settings/routes/new/", FORM).headers["Location"] == "/settings/routes/ours/"
    assert client.post("/settings/routes/new/", FORM).status_code == 409
    made = Route.objects.get()
    assert (made.days, made.begins, made.repeat_minutes) == ([1, 7], 480, 30)
    shown = text(client, "/settings/routes/")
    for words in ("08:00–17:00", "every 30 min", "Crm Team"):
        assert words in shown
    # What belongs to another way of telling is no reason to refuse.
    ChatRoom.objects.create(name="ops", url_ref="env:CREDENTIAL_ROOM")
    changed = {name: value for name, value in FORM.items() if name not in ("name", "active")}
    assert client.post("/settings/routes/ours/", changed | {"room": "ops"}).status_code == 302
    assert Route.objects.get().active is False
    text(client, "/settings/routes/nothing/", status=404)


def test_who_may_not_change_a_route_sees_why(client_of: ClientOf) -> None:
    route("theirs", team=team("erp-team"))
    for who in ("vera", "noor"):
        page = text(client_of(who), "/settings/routes/theirs/")
        assert "administrators" in page
        main = page.partition("<main")[2]
        assert 'name="least" disabled' in main.replace(' id="id_least"', "").replace(" required", "")
        assert "Save</button>" not in main
    form = {name: value for name, value in FORM.items() if name != "name"} | {"team": "erp-team"}
    assert client_of("noor").post("/settings/routes/theirs/", form).status_code == 403


def test_a_silence_begins_and_ends_by_page(client_of: ClientOf) -> None:
    owners("amal")
    client = client_of("amal")
    assert "Nothing is silent" in text(client, "/settings/silences/")
    form = {"team": "crm-team", "minutes": "60", "reason": "A <b>move</b>."}
    assert client.post("/settings/silences/", form | {"team": ""}).status_code == 422
    assert client.post("/settings/silences/", form | {"minutes": "99999999999"}).status_code == 422
    assert client.post("/settings/silences/", form).status_code == 302
    assert "A &lt;b&gt;move&lt;/b&gt;." in text(client, "/settings/silences/")
    assert client_of("vera").post("/settings/silences/", form).status_code == 403
    for strange in ("x", "9" * 40, "0"):
        assert client.post("/settings/silences/", {"end": strange}).status_code == 302
    client.post("/settings/silences/", {"end": Silence.objects.get().pk})
    assert "Nothing is silent" in text(client, "/settings/silences/")
    assert "A &lt;b&gt;move" in text(client, "/settings/silences/?all=1")


def test_who_would_hear_is_asked_by_an_address(client_of: ClientOf) -> None:
    owners("amal")
    route("pager", team=team())
    route("night", least=3)
    client = client_of("vera")
    assert "Nobody is told." in text(client, "/settings/who-hears/")
    page = text(client, "/settings/who-hears/?severity=V2&team=crm-team&source=task")
    for words in ("pager", "It begins with V3.", "Amal", "for a route of the team says who hears besides"):
        assert words in page, words
    for wrong in ("?severity=V9", "?severity=V2&source=task&connector=nothing", "?severity=V2&source=task"):
        text(client, f"/settings/who-hears/{wrong}", status=422)


def test_the_page_of_an_incident_says_who_told_it(client_of: ClientOf) -> None:
    owners("amal")
    route("pager")
    incident = slip()
    told()
    again = slip(2)
    told()
    page = text(client_of("vera"), incident.get_absolute_url())
    for words in ("Told by", "pager", "the portal’s own route"):
        assert words in page
    assert "grouped" in text(client_of("vera"), again.get_absolute_url())


def test_an_administrator_adds_a_room_and_tells_a_test_in_it(client_of: ClientOf) -> None:
    client = client_of("adam")
    assert "No room yet" in text(client, "/rooms/")
    form = {"name": "ops", "url_ref": "mmost://chat.example/token", "active": "on"}
    assert client.post("/rooms/new/", form).status_code == 422
    assert client.post("/rooms/new/", form | {"url_ref": "env:CREDENTIAL_ROOM"}).headers["Location"] == "/rooms/ops/"
    assert client.post("/rooms/ops/", {"action": "test"}).headers["Location"] == "/deliveries/?receiver=ops"
    assert Delivery.objects.get().channel == "chat"
    client.post("/rooms/ops/", {"url_ref": "env:CREDENTIAL_ROOM"})
    assert ChatRoom.objects.get().active is False
    assert "switched off" in client.post("/rooms/ops/", {"action": "test"}, follow=True).content.decode()
    text(client, "/rooms/nothing/", status=404)
    for who in ("vera", "amal", "yusuf", "khalid"):
        for address in ("/rooms/", "/rooms/new/", "/rooms/ops/"):
            text(client_of(who), address, status=403)


def test_rooms_by_api_are_for_administrators(api_of: Any) -> None:
    api = api_of("adam")
    body = {"name": "ops", "url_ref": "env:CREDENTIAL_ROOM"}
    assert api.post("/api/v1/rooms/", body).status_code == 201
    assert api.get("/api/v1/rooms/").json()["results"] == [body | {"active": True}]
    assert api.put("/api/v1/rooms/ops/", {"url_ref": "file:ops-room"}).json()["url_ref"] == "file:ops-room"
    assert api.post("/api/v1/rooms/ops/test/", {}).status_code == 202
    assert api.get("/api/v1/rooms/nothing/").status_code == 404
    for who in ("vera", "amal", "omar", "yusuf"):
        assert api_of(who).get("/api/v1/rooms/").status_code == 403
        assert api_of(who).post("/api/v1/rooms/", body).status_code == 403


def test_pages_cost_the_same_however_many_routes_there_are(client_of: ClientOf) -> None:
    owners("amal")
    client = client_of("amal")

    def queries(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            text(client, address)
        return len(seen)

    addresses = (
        "/settings/routes/",
        "/settings/silences/",
        "/settings/who-hears/?severity=V1&team=crm-team&source=task",
    )
    route("first", way="members")
    before = [queries(address) for address in addresses]
    for number in range(20):
        route(f"route-{number}", way="members")
    owners("noor", "omar", "lina", "vera")
    slip()
    assert [queries(address) for address in addresses] == before
    assert max(before) < 25
