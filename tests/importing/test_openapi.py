"""OpenAPI documents of over a hundred operations become contracts that hold."""

import io
import time
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from connectors.contract import ContractFacet
from connectors.importing.service import Imported, imported
from connectors.rules import schema_problem
from portal.refusals import Invalid
from portal.registry.documents import MAX_BYTES, canonical
from tests.importing.described import DESCRIPTIONS, bank, clinic, forest, office, shop
from tests.importing.reading import told

pytestmark = pytest.mark.django_db


@cache
def own() -> bytes:
    """The description of this very portal."""
    out = io.StringIO()
    call_command("spectacular", stdout=out)
    return out.getvalue().encode()


def operations(found: Imported) -> dict[str, Any]:
    return {one["name"]: one for one in found.document["facets"]["contract"]["operations"]}


@pytest.mark.parametrize("name", [*DESCRIPTIONS, "own"])
def test_each_has_over_a_hundred_operations_and_makes_a_sound_contract(name: str) -> None:
    content = own() if name == "own" else DESCRIPTIONS[name]()
    root = yaml.load(content, Loader=yaml.CSafeLoader)
    methods = ("get", "put", "post", "patch", "delete", "head", "options", "trace")
    described = sum(method in methods for path in root["paths"].values() for method in path)
    assert described > 100
    began = time.monotonic()
    found = imported(content, "openapi")
    assert time.monotonic() - began < 20
    assert found.kind == "runtime_tool"
    assert len(canonical(found.document)) < MAX_BYTES
    made = found.document["facets"]["contract"]["operations"]
    assert 100 < len(made) <= 200
    for one in made:
        for schema in (one.get("input_schema", True), one.get("output_schema", True)):
            assert not schema_problem(schema)
            # The judgement of another implementation.
            jsonschema.Draft202012Validator.check_schema(schema)
    if name != "office":
        assert "contract" in found.filled, found.problems[:3]
        assert ContractFacet(data=found.document["facets"]["contract"]).is_valid()
    assert set(found.missing) >= {"retry", "timeout", "idempotency_key", "rollback_notes", "approval_policy_hook"}
    assert told(found, "Look over the effects")


def test_an_operation_says_what_it_does_takes_answers_and_refuses() -> None:
    found = imported(shop(), "openapi")
    made = operations(found)
    one = made["getResource3"]
    assert one["effect"] == "read"
    assert one["description"] == "GET /resources3/{id}"
    assert made["listResource0"]["description"] == "Lists resources0 (GET /resources0)"
    assert one["input_schema"] == {
        "type": "object",
        "properties": {"id": {"type": "integer", "description": "Which one"}},
        "required": ["id"],
    }
    assert one["output_schema"]["$ref"] == "#/$defs/Resource3"
    assert one["errors"] == [
        {"code": "404", "meaning": "There is none of this number.", "retryable": False},
        {"code": "429", "meaning": "Too many calls.", "retryable": True},
        {"code": "503", "meaning": "Down for maintenance.", "retryable": True},
        {"code": "default", "meaning": "Something else.", "retryable": False},
    ]
    assert made["putResource3"]["effect"] == "write"
    assert made["putResource3"]["input_schema"]["required"] == ["id", "body"]
    assert made["dropResource3"]["output_schema"] == {"type": "null"}
    assert all(not one["external_side_effect"] for one in made.values())
    assert found.document["runtime_tool"] == {
        "transport": "http",
        "endpoint": "https://eu.shop.example/v2",
        "credential_ref": "env:SHOP_OF_EVERYTHING_KEY",
    }
    assert found.document["facets"]["version"] == {"number": "2.3.1"}


def test_what_3_0_said_otherwise_is_said_as_in_2020_12() -> None:
    schema = operations(imported(shop(), "openapi"))["getResource3"]["output_schema"]
    properties = schema["$defs"]["Resource3"]["properties"]
    assert properties["note"] == {"type": ["string", "null"]}
    assert properties["price"] == {"type": "number", "exclusiveMinimum": 0}
    assert properties["kind"] == {"type": ["string", "null"], "enum": ["plain", "odd", None]}
    assert properties["rank"] == {"type": "integer"}
    assert properties["parent"] == {"anyOf": [{"allOf": [{"$ref": "#/$defs/Resource3"}]}, {"type": "null"}]}
    judge = jsonschema.Draft202012Validator(schema)
    assert judge.is_valid({"id": 1, "name": "a", "note": None, "parent": None, "next": {"id": 2, "name": "b"}})
    assert not judge.is_valid({"id": 1, "name": "a", "price": 0})
    assert not judge.is_valid({"id": 1, "name": "a", "next": {"id": "2", "name": "b"}})


def test_shared_parts_are_followed() -> None:
    made = operations(imported(bank(), "openapi"))
    listed = made["get_branch-3_accounts_account_orders"]
    assert listed["description"].startswith("All orders. Newest first. (GET /branch-3")
    assert set(listed["input_schema"]["properties"]) == {"account", "X-Trace", "filter"}
    assert listed["input_schema"]["required"] == ["account"]
    assert set(listed["output_schema"]["$defs"]) == {"Order", "Base", "Money", "Currency"}
    assert listed["errors"] == [{"code": "4XX", "meaning": "Refused.", "retryable": False}]
    posted = made["post_branch-3_accounts_account_orders"]
    assert posted["input_schema"]["properties"]["body"] == {"$ref": "#/$defs/Order"}
    assert [one["retryable"] for one in posted["errors"]] == [False, True]
    assert made["patch_branch-3_accounts_account_orders"]["output_schema"] == {"type": "string"}
    assert made["head_branch-3_accounts_account_orders"]["effect"] == "read"
    found = imported(bank(), "openapi")
    assert told(found, "no whole address")
    assert told(found, "is deprecated")


