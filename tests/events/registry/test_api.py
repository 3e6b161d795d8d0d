"""The de-facto registry API: what clients may expect of it, and that nothing gets around the approvals."""

import base64
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from events.models import EventFamily, EventSchema
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from portal.refusals import Invalid
from tests.events.registering import SCHEMA, changed, family, schema_document, signed, version
from tests.events.test_registry import with_field, without
from tests.people import actor
from tests.registering import EVIDENCE

pytestmark = pytest.mark.django_db
TYPE = "application/vnd.schemaregistry.v1+json"
S = "/registry/subjects/order-placed-value"


@pytest.fixture
def line() -> None:
    family()
    version()
    version("1.1.0", with_field())


def sent(api: APIClient, verb: str, address: str, body: Any = None, status: int = 200, **more: Any) -> Any:
    data = {} if body is None else {"data": orjson.dumps(body), "content_type": TYPE}
    answer = getattr(api, verb)(address, **data, **more)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith(TYPE)
    return answer.json()


def asked(schema: Any, **more: Any) -> dict[str, Any]:
    return {"schema": schema if isinstance(schema, str) else orjson.dumps(schema).decode(), "schemaType": "JSON"} | more


@pytest.mark.usefixtures("line")
def test_what_is_registered_is_found_in_every_way(api_of: Any) -> None:
    api, first, second = api_of("vera"), *EventSchema.objects.order_by("id")
    assert sent(api, "get", "/registry/subjects") == ["order-placed-value"]
    assert sent(api, "get", "/registry/subjects?subjectPrefix=pay") == []
    assert sent(api, "get", f"{S}/versions") == [1, 2]
    assert [sent(api, "get", f"{S}/versions?{query}") for query in ("limit=1", "offset=1&limit=-1", "offset=5")] == [
        [1], [2], [],
    ]  # fmt: skip
    assert sent(api, "get", f"{S}/versions?limit=x", status=422)["error_code"] == 42202
    assert sent(api, "get", "/registry/subjects?deleted_only=true") == []
    whole = sent(api, "get", f"{S}/versions/1")
    assert (whole["subject"], whole["version"], whole["id"]) == ("order-placed-value", 1, first.pk)
    assert orjson.loads(whole["schema"]) == SCHEMA
    assert "metadata" not in whole
    assert sent(api, "get", f"{S}/versions/latest")["id"] == second.pk
    assert sent(api, "get", f"{S}/versions/-1")["version"] == 2
    assert sent(api, "get", f"{S}/versions/1/schema") == SCHEMA
    assert orjson.loads(sent(api, "get", f"/registry/schemas/ids/{first.pk}")["schema"]) == SCHEMA
    assert sent(api, "get", f"/registry/schemas/ids/{first.pk}/schema") == SCHEMA
    assert sent(api, "get", f"/registry/schemas/ids/{second.pk}/subjects") == ["order-placed-value"]
    assert sent(api, "get", f"/registry/schemas/ids/{second.pk}/versions") == [
        {"subject": "order-placed-value", "version": 2}
    ]
    found = sent(api, "post", S, asked(SCHEMA | {"type": "object"}))
    assert (found["id"], found["version"]) == (first.pk, 1)
    assert sent(api, "get", "/registry/schemas/types") == ["JSON"]
    assert sent(api, "get", "/registry/associations/resources/-/commerce.orders") == []
    assert sent(api, "get", "/registry/contexts") == ["."]


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("subject", ["order-placed", "order-placed-value", "commerce.orders-value"])
def test_a_family_is_found_by_key_and_by_its_channel(api_of: Any, subject: str) -> None:
    assert sent(api_of("vera"), "get", f"/registry/subjects/{subject}/versions") == [1, 2]


