"""Judging events by API: one, and many in lines."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from events.cloudevents import BATCH, to_batch, to_binary, to_structured
from events.models import RefusedEvents
from tests.events.registering import changed, family, family_document, schema_document, signed, version
from tests.events.test_envelope import ENVELOPE
from tests.events.test_registry import with_field

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/events/validate/"


@pytest.fixture(autouse=True)
def registered() -> None:
    family()
    version()
    version("1.1.0", with_field())


def event(**more: Any) -> dict[str, Any]:
    return ENVELOPE | {"data": {"order_id": "A-1001"}} | more


def ask(api: APIClient, given: Any) -> Any:
    answer = api.post(ADDRESS, {"event": given}, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_sound_event_is_accepted_by_its_version(api_of: Any) -> None:
    assert ask(api_of("amal"), event()) == {
        "accepted": True,
        "family": "order-placed",
        "version": "1.1.0",
        "errors": [],
    }
    assert ask(api_of("amal"), event(data={"order_id": "1", "note": "x"}))["accepted"]
    assert not ask(api_of("amal"), event(schema_version="1.0.0", data={"order_id": "1", "note": "x"}))["accepted"]


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"data": {"order_id": 5}}, "/data/order_id", "data"),
        ({"data": {"order_id": "1", "total": {"amount": "x"}}}, "/data/total/amount", "data"),
        ({"data": {}}, "/data", "data"),
        ({"event_type": "nobody"}, "/event_type", "unknown_family"),
        ({"schema_version": "9.0.0"}, "/schema_version", "unknown_version"),
        ({"timestamp": "yesterday"}, "/timestamp", "envelope"),
    ],
)
def test_a_refusal_says_where_and_why(api_of: Any, more: dict[str, Any], pointer: str, code: str) -> None:
    found = ask(api_of("amal"), event(**more))
    assert not found["accepted"]
    assert (pointer, code) in {(one["pointer"], one["code"]) for one in found["errors"]}, found


def test_what_the_family_requires_of_the_envelope_counts(api_of: Any) -> None:
    bare = {key: value for key, value in event().items() if key != "approval_class"}
    assert [one["pointer"] for one in ask(api_of("amal"), bare)["errors"]] == ["/approval_class"]


def test_a_deprecated_version_is_taken_and_a_retired_one_is_not(api_of: Any) -> None:
    document = schema_document("1.0.0")
    for state, taken in (("deprecated", True), ("retired", False)):
        signed(changed(document, to_state=state))
        assert ask(api_of("amal"), event(schema_version="1.0.0"))["accepted"] is taken
    signed(changed(family_document(envelope={"required": [], "tenants": ["other"], "sources": []})))
    assert not ask(api_of("amal"), event())["accepted"], "the policy of the family counts at once"


def test_many_are_answered_line_by_line_with_a_handful_of_queries(api_of: Any) -> None:
    lines = [orjson.dumps(event()), b"{not json", orjson.dumps(event(data={})), b"5", b"", orjson.dumps(event())] * 50

    api = api_of("amal")
    with CaptureQueriesContext(connection) as caught:
        answer = api.post(ADDRESS, b"\n".join(lines), content_type="application/x-ndjson")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/x-ndjson"
    found = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [one["accepted"] for one in found] == [True, False, False, False, True] * 50
    assert found[1]["errors"][0]["code"] == "not_json"
    assert len(caught) < 20


def nested(levels: int) -> dict[str, Any]:
    deep: dict[str, Any] = {}
    for _level in range(levels):
        deep = {"a": deep}
    return deep


@pytest.mark.parametrize("address", [ADDRESS, "/api/v1/changes/", "/api/v1/connectors/", "/api/v1/changes/validate/"])
def test_a_body_that_is_too_deep_is_refused_wherever_it_is_sent(api_of: Any, address: str) -> None:
    for levels in (101, 900, 1_500):
        text = b'{"a":' * levels + b"1" + b"}" * levels
        body = b'{"kind": "runtime_tool", "key": "a", "event": ' + text + b', "document": ' + text + b"}"
        assert api_of("amal").post(address, body, content_type="application/json").status_code == 400


def test_a_line_that_is_too_deep_is_one_refusal_among_others(api_of: Any) -> None:
    lines = [b'{"a":' * levels + b"1" + b"}" * levels for levels in (900, 1_500)] + [orjson.dumps(event())]
    answer = api_of("amal").post(ADDRESS, b"\n".join(lines), content_type="application/x-ndjson")
    assert [orjson.loads(line)["accepted"] for line in answer.content.splitlines()] == [False, False, True]


@pytest.mark.parametrize("body", [{}, {"event": None}, {"event": 5}, {"event": {}}, {"events": []}, [], 5])
def test_bad_bodies_are_answered_and_never_an_error_of_the_server(api_of: Any, body: Any) -> None:
    answer = api_of("amal").post(ADDRESS, body, format="json")
    assert answer.status_code in (200, 400, 422), answer.content
    if answer.status_code == 200:
        assert answer.json()["accepted"] is False


def test_it_needs_a_token(client: Any) -> None:
    assert client.post(ADDRESS, {"event": {}}, content_type="application/json").status_code == 401


def test_hostile_events_end_in_bounded_time(api_of: Any) -> None:
    for data in (nested(60), {"order_id": "x" * 200_000}, {f"k{number}": 1 for number in range(5_000)}):
        found = ask(api_of("amal"), event(data=data))
        assert len(found["errors"]) <= 20


@pytest.mark.parametrize("mode", [to_structured, to_binary])
def test_a_cloudevent_is_judged_as_it_travels(api_of: Any, mode: Any) -> None:
    for given, accepted in ((event(), True), (event(data={"order_id": 5}), False), (event(tenant_id="Straße €"), True)):
        headers, body = mode(given)
        kind = headers.pop("content-type")
        answer = api_of("amal").post(ADDRESS, body, content_type=kind, headers=headers)
        assert (answer.status_code, answer.json()["accepted"]) == (200, accepted), answer.content
        assert answer.json()["version"] == "1.1.0"


def test_a_batch_of_cloudevents_is_answered_one_by_one(api_of: Any) -> None:
    headers, body = to_batch([event(), event(data={}), event()])
    odd = orjson.dumps([*orjson.loads(body), 5, {"specversion": "0.3"}])
    answer = api_of("amal").post(ADDRESS, odd, content_type=headers["content-type"])
    assert [one["accepted"] for one in answer.json()] == [True, False, True, False, False]
    assert {one.rule: one.seen for one in RefusedEvents.objects.all()} == {"required": 1, "not_cloudevent": 2}
    assert api_of("amal").post(ADDRESS, b"{}", content_type=BATCH).status_code == 400
    assert (
        api_of("amal")
        .post(ADDRESS, b"{}", content_type="application/json", headers={"ce-specversion": "%ff"})
        .status_code
        == 400
    )


def test_no_answer_is_kept_for_a_repeat(api_of: Any) -> None:
    answer = api_of("amal").post(ADDRESS, {"event": event()}, format="json", headers={"Idempotency-Key": "a"})
    assert answer.status_code == 422
