"""Families as AsyncAPI documents: every reference leads somewhere, examples fit, the same content gives the same bytes."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import jsonschema
import pytest
from rest_framework.test import APIClient

from events import asyncapi
from events.asyncapi import Line
from events.schemas.walking import DRAFT_07, DRAFT_2020, at
from events.validation import Registered
from tests.events.exporting import MONEY, ORDER, bare, lines, lookup, of
from tests.events.registering import SCHEMA, changed, family, family_document, schema_document, signed, version
from tests.events.test_registry import with_field

DIALECTS = {
    "application/schema+json;version=draft-07": DRAFT_07,
    "application/schema+json;version=2020-12": DRAFT_2020,
}
VALIDATORS = {DRAFT_07: jsonschema.Draft7Validator, DRAFT_2020: jsonschema.Draft202012Validator}
ADDRESS = "/api/v1/events/asyncapi/"


def whole() -> dict[str, Any]:
    return asyncapi.of_all(lines(), lookup)


def every(node: Any) -> Iterator[dict[str, Any]]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def references(document: Any) -> set[str]:
    return {one["$ref"] for one in every(document) if isinstance(one.get("$ref"), str)}


def validator(document: dict[str, Any], payload: dict[str, Any]) -> Any:
    """What judges by a payload: an oracle that reads the references from the document as they are."""
    dialect = DIALECTS[payload["schemaFormat"]]
    VALIDATORS[dialect].check_schema(payload["schema"])
    return VALIDATORS[dialect]({"$schema": dialect, "allOf": [payload["schema"]], "components": document["components"]})


def test_every_reference_leads_to_a_place_in_the_document() -> None:
    documents = [whole(), *(asyncapi.of_family(line, lookup) for line in lines())]
    for document in documents:
        for reference in references(document):
            assert reference.startswith("#/"), reference
            assert at(document, reference[1:]) is not None, reference
    found = references(documents[0])
    assert "#/components/schemas/money.1.0.0/schema/$defs/amount" in found
    assert "#/components/schemas/money.1.0.0/schema/$defs/a~1b~0c" in found
    assert "#/components/schemas/order-placed.1.10.0/schema/$defs/line" in found
    assert "#/channels/commerce~1money" in found
    assert "money.1.0.0" in asyncapi.of_family(lines()[0], lookup)["components"]["schemas"], (
        "what it refers to comes along"
    )


def test_families_share_a_channel_and_each_version_is_one_message() -> None:
    document = whole()
    shared = document["channels"]["commerce.orders"]
    assert set(shared["messages"]) == {"order-placed", "order-placed.1.9.0", "old-bill", "words"}
    assert shared["x-sensitivity-class"] == "S3", "of the most sensitive"
    messages = document["components"]["messages"]
    assert messages["order-placed"]["x-schema-version"] == "1.10.0", "the newest is the main one"
    assert (messages["order-placed"]["x-state"], messages["order-placed.1.9.0"]["x-state"]) == ("active", "deprecated")
    assert messages["words"]["x-sensitivity-class"] == "S3"
    sent = document["operations"]["order-placed.send"]
    assert sent["action"] == "send"
    assert sent["x-producers"] == [{"service": "order-desk", "version": "1.0.0"}]
    assert [one["$ref"].rsplit("/", 1)[1] for one in sent["messages"]] == ["order-placed", "order-placed.1.9.0"]
    (consumer,) = document["operations"]["order-placed.receive"]["x-consumers"]
    assert consumer["reads"] == ["/order_id", "/total/amount"]
    assert document["operations"]["silent.send"]["messages"] == []


def test_the_dialect_is_stated_and_the_schema_is_the_registered_one() -> None:
    schemas = whole()["components"]["schemas"]
    assert DIALECTS[schemas["old-bill.0.1.0"]["schemaFormat"]] == DRAFT_07
    assert DIALECTS[schemas["order-placed.1.9.0"]["schemaFormat"]] == DRAFT_2020
    assert schemas["order-placed.1.9.0"]["schema"] == SCHEMA
    for one in every(schemas):
        assert "$schema" not in one
        assert "$id" not in one


def test_examples_are_accepted_by_their_payload_and_by_no_other() -> None:
    document = whole()
    messages = document["components"]["messages"]
    assert [one["name"] for one in messages["order-placed"]["examples"]] == ["A plain order"], "only what is accepted"
    tried = 0
    for message in messages.values():
        for example in message.get("examples", ()):
            tried += 1
            assert list(validator(document, message["payload"]).iter_errors(example["payload"])) == []
            others = [one for one in messages.values() if one is not message]
            assert not any(validator(document, one["payload"]).is_valid(example["payload"]) for one in others)
    assert tried == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "order_id"), 5), (("data", "price", "amount"), -1), (("data", "price", "currency"), "RIYAL"),
        (("data", "tip"), "x"), (("data", "unforeseen"), 1), (("tenant_id",), "other"), (("source",), "/other"),
        (("sensitivity_class",), None), (("schema_version",), "1.9.0"), (("event_type",), "money"), (("more",), 1),
    ],
)  # fmt: skip
def test_a_payload_refuses_what_the_portal_refuses(path: tuple[str, ...], value: Any) -> None:
    document = whole()
    message = document["components"]["messages"]["order-placed"]
    event = deepcopy(message["examples"][0]["payload"])
    here = event
    for step in path[:-1]:
        here = here[step]
    if value is None:
        del here[path[-1]]
    else:
        here[path[-1]] = value
    assert not validator(document, message["payload"]).is_valid(event)


def test_the_same_content_gives_the_same_bytes_in_whatever_order_it_comes() -> None:
    turned_round = [
        Line(dict(reversed(one.family.items())), one.versions[::-1], one.deprecated) for one in lines()[::-1]
    ]
    assert asyncapi.in_bytes(asyncapi.of_all(turned_round, lookup)) == asyncapi.in_bytes(whole())
    less = asyncapi.of_all(lines()[1:], lookup)
    assert less["info"]["version"] != whole()["info"]["version"]
    assert asyncapi.of_family(lines()[0], lookup)["info"]["version"] == "1.10.0"
    assert asyncapi.of_family(lines()[4], lookup)["info"]["version"] == "0.0.0"


def test_making_it_leaves_what_it_was_made_from_alone() -> None:
    given, before = lines(), lines()
    schemas = {("order-placed", "1.10.0"): ORDER, ("money", "1.0.0"): MONEY}
    kept = deepcopy(schemas)
    asyncapi.of_all(given, lambda family, number: schemas.get((family, number)))
    assert given == before
    assert schemas == kept


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"const": {"$ref": "file:///etc/hostname"}}}},
        {"properties": {"a": {"default": [{"$ref": "https://portal.example/"}]}}},
        {"x-note": {"$ref": "#/nowhere"}},
        {"properties": {"a": {"$ref": "../nobody/1.0.0.json"}}},
    ],
)
def test_what_readers_would_follow_or_miss_is_left_out_and_named(schema: Any) -> None:
    line = Line(family_document(envelope=bare()), [schema_document(), schema_document("1.1.0", SCHEMA | schema)])
    document = asyncapi.of_family(line, lookup)
    (told,) = document["info"]["x-left-out"]
    assert (told["family"], told["version"]) == ("order-placed", "1.1.0")
    assert told["reason"]
    assert not any(str(one).startswith(("file:", "https:", "..")) for one in references(document))
    assert document["components"]["messages"]["order-placed"]["x-schema-version"] == "1.0.0"


def test_a_property_may_be_called_like_a_reference() -> None:
    schema = {"type": "object", "properties": {"$ref": {"type": "string"}}}
    examples = [{"name": "x", "valid": True, "event": {"$ref": "file:///etc/hostname"}}]
    line = Line(family_document(envelope=bare()), [schema_document("1.0.0", schema, examples=examples)])
    document = asyncapi.of_family(line, lookup)
    assert "x-left-out" not in document["info"]
    assert "examples" not in document["components"]["messages"]["order-placed"], "a reader would follow it"


def test_numbers_too_large_for_a_reader_are_no_example() -> None:
    examples = [{"name": "x", "valid": True, "event": {"order_id": "1", "total": {"amount": 2**70}}}]
    line = Line(family_document(), [schema_document("1.0.0", SCHEMA, examples=examples)])
    assert b"examples" not in asyncapi.in_bytes(asyncapi.of_family(line, lookup))


@pytest.mark.django_db
def test_both_addresses_answer_and_the_examples_would_be_accepted(api_of: Any, client_of: Any) -> None:
    api: APIClient = api_of("vera")
    assert api.get(ADDRESS).json()["channels"] == {}
    family()
    example = {"name": "A plain order", "valid": True, "event": {"order_id": "1"}}
    version(examples=[example])
    version("1.1.0", with_field(), examples=[example])
    family("money", channel="commerce.orders", envelope=bare())
    signed(changed(of("money", "1.0.0", MONEY)))
    signed(changed(schema_document("1.0.0", SCHEMA, examples=[example]), to_state="deprecated"))
    document = api.get(ADDRESS).json()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]["commerce.orders"]["messages"]) == {"order-placed", "order-placed.1.0.0", "money"}
    messages = document["components"]["messages"]
    assert messages["order-placed.1.0.0"]["x-state"] == "deprecated"
    events = [one["payload"] for message in messages.values() for one in message.get("examples", ())]
    assert len(events) == 2
    assert all(Registered().judge(event).accepted for event in events)
    alone = api.get(f"{ADDRESS}order-placed/").json()
    assert alone["info"]["version"] == "1.1.0"
    assert set(alone["components"]["messages"]) == {"order-placed", "order-placed.1.0.0"}
    page = client_of("vera").get("/events/order-placed/").content.decode()
    assert f'href="{ADDRESS}order-placed/"' in page
    browser = client_of("vera").get(f"{ADDRESS}order-placed/", headers={"accept": "text/html,*/*;q=0.8"})
    assert json.loads(browser.content) == alone


@pytest.mark.django_db
def test_an_unchanged_document_is_not_sent_again(api_of: Any) -> None:
    family()
    api: APIClient = api_of("vera")
    first = api.get(ADDRESS)
    assert api.get(ADDRESS, headers={"If-None-Match": first["ETag"]}).status_code == 304
    version()
    again = api.get(ADDRESS, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert again.content == api.get(ADDRESS).content


@pytest.mark.django_db
def test_a_family_that_is_not_there_and_a_stranger_are_refused(api_of: Any, client: Any) -> None:
    family()
    signed(changed(family_document(), to_state="retired"))
    for key in ("nobody", "order-placed", "Order%20Placed", "..%2f"):
        answer = api_of("vera").get(f"{ADDRESS}{key}/")
        assert answer.status_code == 404, key
        assert answer["Content-Type"] == "application/problem+json"
    assert api_of("vera").get(f"{ADDRESS}nobody/").json()["type"] == "urn:portal:problem:not_found"
    assert api_of("vera").post(ADDRESS, {}).status_code in (403, 405)
    for address in (ADDRESS, f"{ADDRESS}order-placed/"):
        assert client.get(address).status_code == 401


@pytest.mark.django_db
def test_many_families_take_as_many_queries_as_one(api_of: Any, django_assert_max_num_queries: Any) -> None:
    api: APIClient = api_of("vera")
    for number in range(3):
        family(f"family-{number}")
        signed(changed(of(f"family-{number}", "1.0.0", SCHEMA)))
    api.get(ADDRESS)
    with django_assert_max_num_queries(5):
        assert len(api.get(ADDRESS).json()["components"]["messages"]) == 3