def test_a_channel_that_two_families_share_names_none_of_them(api_of: Any) -> None:
    for key in ("order-placed", "order-closed"):
        family(key)
        version(family=key)
    sent(api_of("vera"), "get", "/registry/subjects/commerce.orders-value/versions", status=404)


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    ("verb", "address", "status", "code"),
    [
        ("get", "/registry/subjects/nobody/versions", 404, 40401), ("get", f"{S}/versions/9", 404, 40402),
        ("get", f"{S}/versions/0", 422, 42202), ("get", f"{S}/versions/abc", 422, 42202),
        ("get", f"{S}/versions/99999999999999999999", 422, 42202), ("get", "/registry/schemas/ids/99999", 404, 40403),
        ("get", "/registry/schemas/ids/x", 404, 40403), ("get", "/registry/schemas/ids/99999999999999999999", 404, 40403),
        ("get", "/registry/mode/order-placed-value", 404, 40409), ("get", "/registry/nothing/here", 404, 40401),
        ("get", "/registry/config/nobody", 404, 40401), ("post", "/registry/subjects", 405, 40501),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_in_codes_that_clients_know(
    api_of: Any, verb: str, address: str, status: int, code: int
) -> None:
    found = sent(api_of("amal"), verb, address, status=status)
    assert found["error_code"] == code
    assert found["message"]


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    "body",
    [
        [], 5, {}, asked(5) | {"schema": 5}, asked("{"), asked("[]"), asked("true"), asked(SCHEMA, schemaType="AVRO"),
        asked('{"a":' * 3000 + "1" + "}" * 3000), asked(SCHEMA, more=1),
        asked({"type": "string"}), asked({"type": "object", "properties": {"a": {"type": "nothing"}}}),
        asked({"type": "object", "properties": {"a": {"$ref": "https://x.example/s.json"}}}),
        asked(SCHEMA, references=5), asked(SCHEMA, references=[{"name": 1}]), asked(SCHEMA, metadata={"tags": {}, "a": 1}),
        asked(SCHEMA, ruleSet={"domainRules": []}),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_refused_and_opens_nothing(api_of: Any, body: Any) -> None:
    before = ChangeRequest.objects.count()
    assert sent(api_of("amal"), "post", f"{S}/versions", body, status=422)["error_code"] == 42201
    assert ChangeRequest.objects.count() == before


def test_registering_opens_a_change_once_and_gives_the_id_when_it_is_signed(api_of: Any) -> None:
    family()
    api = api_of("amal")
    for client in (api, api_of("noor"), api):
        assert sent(client, "post", f"{S}/versions", asked(SCHEMA), status=409)["error_code"] == 40950
    found = sent(api, "post", f"{S}/versions", asked(SCHEMA), status=409)
    change = ChangeRequest.objects.get(kind="event_schema")
    assert (change.author.username, change.document["number"], change.key) == ("amal", "1.0.0", "order-placed-v1-0-0")
    assert change.human_id in found["message"]
    assert change.get_absolute_url() in found["message"]
    if change.state == "draft":
        draft = services.Draft(evidence=EVIDENCE)
        services.edit(actor=actor("amal"), change_id=change.pk, draft=draft, now=database_now())
        services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())
    change.refresh_from_db()
    signed(change)
    answer = sent(api, "post", f"{S}/versions", asked(SCHEMA))
    assert (answer["id"], answer["version"]) == (EventSchema.objects.get().pk, 1)
    assert sent(api_of("vera"), "post", S, asked(SCHEMA))["id"] == answer["id"]


@pytest.mark.usefixtures("line")
def test_the_next_version_is_the_next_minor_and_open_ones_count(api_of: Any) -> None:
    for name in ("a", "b"):
        schema = with_field() | {"title": name}
        sent(api_of("amal"), "post", f"{S}/versions", asked(schema), status=409)
    changed(schema_document("2.0.0", without("total"), migration_note="Send less.", deadline="2027-01-31"))
    sent(api_of("amal"), "post", f"{S}/versions", asked(with_field() | {"title": "c"}), status=409)
    numbers = [one.document["number"] for one in ChangeRequest.objects.filter(state__in=["draft", "in_review"])]
    assert sorted(numbers) == ["1.2.0", "1.3.0", "1.4.0", "2.0.0"], "a new major that waits is not taken for granted"


@pytest.mark.usefixtures("line")
def test_a_break_is_a_conflict_that_says_why_and_opens_nothing(api_of: Any) -> None:
    breaking = SCHEMA | {"required": ["order_id", "total"]}
    before = ChangeRequest.objects.count()
    found = sent(api_of("amal"), "post", f"{S}/versions", asked(breaking), status=409)
    assert found["error_code"] == 40901
    assert "required" in found["message"]
    assert ChangeRequest.objects.count() == before


@pytest.mark.usefixtures("line")
def test_compatibility_is_asked_by_the_mode_and_explained_if_wanted(api_of: Any) -> None:
    api, breaking = api_of("vera"), asked(SCHEMA | {"required": ["order_id", "total"]})
    base = "/registry/compatibility/subjects/order-placed-value/versions"
    assert sent(api, "post", f"{base}/latest", asked(with_field())) == {"is_compatible": True}
    assert sent(api, "post", f"{base}/1", breaking) == {"is_compatible": False}
    found = sent(api, "post", f"{base}?verbose=true", breaking)
    assert found["is_compatible"] is False
    assert any("required" in one for one in found["messages"])
    assert sent(api, "post", f"{base}/latest", asked({"type": 5}), status=422)["error_code"] == 42201
    assert sent(api, "post", f"{base}/9", breaking, status=404)["error_code"] == 40402


@pytest.mark.usefixtures("line")
def test_the_level_is_the_mode_of_the_family_and_changes_by_a_change(api_of: Any) -> None:
    api = api_of("amal")
    assert sent(api, "get", "/registry/config/order-placed-value") == {"compatibilityLevel": "BACKWARD"}
    assert sent(api, "get", "/registry/config") == {"compatibilityLevel": "BACKWARD"}
    assert sent(api, "put", "/registry/config/order-placed", {"compatibility": "BACKWARD"}) == {
        "compatibility": "BACKWARD"
    }
    for _time in range(2):
        found = sent(api, "put", "/registry/config/order-placed", {"compatibility": "FULL"}, status=409)
        assert found["error_code"] == 40950
    assert ChangeRequest.objects.filter(kind="event_family", state__in=["draft", "in_review"]).count() == 1
    assert EventFamily.objects.get().compatibility == "BACKWARD"
    bodies: list[Any] = [{"compatibility": "SOME"}, {}, [], {"compatibility": ["FULL"]}]
    for body in [*bodies, {"compatibility": "FULL", "alias": "x"}]:
        code = sent(api, "put", "/registry/config/order-placed", body, status=422)["error_code"]
        assert code in (42201, 42203)
    assert sent(api, "put", "/registry/config", {"compatibility": "FULL"}, status=422)["error_code"] == 42205
    assert sent(api, "delete", "/registry/config/order-placed", status=422)["error_code"] == 42205
    assert sent(api, "get", "/registry/mode") == {"mode": "READWRITE"}
    assert sent(api, "put", "/registry/mode", {"mode": "IMPORT"}, status=422)["error_code"] == 42205


@pytest.mark.usefixtures("line")
def test_deleting_retires_by_a_change_and_erases_nothing(api_of: Any) -> None:
    api, first = api_of("amal"), EventSchema.objects.earliest("id")
    found = sent(api, "delete", f"{S}/versions/1", status=409)
    assert (found["error_code"], first.state) == (40950, "active")
    change = ChangeRequest.objects.get(state__in=["draft", "in_review"])
    assert (change.key, change.to_state) == (first.key, "retired")
    services.withdraw(actor=actor("amal"), change_id=change.pk, now=database_now())
    signed(changed(schema_document(), to_state="retired"))
    assert sent(api, "delete", f"{S}/versions/1") == 1
    assert sent(api, "delete", f"{S}/versions/1?permanent=true", status=422)["error_code"] == 42205
    assert sent(api, "get", f"{S}/versions") == [2]
    assert sent(api, "get", f"{S}/versions?deleted=true") == [1, 2]
    assert sent(api, "get", f"{S}/versions?deleted_only=true") == [1]
    assert sent(api, "get", f"{S}/versions/1", status=404)["error_code"] == 40406
    assert sent(api, "get", f"{S}/versions/1?deleted=true")["id"] == first.pk
    assert orjson.loads(sent(api, "get", f"/registry/schemas/ids/{first.pk}")["schema"]) == SCHEMA
    assert sent(api, "post", S, asked(SCHEMA), status=404)["error_code"] == 40403


def test_references_are_told_and_taken_by_name(api_of: Any) -> None:
    family("money")
    money = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}
    version("1.0.0", money, family="money")
    family()
    version()
    referring = SCHEMA | {"properties": SCHEMA["properties"] | {"fee": {"$ref": "money.json"}}}
    body = asked(referring, references=[{"name": "money.json", "subject": "money", "version": 1}])
    sent(api_of("amal"), "post", f"{S}/versions", body, status=409)
    change = ChangeRequest.objects.get(state__in=["draft", "in_review"])
    assert change.document["schema"]["properties"]["fee"] == {"$ref": "../money/1.0.0.json"}
    services.withdraw(actor=actor("amal"), change_id=change.pk, now=database_now())
    standing = version("1.1.0", change.document["schema"])
    api = api_of("vera")
    assert sent(api, "post", S, body)["references"] == [
        {"name": "../money/1.0.0.json", "subject": "money-value", "version": 1}
    ]
    assert sent(api, "get", "/registry/subjects/money/versions/1/referencedby") == [standing.pk]
    unknown = asked(referring, references=[{"name": "money.json", "subject": "money", "version": 7}])
    assert sent(api, "post", S, unknown, status=404)["error_code"] == 40402


