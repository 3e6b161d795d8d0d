"""Families and schema versions through changes: no silent drift, fixed once registered, explained, one after the other."""

import re
from copy import deepcopy
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from events.models import EventFamily
from portal.refusals import Invalid
from portal.registry import kinds
from tests.events.registering import SCHEMA, changed, family, family_document, schema_document, signed, version

pytestmark = pytest.mark.django_db


def with_field(name: str = "note", schema: Any = None, base: dict[str, Any] = SCHEMA) -> dict[str, Any]:
    made = deepcopy(base)
    made["properties"][name] = schema or {"type": "string"}
    return made


def without(name: str) -> dict[str, Any]:
    made = deepcopy(SCHEMA)
    del made["properties"][name]
    return made


def refused(document: dict[str, Any]) -> dict[str, str]:
    """What stands against a document: path → messages."""
    with pytest.raises(Invalid) as caught, transaction.atomic():
        changed(document)
    return {one.path: one.message for one in caught.value.problems}


def test_a_family_and_its_versions_are_registered_by_signed_changes() -> None:
    standing = family()
    assert (standing.human_id[:3], standing.version, standing.compatibility) == ("EF-", 1, "BACKWARD")
    first, second = version(), version("1.1.0", with_field())
    assert (first.number, second.number) == ("1.0.0", "1.1.0")
    assert second.history.get().change.state == "applied"


def test_drift_is_refused_with_where_and_an_event_that_shows_it() -> None:
    family()
    version()
    message = refused(schema_document("1.1.0", without("state")))["schema"]
    assert "BACKWARD is broken: this version cannot read every event of 1.0.0." in message
    assert "/properties/state: “state” is gone" in message
    assert '"state"' in message.partition("For example this event:")[2]


@pytest.mark.parametrize(
    ("mode", "schema", "fine"),
    [
        ("BACKWARD", with_field(), True),
        ("FORWARD", with_field(), False),
        ("FULL", with_field(), False),
        ("BACKWARD", without("state"), False),
        ("FORWARD", without("state"), True),
        ("NONE", {"type": "object", "properties": {"other": {"type": "integer"}}}, True),
    ],
)
def test_each_mode_lets_through_what_it_may(mode: str, schema: Any, fine: bool) -> None:
    family(mode=mode)
    version()
    if fine:
        assert version("1.1.0", schema).number == "1.1.0"
    else:
        assert mode in refused(schema_document("1.1.0", schema))["schema"]


def test_transitive_modes_ask_every_version_of_the_line() -> None:
    family(mode="BACKWARD")
    version()
    version("1.1.0", with_field())
    message = refused(schema_document("1.2.0", SCHEMA))["schema"]
    assert "1.1.0" in message
    family("other", mode="FORWARD_TRANSITIVE")
    version("1.0.0", with_field(), family="other")
    version("1.1.0", SCHEMA, family="other")
    both = refused(schema_document("1.2.0", with_field("memo"), family="other"))["schema"]
    assert "version 1.0.0 cannot read" in both or "version 1.1.0 cannot read" in both


def test_a_break_needs_a_new_major_with_a_note_and_a_deadline_and_begins_a_line() -> None:
    family(mode="BACKWARD_TRANSITIVE")
    version()
    breaking = without("state")
    note = {"migration_note": "Stop sending the state.", "deadline": "2027-03-31"}
    assert "schema" in refused(schema_document("2.0.0", breaking))
    assert "schema" in refused(schema_document("1.1.0", breaking, **note))
    change = changed(schema_document("2.0.0", breaking, **note))
    assert change.required_class == "A2"
    signed(change)
    assert version("2.1.0", with_field(base=breaking)).number == "2.1.0"
    assert "2.0.0" in refused(schema_document("2.2.0", {"type": "object", "additionalProperties": False}))["schema"]


def test_a_waiver_lets_a_break_through_and_costs_a_stricter_class() -> None:
    family()
    version()
    broken = schema_document("1.1.0", without("state"))
    assert "waiver_expires" in refused(broken | {"waiver_reason": "Nobody sends it."})
    change = changed(broken | {"waiver_reason": "Nobody sends it.", "waiver_expires": "2027-01-31"})
    assert change.required_class == "A2"
    signed(change)


