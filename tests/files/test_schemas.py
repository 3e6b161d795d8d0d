"""The published JSON Schemas: what the serializer takes they take, and what they refuse it refuses."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from io import StringIO
from typing import Any

import jsonschema_rs
import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from portal.files.layout import STATE, arranged, file_of
from portal.files.reading import read
from portal.files.schemas import names, schema_named
from portal.refusals import Missing
from portal.registry import kinds
from tests.documents import data_movement_document, runtime_tool_document
from tests.doors.stage import DOCUMENTS
from tests.people import team

pytestmark = pytest.mark.django_db
KINDS = sorted(DOCUMENTS)
Schema = dict[str, Any]


def validator(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(schema_named(name))


@pytest.mark.parametrize("name", names())
def test_it_is_sound(name: str) -> None:
    jsonschema_rs.meta.validate(schema_named(name))
    assert schema_named(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    json.dumps(schema_named(name))


@pytest.mark.parametrize("kind", KINDS)
def test_it_takes_what_the_serializer_takes(kind: str) -> None:
    team("crm-team")
    document, problems = kinds.get(kind).check(DOCUMENTS[kind]())
    assert not problems
    for name in (kind, kinds.get(kind).collection):
        validator(name).validate(document)
        validator(name).validate(read(file_of(kinds.get(kind), document, "active")))


def test_the_state_stands_in_the_file_and_in_no_document() -> None:
    assert not [kind.name for kind in kinds.all_kinds() if STATE in kind.serializer().fields]
    deprecated = {STATE: "deprecated"} | runtime_tool_document()
    assert validator("runtime_tool").is_valid(deprecated)
    assert not validator("runtime_tool").is_valid(deprecated | {STATE: "retired"})
    assert not validator("decision").is_valid({STATE: "deprecated"} | DOCUMENTS["decision"]())


def planted(schema: Schema, value: Any, put: Callable[[Any], Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Whole documents with one fault each, made from what the schema says of every place."""
    if schema.get("type") == "object" and "properties" in schema and isinstance(value, dict):
        for name in schema.get("required", []):
            yield f"{path}.{name} is missing", put({key: one for key, one in value.items() if key != name})
        yield f"{path} has an unknown key", put(value | {"nobody_knows": 1})
        for name, inner in schema["properties"].items():
            if name in value:
                yield from planted(
                    inner, value[name], lambda one, name=name: put(value | {name: one}), f"{path}.{name}"
                )
        return
    if schema.get("type") == "array":
        yield f"{path} is no list", put("no list")
        if schema.get("minItems"):
            yield f"{path} is empty", put([])
        if "maxItems" in schema and value:
            yield f"{path} is too long", put([deepcopy(value[0]) for _ in range(schema["maxItems"] + 1)])
        for number, one in enumerate(value[:1]):

            def within(inner: Any, number: int = number) -> Any:
                return put([*value[:number], inner, *value[number + 1 :]])

            yield from planted(schema["items"], one, within, f"{path}[{number}]")
    elif "enum" in schema:
        yield f"{path} is none of the choices", put("none-of-them")
    elif schema.get("type") == "string":
        yield f"{path} is no text", put({"a": 1})
        if schema.get("minLength"):
            yield f"{path} is empty", put("")
        if "maxLength" in schema:
            yield f"{path} is too long", put("x" * (schema["maxLength"] + 1))
        if "pattern" in schema and "\x07" not in schema["pattern"] and not jsonschema_rs.is_valid(schema, "–\x07"):
            yield f"{path} looks otherwise", put("–\x07")
    elif schema.get("type") in ("integer", "number"):
        yield f"{path} is no number", put("many")
        if "minimum" in schema:
            yield f"{path} is too small", put(schema["minimum"] - 1)
        if "maximum" in schema:
            yield f"{path} is too large", put(schema["maximum"] + 1)
    elif schema.get("type") == "boolean":
        yield f"{path} is neither true nor false", put("perhaps")


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_refuses_the_serializer_refuses_too(kind: str) -> None:
    team("crm-team")
    document = kinds.get(kind).check(DOCUMENTS[kind]())[0]
    judge = validator(kind)
    faults = list(planted(schema_named(kind), document, lambda one: one))
    assert len(faults) > 15
    for told, faulty in faults:
        assert not judge.is_valid(faulty), f"the schema takes it: {told}"
    # The serializer takes its time: some of very many.
    for told, faulty in faults[:: len(faults) // 100 + 1]:
        assert kinds.get(kind).check(faulty)[1], f"the serializer takes it: {told}"


def test_a_file_is_in_the_order_of_the_form() -> None:
    found = arranged({"b": 1, "zz": {"type": 1, "$id": 2}, "a": 2, "c": 3}, {"a": {}, "b": {}})
    assert list(found) == ["a", "b", "c", "zz"]
    assert list(found["zz"]) == ["$id", "type"]
    written = file_of(kinds.get("runtime_tool"), runtime_tool_document(), "deprecated").decode()
    heads = [line for line in written.splitlines() if line[0] not in " -"]
    assert heads[0] == "# yaml-language-server: $schema=http://127.0.0.1:8000/api/v1/schemas/runtime_tool.json"
    assert [head.split(":")[0] for head in heads[1:5]] == ["state", "key", "name", "description"]


def test_editors_read_it_without_a_token() -> None:
    answer = APIClient().get("/api/v1/schemas/connectors.json")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/schema+json"
    judge = jsonschema_rs.Draft202012Validator(answer.json())
    assert judge.is_valid(runtime_tool_document())
    assert judge.is_valid(data_movement_document())
    both_faulty = runtime_tool_document() | {"data_movement": {}}
    assert not judge.is_valid(both_faulty)
    neither = runtime_tool_document()
    del neither["runtime_tool"]
    assert not judge.is_valid(neither)
    missing = APIClient().get("/api/v1/schemas/nothing.json")
    assert missing.status_code == 404
    assert missing["Content-Type"] == "application/problem+json"
    assert APIClient().post("/api/v1/schemas/connectors.json").status_code in (401, 403, 405)


def test_the_schema_says_what_the_form_says() -> None:
    schema = schema_named("runtime_tool")
    assert schema["title"] == "Runtime tool"
    retry = schema["properties"]["facets"]["properties"]["retry"]["properties"]
    assert retry["max_attempts"] == {
        "title": "Attempts at most",
        "description": "The first try included; 1 means no retry.",
        "type": "integer",
        "minimum": 1,
        "maximum": 50,
    }
    assert retry["backoff"]["enum"] == ["none", "fixed", "exponential"]
    assert "facets" in schema["required"]
    with pytest.raises(Missing):
        schema_named("nothing")


def test_the_command_prints_it() -> None:
    out = StringIO()
    call_command("registry", "schema-of", "connectors", stdout=out)
    assert json.loads(out.getvalue()) == schema_named("connectors")