@pytest.mark.usefixtures("line")
def test_a_later_version_of_an_older_major_is_not_the_latest(api_of: Any) -> None:
    version("2.0.0", SCHEMA | {"title": "new"}, migration_note="Move.", deadline="2027-01-31")
    version("1.2.0", with_field() | {"title": "old"})
    api = api_of("vera")
    assert sent(api, "get", f"{S}/versions") == [1, 2, 3, 4]
    assert sent(api, "get", f"{S}/versions/latest")["version"] == 3


@pytest.mark.usefixtures("line")
def test_who_may_do_what_is_the_one_table(api_of: Any, token_of: Any, client: Any) -> None:
    vera = api_of("vera")
    assert sent(vera, "post", f"{S}/versions", asked(with_field() | {"title": "x"}), status=403)["error_code"] == 40301
    assert sent(vera, "put", "/registry/config/order-placed", {"compatibility": "FULL"}, status=403)["message"]
    sent(vera, "delete", f"{S}/versions/1", status=403)
    answer = client.get("/registry/subjects")
    assert (answer.status_code, answer.json()["error_code"]) == (401, 40101)
    assert "Basic" in answer["WWW-Authenticate"]
    token = token_of("vera")
    for given, status in (
        (f"vera:{token}", 200), (f"amal:{token}", 401), (f":{token}", 401), ("vera:portal-demo", 401), ("vera", 401),
    ):  # fmt: skip
        header = "Basic " + base64.b64encode(given.encode()).decode()
        assert client.get("/registry/subjects", headers={"Authorization": header}).status_code == status, given
    for header in ("Basic", "Basic !!", "Basic /w==", "Bearer"):
        assert client.get("/registry/subjects", headers={"Authorization": header}).status_code == 401