def test_a_registered_version_is_fixed_but_for_its_life_and_words() -> None:
    family()
    standing = version()
    for name, value in (
        ("schema", with_field()),
        ("examples", [{"name": "x", "valid": True, "event": {"order_id": "1"}}]),
    ):
        assert name in refused(schema_document(**{name: value}))
    signed(changed(schema_document(description="Said better.")))
    signed(changed(schema_document(description="Said better."), to_state="deprecated"))
    standing.refresh_from_db()
    assert (standing.state, standing.version, standing.document["schema"]) == ("deprecated", 3, SCHEMA)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE events_eventschema SET document = jsonb_set(document, '{schema}', '{}')")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE events_eventschema SET minor = 7")


@pytest.mark.parametrize(
    ("more", "path", "said"),
    [
        ({"number": "0.9.0"}, "number", "next major is 2"),
        ({"number": "3.0.0"}, "number", "next major is 2"),
        ({"number": "1.5.0-beta"}, "number", "match"),
        ({"key": "something-else"}, "key", "order-placed-v1-5-0"),
        ({"family": "nobody", "key": "nobody-v1-5-0"}, "family", "no active event family"),
        ({"schema": {"type": "string"}}, "schema", "/type: An event is an object"),
        ({"schema": "{not json"}, "schema", "Not JSON"),
        ({"schema": {"type": "object", "properties": {"a": {"$ref": "https://x.example/"}}}}, "schema", "Nothing is fetched"),
        ({"examples": [{"name": "bad", "valid": True, "event": {"order_id": 5}}]}, "examples.0.event", "/order_id"),
        ({"examples": [{"name": "bad", "valid": False, "event": {"order_id": "1"}}]}, "examples.0.event", "accepts it"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(more: dict[str, Any], path: str, said: str) -> None:
    family()
    version()
    number = more.get("number", "1.5.0")
    found = refused(schema_document("1.5.0" if "-" in number else number) | more)
    assert path in found, found
    assert said in found[path]


def test_stored_examples_are_played_again() -> None:
    family(mode="BACKWARD")
    version(examples=[{"name": "A plain order", "valid": True, "event": {"order_id": "1", "state": "new"}}])
    with pytest.raises(Invalid) as caught:
        changed(schema_document("1.1.0", without("state")))
    assert any("stored example “A plain order” of version 1.0.0" in one.message for one in caught.value.problems)


def test_a_version_refers_to_another_family() -> None:
    family()
    family("money")
    amount = {"type": "object", "properties": {"amount": {"type": "integer"}}, "$defs": {"minor": {"type": "integer"}}}
    version("1.0.0", amount, family="money")
    order = {"type": "object", "properties": {"price": {"$ref": "../money/1.0.0.json"}}, "additionalProperties": False}
    version("1.0.0", order)
    looser = {"type": "object", "properties": {"price": {}}, "additionalProperties": False}
    assert version("1.1.0", looser).number == "1.1.0"
    assert "money" in refused(schema_document("1.2.0", {
        "type": "object", "properties": {"price": {"$ref": "../money/7.0.0.json"}}}))["schema"]  # fmt: skip


def test_who_is_hit_is_named_with_the_fields_they_lose() -> None:
    family()
    version()
    kind = kinds.get("event_schema")
    told = kind.impact("order-placed-v2-0-0", None, schema_document("2.0.0", without("total")))
    assert ("billing", True) in {(one.who, "/total/amount" in str(one.what)) for one in told}
    assert "order-desk" in {one.who for one in told}


def test_another_sensitivity_raises_the_class() -> None:
    family()
    raised = changed(family_document(sensitivity_class="S3"))
    assert raised.required_class == "A2"
    assert EventFamily.objects.get().sensitivity_class == "S1"


def test_pages_and_api_show_families_versions_and_verdicts(client_of: Any, api_of: Any) -> None:
    client: Client = client_of("amal")
    assert "No Event families yet" in client.get("/events/").content.decode()
    family()
    version()
    version("1.1.0", with_field(), examples=[{"name": "A plain order", "valid": True, "event": {"order_id": "1"}}])
    page = client.get("/events/").content.decode()
    assert "order-placed" in page or "Order placed" in page
    assert ">1.1.0</bdi>" in page
    page = client.get("/events/order-placed/").content.decode()
    assert "/event-schemas/order-placed-v1-1-0/" in page
    assert "/total/amount" in page
    page = client.get("/event-schemas/order-placed-v1-1-0/").content.decode()
    assert "Compatible" in page
    assert "reads every event of 1.0.0" in page
    assert "“note” is new" in page
    assert "/total/currency" in page
    api: APIClient = api_of("amal")
    (line,) = api.get("/api/v1/event-families/").json()["results"]
    assert (line["key"], line["consumers"], line["compatibility"]) == ("order-placed", 1, "BACKWARD")
    numbers = {one["number"] for one in api.get("/api/v1/event-schemas/?family=order-placed").json()["results"]}
    assert numbers == {"1.0.0", "1.1.0"}
    tried = api.post("/api/v1/changes/validate/", {
        "kind": "event_schema", "key": "order-placed-v1-2-0", "document": schema_document("1.2.0", without("state"))},
        format="json").json()  # fmt: skip
    assert not tried["ready"]
    assert any(one["code"] == "incompatible" for one in tried["problems"])


def test_the_verdict_shows_while_it_is_written(client_of: Any) -> None:
    family()
    version()
    client: Client = client_of("amal")
    document = schema_document("1.1.0")
    posted = {name: value for name, value in document.items() if isinstance(value, str)}
    posted["schema"] = '{"type": "object", "additionalProperties": false}'
    page = client.post("/event-schemas/check/", posted).content.decode()
    assert "BACKWARD is broken" in page
    posted["schema"] = "{"
    assert 'href="#schema"' in client.post("/event-schemas/check/", posted).content.decode()


def test_the_list_says_what_waits_and_finds_families_with_a_break_waiting(client_of: Any) -> None:
    family()
    version()
    family("order-closed")
    changed(family_document(name="Order placed anew"))
    changed(schema_document("2.0.0", without("total"), migration_note="Send less.", deadline="2027-01-31"))
    page = client_of("vera").get("/events/").content.decode()
    assert re.search(r'<a href="/approvals/[^"]*order-placed[^"]*">2</a>', page), page
    for answer, keys in (
        ("true", {"order-placed"}),
        ("false", {"order-closed"}),
        ("", {"order-placed", "order-closed"}),
    ):
        text = client_of("vera").get(f"/events/?breaking={answer}").content.decode()
        assert {key for key in ("order-placed", "order-closed") if f'href="/events/{key}/"' in text} == keys, answer


def test_the_page_of_a_version_names_who_is_behind_and_tries_its_examples(client_of: Any) -> None:
    family()
    version(examples=[{"name": "Plain", "valid": True, "event": {"order_id": "1"}}])
    moved = version(
        "2.0.0", SCHEMA | {"required": ["order_id", "total"]}, migration_note="Send it.", deadline="2027-01-31"
    )
    page = client_of("vera").get(moved.get_absolute_url()).content.decode()
    assert page.count("behind") >= 2
    assert "/event-schemas/order-placed-v1-0-0/" in page
    assert "2027-01-31" in page
    assert "accepted" in client_of("vera").get("/event-schemas/order-placed-v1-0-0/").content.decode()


def test_the_form_of_a_new_version_begins_with_the_last_one_of_its_family(client_of: Any) -> None:
    family()
    version()
    version("1.1.0", with_field())
    browser = client_of("amal")
    page = browser.get("/event-schemas/new/?family=order-placed").content.decode()
    for wanted in ('value="order-placed-v1-2-0"', 'value="1.2.0"', 'value="order-placed"', "&quot;note&quot;"):
        assert wanted in page, wanted
    assert 'href="/event-schemas/new/?family=order-placed"' in browser.get("/events/order-placed/").content.decode()
    for address in ("/event-schemas/new/", "/event-schemas/new/?family=nobody"):
        assert 'value="1.0.0"' in browser.get(address).content.decode()
