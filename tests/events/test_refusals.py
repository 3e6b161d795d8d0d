"""What was refused is counted by reason, and the first few are kept without their payload."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from rest_framework.test import APIClient

from events import quarantine
from events.models import QuarantinedEvent, RefusedEvents
from events.quarantine import Tally, Why, keep
from portal.operations.services import database_now
from tests.client.test_judging import event
from tests.events.registering import changed, family, family_document, version
from tests.people import actor

pytestmark = pytest.mark.django_db
VALIDATE, ADDRESS = "/api/v1/events/validate/", "/api/v1/events/refusals/"
SECRET = "4111-1111-1111-1111"
BAD = event(data={"order_id": "1", "total": {"amount": SECRET}}, event_id="e-9")


def sent(api: APIClient, *events: Any) -> None:
    answer = api.post(VALIDATE, b"\n".join(map(orjson.dumps, events)), content_type="application/x-ndjson")
    assert answer.status_code == 200, answer.content


@pytest.fixture
def registered() -> None:
    family()
    version()


def listed(api: APIClient, **query: str) -> list[Any]:
    answer = api.get(ADDRESS, query)
    assert answer.status_code == 200, answer.content
    found: list[Any] = answer.json()["results"]
    return found


@pytest.mark.usefixtures("registered")
def test_refusals_are_counted_by_reason_and_the_first_five_are_kept(api_of: Any) -> None:
    sent(api_of("amal"), *[BAD] * 7, event(), event(event_type="nobody"), event(event_type="another-nobody"))
    sent(api_of("noor"), BAD)
    assert api_of("amal").post(VALIDATE, {"event": BAD}, format="json").status_code == 200
    found = {(one["family"], one["version"], one["place"], one["rule"]): one for one in listed(api_of("vera"))}
    assert {name: one["seen"] for name, one in found.items()} == {
        ("order-placed", "1.0.0", "/data/total/amount", "type"): 9,
        ("", "", "/event_type", "unknown_family"): 2,
    }
    samples = found["order-placed", "1.0.0", "/data/total/amount", "type"]["samples"]
    assert [(one["event_id"], one["source"], one["reported_by"], one["event"]) for one in samples] == [
        ("e-9", "/desks/orders", "amal", None)
    ] * 5


@pytest.mark.usefixtures("registered")
def test_no_value_of_a_payload_reaches_the_database(api_of: Any) -> None:
    hidden = [
        {"order_id": "1", SECRET: 1},
        {"order_id": [SECRET]},
        {"total": {"amount": SECRET}},
        {SECRET: {SECRET: 1}},
    ]
    sent(api_of("amal"), *[event(data=one) for one in hidden], event(event_type=SECRET), event(schema_version=SECRET))
    with connection.cursor() as cursor:
        for table in ("events_refusedevents", "events_quarantinedevent", "operations_idempotencyrecord"):
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", [f"%{SECRET}%"])
            assert cursor.fetchone() == (0,), table
    assert RefusedEvents.objects.count() >= 4


def test_a_family_may_keep_its_refused_events_and_then_readers_do_not_see_them(api_of: Any) -> None:
    family(keep_refused=True)
    version()
    sent(api_of("amal"), BAD, event(data={"order_id": "\0"} | {"note": "x" * 20_000}), event(data={"a\0": 1}))
    whole = {one["samples"][0]["event_id"]: one["samples"][0]["event"] for one in listed(api_of("noor"))}
    assert whole["e-9"] == BAD
    assert [one["samples"][0]["event"] for one in listed(api_of("vera"))] == [None] * len(whole)


def test_to_keep_payloads_raises_the_class_of_the_change() -> None:
    family()
    plain, kept = changed(family_document(name="Other")), changed(family_document(keep_refused=True))
    assert (plain.required_class, kept.required_class) != (kept.required_class, plain.required_class)
    assert kept.required_class > plain.required_class


@pytest.mark.usefixtures("registered")
def test_a_service_reports_what_it_refused(api_of: Any) -> None:
    reason = {"family": "order-placed", "version": "1.0.0", "place": "/data/order_id", "rule": "type", "seen": 40}
    body = {"refused": [
        reason | {"samples": [{"event_id": "e-1", "source": "/a", "event": BAD}]},
        reason | {"family": "no-such", "place": f"/data/{SECRET}", "seen": 2},
        {"rule": "unknown_family", "place": "/event_type", "seen": 1},
    ]}  # fmt: skip
    for _time in range(2):
        answer = api_of("amal").post(ADDRESS, body, format="json", headers={"Idempotency-Key": "r-1"})
        assert (answer.status_code, answer.json()) == (200, {"counted": 43})
    found = {(one["family"], one["place"], one["rule"]): one["seen"] for one in listed(api_of("amal"))}
    assert found == {
        ("order-placed", "/data/order_id", "type"): 40,
        ("", "", "unknown_version"): 2,
        ("", "", "unknown_family"): 1,
    }
    assert QuarantinedEvent.objects.get(refused__family="order-placed").event is None


@pytest.mark.parametrize(
    "body",
    [
        {}, [], 5, {"refused": {}}, {"refused": [{}]}, {"refused": [{"rule": "a b", "seen": 1}]},
        {"refused": [{"rule": "type", "seen": 0}]}, {"refused": [{"rule": "type", "seen": 10**12}]},
        {"refused": [{"rule": "type", "seen": 1, "family": "A"}]}, {"refused": [{"rule": "type", "seen": 1, "x": 1}]},
        {"refused": [{"rule": "type", "seen": 1, "samples": [{}] * 6}]}, {"refused": [{"rule": "type", "seen": 1}] * 501},
    ],
)  # fmt: skip
def test_a_wrong_report_is_refused_whole(api_of: Any, body: Any) -> None:
    assert api_of("amal").post(ADDRESS, body, format="json").status_code == 422
    assert not RefusedEvents.objects.exists()


def test_reasons_without_end_are_counted_together() -> None:
    tally = Tally()
    for number in range(2_000):
        tally.count(Why("", "", f"/{number}", "type"), 1, [])
    keep(actor=actor("amal"), tally=tally, now=database_now())
    assert RefusedEvents.objects.count() == quarantine.MOST_REASONS + 1
    assert RefusedEvents.objects.get(rule="other").seen == 2_000 - quarantine.MOST_REASONS


def test_what_is_old_is_forgotten() -> None:
    tally = Tally()
    tally.count(Why("", "", "", "type"), 1, [{}])
    for days in (1, 29, 31, 400):
        keep(actor=actor("amal"), tally=tally, now=database_now() - timedelta(days=days))
    assert quarantine.tick() == 2
    assert RefusedEvents.objects.count() == QuarantinedEvent.objects.count() == 2


def test_a_body_full_of_names_costs_a_handful_of_queries(api_of: Any, django_assert_max_num_queries: Any) -> None:
    family()
    version()
    strange = [event(event_type=f"n{number}", schema_version="1.0.0") for number in range(500)]
    strange += [event(schema_version=f"9.{number}.0") for number in range(500)]
    api = api_of("amal")
    with django_assert_max_num_queries(20):
        sent(api, *strange)


def test_a_number_that_the_database_gives_back_otherwise_is_not_kept(api_of: Any) -> None:
    family(keep_refused=True)
    version()
    sent(api_of("amal"), event(data={"order_id": "1", "zzz": 1e20}))
    assert listed(api_of("amal"))[0]["samples"][0]["event"] is None


def test_a_day_of_strange_reports_ends_in_one_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_A_DAY", 10)
    for turn in range(4):
        tally = Tally()
        for number in range(10):
            tally.count(Why("", "", f"/{turn}-{number}", "type"), 1, [])
        keep(actor=actor("amal"), tally=tally, now=database_now())
    assert RefusedEvents.objects.count() == 11
    assert RefusedEvents.objects.get(rule="other").seen == 30