@pytest.mark.usefixtures("line")
def test_media_types_of_clients_are_read_and_others_refused(api_of: Any) -> None:
    body = orjson.dumps(asked(SCHEMA))
    for given in (TYPE, "application/json", "application/vnd.schemaregistry+json", "application/octet-stream"):
        assert api_of("vera").post(S, body, content_type=given, headers={"Accept": "text/html"}).status_code == 200
    answer = api_of("vera").post(S, body, content_type="text/xml")
    assert (answer.status_code, answer.json()["error_code"]) == (415, 41501)
    answer = api_of("vera").post(S, b"{", content_type=TYPE)
    assert (answer.status_code, answer.json()["error_code"]) == (400, 40001)


@pytest.mark.parametrize("address", ["/registry/subjects/a%00b/versions", "/registry/subjects?subjectPrefix=%00"])
def test_a_nul_in_the_address_is_a_bad_request(api_of: Any, address: str) -> None:
    assert api_of("vera").get(address).status_code == 400


def draft(key: str, number: str) -> None:
    """A junk draft, as anybody who proposes can leave one."""
    document = schema_document("1.0.0") | {"number": number, "key": key}
    services.propose(
        actor=actor("noor"),
        kind_name="event_schema",
        key=key,
        draft=services.Draft(document=document),
        now=database_now(),
    )


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    ("key", "number"),
    [("order-placed-vx", "x"), ("order-placed-v7", "7"), ("order-placed-v1-99999-0", "1.99999.0"),
     ("order-placed-v99999-0-0", "99999.0.0")],
)  # fmt: skip
def test_a_junk_draft_holds_nobody_up(api_of: Any, client_of: Any, key: str, number: str) -> None:
    draft(key, number)
    found = sent(api_of("amal"), "post", f"{S}/versions", asked(with_field() | {"title": "x"}), status=409)
    assert found["error_code"] == 40950
    assert client_of("amal").get("/event-schemas/new/?family=order-placed").status_code == 200
    assert ChangeRequest.objects.filter(key="order-placed-v1-2-0").exists()


