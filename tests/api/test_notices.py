"""Notices, deliveries and receivers by API."""

from typing import Any

import pytest
from django.test import Client

from portal.operations.services import database_now
from portal.outbox import lanes, services
from portal.outbox.models import Delivery, Notice
from portal.outbox.rules import Reason
from portal.people.tokens import create_token
from tests.people import actor, user

pytestmark = pytest.mark.django_db


def api(name: str, actor_type: str = "human") -> Client:
    token = create_token(actor=actor(name), user=user(name), actor_type=actor_type, name="t", now=database_now())
    return Client(headers={"Authorization": f"Bearer {token}"})


def send(client: Client, method: str, address: str, body: dict[str, Any]) -> Any:
    return getattr(client, method)(f"/api/v1{address}", body, content_type="application/json")


def tell(name: str, number: int = 1) -> Notice:
    services.publish(
        topic="change.applied", subject=f"CHG-{number} applied", payload={"url": f"/changes/CHG-{number}/"},
        dedup_key=f"{name}:{number}", people={user(name).pk: Reason.AUTHOR},
    )  # fmt: skip
    lanes.expand()
    return Notice.objects.filter(user=user(name)).latest("id")


def test_ones_own_notices_are_read_and_marked() -> None:
    notice = tell("amal")
    tell("noor", 2)
    client = api("amal")
    (found,) = client.get("/api/v1/notices/?unread=true").json()["results"]
    assert (found["id"], found["reason"], found["url"]) == (notice.pk, "author", "/changes/CHG-1/")
    assert send(client, "post", f"/notices/{notice.pk}/read/", {}).json()["read_at"]
    assert client.get("/api/v1/notices/?unread=true").json()["results"] == []
    other = Notice.objects.get(user=user("noor"))
    assert send(client, "post", f"/notices/{other.pk}/read/", {}).status_code == 404
    third = tell("amal", 3)
    assert send(client, "post", "/notices/read-all/", {"until": third.pk}).json() == {"read": 1}
    assert send(client, "post", "/notices/read-all/", {"until": "many"}).status_code == 422


def test_choices_change_only_what_is_named() -> None:
    client = api("amal")
    before = client.get("/api/v1/notices/choices/").json()
    assert set(before) == set(Reason.values)
    changed = send(client, "patch", "/notices/choices/", {"team": {"in_portal": False, "by_email": False}}).json()
    assert changed == before | {"team": {"in_portal": False, "by_email": False}}
    assert client.get("/api/v1/notices/choices/").json() == changed
    for bad in ({"gossip": {"in_portal": True, "by_email": True}}, {"team": {"in_portal": True}}, {"team": 5}):
        assert send(client, "patch", "/notices/choices/", bad).status_code == 422


def test_the_log_is_for_operators_and_administrators_who_are_human() -> None:
    user("amal")
    tell("amal")
    for name in ("vera", "amal", "omar", "khalid"):
        assert api(name).get("/api/v1/deliveries/").status_code == 403
    assert api("yusuf", "executor_system").get("/api/v1/deliveries/").status_code == 403
    (found,) = api("yusuf").get("/api/v1/deliveries/?channel=email").json()["results"]
    assert (found["receiver"], found["state"]) == ("amal@portal.example", "waiting")
    assert send(api("yusuf"), "post", f"/deliveries/{found['id']}/again/", {}).status_code == 409
    Delivery.objects.update(due_at=None, last_error="Given up: no")
    assert send(api("yusuf"), "post", f"/deliveries/{found['id']}/again/", {}).json()["state"] == "waiting"
    assert api("yusuf").get("/api/v1/deliveries/999/").status_code == 404


def test_receivers_are_managed_by_administrators() -> None:
    body = {
        "name": "pager",
        "url": "https://hooks.example/",
        "secret_ref": "env:CREDENTIAL_HOOK",
        "topics": ["change.applied"],
    }
    assert send(api("omar"), "post", "/webhooks/", body).status_code == 403
    client = api("adam")
    bad = send(client, "post", "/webhooks/", body | {"url": "http://127.0.0.1:9/\n", "secret_ref": "plain"})
    assert bad.status_code == 422
    assert {one["path"] for one in bad.json()["errors"]} >= {"secret_ref"}
    assert send(client, "post", "/webhooks/", body).headers["Location"] == "/api/v1/webhooks/pager/"
    assert send(client, "post", "/webhooks/", body).status_code == 409
    del body["name"]
    assert send(client, "put", "/webhooks/pager/", body | {"active": False}).json()["active"] is False
    assert send(client, "post", "/webhooks/pager/test/", {}).status_code == 409
    assert send(client, "put", "/webhooks/pager/", body | {"active": True}).status_code == 200
    assert send(client, "post", "/webhooks/pager/test/", {}).status_code == 202
    assert [one["name"] for one in client.get("/api/v1/webhooks/").json()["results"]] == ["pager"]
    assert client.get("/api/v1/webhooks/nobody/").status_code == 404