def test_what_is_new_in_3_1_is_kept() -> None:
    found = imported(clinic(), "openapi")
    one = operations(found)["admit.ward/0"]
    patient = one["output_schema"]["$defs"]["Patient"]
    assert patient["properties"]["ward"] == {"$ref": "#/$defs/Ward", "description": "Where"}
    assert patient["properties"]["pair"]["items"] is False
    assert patient["properties"]["kind"] == {"const": "patient"}
    assert list(patient["patternProperties"]) == ["^x_"]
    assert patient["unevaluatedProperties"] is False
    assert set(one["input_schema"]["properties"]) == {"query.body", "Idempotency-Key", "body"}
    assert told(found, "“query.body” here")
    assert told(found, "2 servers")


def test_recursion_stays_a_reference_and_every_part_stands_once() -> None:
    made = operations(imported(forest(), "openapi"))
    tree = made["look_0"]["output_schema"]
    assert list(tree["$defs"]) == ["Tree"]
    assert jsonschema.Draft202012Validator(tree).is_valid({"children": [{"children": []}]})
    assert not jsonschema.Draft202012Validator(tree).is_valid({"children": [{"children": 1}]})
    assert set(made["look_1"]["output_schema"]["$defs"]) == {"Ping", "Pong"}
    assert set(made["look_2"]["output_schema"]["$defs"]) == {"Animal", "Cat", "Dog"}
    assert len(made["look_3"]["output_schema"]["$defs"]) == 41


def test_names_are_made_sound_and_told_apart_and_gaps_stay_gaps() -> None:
    found = imported(office(), "openapi")
    made = operations(found)
    assert {"book_room", "book_room_2"} <= set(made)
    assert told(found, "“book room” is no name of an operation")
    booked = made["book_room"]
    assert "output_schema" not in booked
    assert "errors" not in made[next(name for name in made if made[name]["description"].startswith("يعرض"))]
    assert "contract" in found.missing
    assert {problem.path.rpartition(".")[2] for problem in found.problems if "operations" in problem.path} == {
        "output_schema",
        "errors",
    }
    assert all(len(one["description"]) <= 500 for one in made.values())
    assert told(found, "no address without path")


def test_only_tags_or_paths_that_are_asked_for_are_taken() -> None:
    assert len(operations(imported(shop(), "openapi", only=["resources3"]))) == 5
    assert len(operations(imported(shop(), "openapi", only=["/resources4", "resources3"]))) == 10
    found = imported(shop(), "openapi", only=["writing"])
    assert len(operations(found)) == 75
    assert told(found, "75 of 125 operations were chosen")
    with pytest.raises(Invalid, match="writing"):
        imported(shop(), "openapi", only=["nothing"])


def test_more_than_a_contract_takes_is_left_out_and_told() -> None:
    found = imported(shop(60), "openapi")
    assert len(operations(found)) == 200
    assert told(found, "It has 300 operations, a contract takes 200")
    assert told(found, "resources0 (5)")


def test_a_document_that_would_be_too_large_loses_prose_and_then_depth_but_no_operation() -> None:
    found = imported(own(), "openapi")
    assert len(operations(found)) == 200
    assert told(found, "without their prose")
    assert told(found, "Still too large")
    found = imported(shop(60, reaches_all=True), "openapi", only=["writing"])
    assert len(operations(found)) == 180
    schema = operations(found)["putResource0"]["output_schema"]
    assert schema["$defs"]["Resource0"]["properties"]["name"] == {"type": "string", "maxLength": 80}
    assert True in schema["$defs"].values()
    assert len(canonical(found.document)) < MAX_BYTES


def test_a_schema_too_large_for_one_takes_anything_where_it_is_farthest() -> None:
    wide = imported(forest(depth=50).replace(b"d" * 200, b"d" * 3000), "openapi")
    assert told(wide, "Look over")
    large = "x" * 200
    many = {f"p{number}{large}": {"type": "string"} for number in range(400)}
    content = yaml.safe_load(forest(4))
    content["components"]["schemas"]["Level7"] = {"type": "object", "properties": many}
    found = imported(yaml.safe_dump(content).encode(), "openapi")
    schema = operations(found)["look_3"]["output_schema"]
    assert schema["$defs"]["Level7"] is True
    assert schema["$defs"]["Level6"] is not True
    assert told(found, "these parts of it take anything: Level7")
    assert not schema_problem(schema)


@pytest.mark.parametrize(
    "content", [b'{"swagger": "2.0", "paths": {}}', b"openapi: 2", b"openapi: [3]", b"paths: {}", b"[]", b"\xff\xfe"]
)
def test_what_is_no_openapi_3_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        imported(content, "openapi")


def test_without_operations_the_contract_is_missing() -> None:
    found = imported(b"openapi: 3.1.0\ninfo: {title: None yet}\npaths: {}", "openapi")
    assert "contract" in found.missing
    assert told(found, "It describes no operation")