@pytest.mark.usefixtures("line")
def test_a_number_that_cannot_be_kept_is_refused_before_anything_is_opened(api_of: Any) -> None:
    before = ChangeRequest.objects.count()
    schema = {"type": "object", "properties": {"order_id": {"type": "number", "maximum": 1e20}}}
    sent(api_of("amal"), "post", f"{S}/versions", asked(schema), status=422)
    assert ChangeRequest.objects.count() == before


def test_five_and_five_point_nothing_are_one_schema(api_of: Any) -> None:
    family()
    version("1.0.0", {"type": "object", "properties": {"a": {"maximum": 5.0}}})
    schema = {"type": "object", "properties": {"a": {"maximum": 5}}}
    assert sent(api_of("amal"), "post", f"{S}/versions", asked(schema))["version"] == 1
    assert sent(api_of("amal"), "post", S, asked(schema | {"minProperties": True}), status=404)["error_code"] == 40403


@pytest.mark.usefixtures("line")
def test_numbers_without_end_and_with_leading_zeros_lead_nowhere(api_of: Any) -> None:
    for address in (f"../order-placed/1.0.{'1' * 5_000}.json", "../order-placed/01.00.0.json"):
        schema = {"type": "object", "properties": {"a": {"$ref": address}}}
        sent(api_of("amal"), "post", f"{S}/versions", asked(schema), status=422)
    names = [{"name": "x", "subject": "order-placed", "version": "000000000001" + "0" * 5_000}]
    assert (
        sent(api_of("amal"), "post", f"{S}/versions", asked(SCHEMA, references=names), status=422)["error_code"]
        == 42202
    )


def test_a_family_that_is_called_like_a_subject_takes_no_other_ones_place(api_of: Any) -> None:
    for key in ("order-placed", "order-placed-value"):
        family(key, channel=key)
        version(family=key)
    first, second = EventSchema.objects.order_by("id")
    api = api_of("vera")
    for one in (first, second):
        (name,) = sent(api, "get", f"/registry/schemas/ids/{one.pk}/subjects")
        assert sent(api, "get", f"/registry/subjects/{name}/versions/latest")["id"] == one.pk


def test_what_others_stand_on_is_not_retired(api_of: Any) -> None:
    family("money")
    version("1.0.0", SCHEMA, family="money")
    family()
    version("1.0.0", {"type": "object", "properties": {"fee": {"$ref": "../money/1.0.0.json"}}})
    money = schema_document("1.0.0", SCHEMA, "money")
    signed(changed(money, to_state="deprecated"))
    with pytest.raises(Invalid) as caught:
        changed(money, to_state="retired")
    assert [(one.path, one.code) for one in caught.value.problems] == [("to_state", "referred_to")]
    assert "order-placed 1.0.0" in caught.value.problems[0].message
    own = schema_document("1.0.0", {"type": "object", "properties": {"fee": {"$ref": "../money/1.0.0.json"}}})
    for state in ("deprecated", "retired"):
        signed(changed(own, to_state=state))
    signed(changed(money, to_state="retired"))


@pytest.mark.usefixtures("line")
def test_other_addresses_are_not_there_whatever_the_verb(api_of: Any) -> None:
    assert sent(api_of("vera"), "post", "/registry/zzz", {}, status=404)["error_code"] == 40401
