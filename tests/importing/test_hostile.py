"""Nothing that anybody may write makes an import fail otherwise than in words, in bounded time and memory; nothing is fetched."""

import json
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from connectors.importing.service import FORMATS, Imported, imported
from connectors.rules import schema_problem
from portal.refusals import Invalid
from portal.registry.documents import bounds_problem, canonical
from tests.importing.reading import FILES, told

pytestmark = pytest.mark.django_db
DEEP: Any = "leaf"
for _ in range(45):
    DEEP = [DEEP]
BAD: list[Any] = [
    None, True, -1, 2**70, 1e300, float("inf"), "", "\x00", "\ud800", "x" * 20_000, "${{7*7}}", "../../etc/passwd",
    "http://169.254.169.254/latest", [], {}, [[]], [{}], [None], {"": {}}, DEEP, {"$ref": "#"}, {"$ref": "#/a"}, ["a"] * 500,
]  # fmt: skip
OPENAPI: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"title": "T", "version": "1.0.0"},
    "servers": [{"url": "https://{a}.example", "variables": {"a": {"default": "b"}}}],
    "security": [{"k": []}],
    "paths": {
        "/p/{id}": {
            "parameters": [{"$ref": "#/components/parameters/P"}],
            "post": {
                "operationId": "o", "tags": ["t"], "summary": "s",
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "string", "enum": ["a"], "nullable": True}}],
                "requestBody": {"required": True,
                                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}}},
                "responses": {"200": {"description": "d", "content": {"application/json": {"schema": {"type": "array"}}}},
                              "404": {"description": "n"}},
            },
        }
    },
    "components": {
        "parameters": {"P": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}},
        "schemas": {"S": {"type": "object", "required": ["a"],
                          "properties": {"a": {"allOf": [{"$ref": "#/components/schemas/S"}]}},
                          "additionalProperties": False}},
        "securitySchemes": {"k": {"type": "apiKey", "in": "header", "name": "K"}},
    },
}  # fmt: skip
VALID: dict[str, dict[str, Any]] = {
    "openapi": OPENAPI,
    "openapi-3.1": OPENAPI | {"openapi": "3.1.0"},
    "mcp": json.loads((FILES / "mcp" / "schema-2025-05.json").read_text()),
    "mcp-meta": json.loads((FILES / "mcp" / "remote-and-packages.json").read_text())
    | {"_meta": {"io.modelcontextprotocol.registry/publisher-provided": {"connector": {
        "key": "k", "name": "n", "owner": "o", "credential_ref": "env:A", "facade": {"module": "m", "npm_packages": ["a"]}}}}},
    "mcp-variables": json.loads((FILES / "mcp" / "header-with-variable.json").read_text()),
    "airbyte": {"data": {
        "name": "N", "connectorType": "source", "definitionId": "d", "dockerRepository": "a/b", "dockerImageTag": "1.0.0",
        "allowedHosts": {"hosts": ["h"]}, "suggestedStreams": {"streams": ["s"]}, "supportLevel": "certified",
        "remoteRegistries": {"pypi": {"enabled": True, "packageName": "p"}}, "documentationUrl": "https://d.example",
        "releases": {"breakingChanges": {"1.0.0": {"message": "m", "upgradeDeadline": "2026-01-01", "scopedImpact": [
            {"scopeType": "stream", "impactedScopes": ["s"]}]}}}}},
}  # fmt: skip


def spoilt(body: Any) -> Iterator[Any]:
    """The body with each part of it replaced by each bad value, and with each key by a bad one."""

    def places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            yield (*path, key)
            yield from places(value[key], (*path, key))

    for path in places(body, ()):
        for bad in BAD:
            copy = deepcopy(body)
            at = copy
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = bad
            yield copy
        if isinstance(path[-1], str):
            copy = deepcopy(body)
            at = copy
            for step in path[:-1]:
                at = at[step]
            at["x\x00\ud800" + "k" * 300] = at.pop(path[-1])
            yield copy


def keepable(found: Imported) -> None:
    """The draft can be kept, and every schema in it is one."""
    assert bounds_problem(found.document) is None
    canonical(found.document)
    for one in found.document.get("facets", {}).get("contract", {}).get("operations", []):
        for name in ("input_schema", "output_schema"):
            assert not schema_problem(one.get(name, True))
    text = json.dumps([found.remarks, found.origin, [vars(one) for one in found.notices]], ensure_ascii=False)
    text.encode()
    assert len(found.remarks) < 250
    assert max(map(len, found.remarks), default=0) <= 300


def read_or_refused(body: Any, form: str) -> Imported | None:
    """What comes of it; None where it is refused, in words and with a place."""
    try:
        return imported(json.dumps(body).encode(), form)
    except Invalid as refused:
        return None if refused.problems and refused.message else pytest.fail("refused without a word")


@pytest.mark.parametrize("name", VALID)
def test_no_part_of_another_type_makes_it_fail(name: str) -> None:
    form = name.partition("-")[0]
    tried = read = 0
    for body in spoilt(VALID[name]):
        tried += 1
        found = read_or_refused(body, form)
        if found is not None:
            read += 1
            keepable(found)
    # Most are read, with what is wrong in them left out.
    assert read > tried * 0.4, (read, tried)


@pytest.fixture
def api(api_of: Callable[..., APIClient]) -> APIClient:
    return api_of("amal")


@pytest.mark.parametrize("name", ["openapi", "mcp-meta", "airbyte"])
def test_through_the_api_each_opens_a_draft_or_is_refused_in_words(api: APIClient, name: str) -> None:
    form = name.partition("-")[0]
    wrong = []
    for number, body in enumerate(spoilt(VALID[name])):
        if number % 11:
            continue
        sent: dict[str, Any] = {"format": form, "content": json.dumps(body), "open": True, "key": f"k{number}"}
        answer = api.post("/api/v1/connectors/import/", sent, format="json")
        if answer.status_code not in (201, 422):
            wrong.append((answer.status_code, answer.content[:300], sent["content"][:300]))
    assert wrong == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=30,
)


@pytest.mark.parametrize("name", ["openapi", "mcp-meta", "airbyte"])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_parts_at_once(name: str, data: st.DataObject) -> None:
    body = deepcopy(VALID[name])
    for _ in range(3):
        at: Any = body
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at))) if isinstance(at, list) else []
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if data.draw(st.integers(0, 3)) == 0 or not isinstance(at[key], dict | list):
                at[key] = data.draw(JSON)
                break
            at = at[key]
    found = read_or_refused(body, name.partition("-")[0])
    if found is not None:
        keepable(found)


def bomb() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]" for n in range(8)]
    return "\n".join(lines)


UNREADABLE: dict[str, bytes] = {
    "a YAML bomb": bomb().encode(),
    "deep JSON": b"[" * 200_000 + b"]" * 200_000,
    "deep mappings": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep YAML": b"- " * 50_000 + b"x",
    "a repeated key": b'{"openapi": "3.0.0", "openapi": "3.1.0"}',
    "a repeated key in YAML": b"data: {}\ndata: {}\n",
    "an unsafe tag": b"data: !!python/object/apply:os.system ['id']\n",
    "a merge key": b"base: {a: 1}\ndata:\n  <<: {b: 2}\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "NUL": b"data: \x00\n",
    "no UTF-8": b"\xff\xfe\x00",
    "a number of a million digits": b'{"name": ' + b"9" * 1_000_000 + b"}",
    "NaN": b'{"name": NaN}',
    "nine megabytes": b'{"name": "' + b"x" * (9 * 1024 * 1024) + b'"}',
    "a million values": b"[" + b"1," * 999_999 + b"1]",
    "half of one": b'{"name": "a.b/c", "remotes": [',
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_refused_at_once(what: str) -> None:
    for form in FORMATS:
        began = time.monotonic()
        with pytest.raises(Invalid) as refused:
            imported(UNREADABLE[what], form)
        assert time.monotonic() - began < 15
        assert refused.value.problems[0].path == "content"
        assert len(refused.value.message) < 500


@pytest.mark.parametrize(
    "what", ["a YAML bomb", "deep JSON", "deep YAML", "a number of a million digits", "nine megabytes"]
)
def test_what_cannot_be_read_takes_no_memory(what: str) -> None:
    tracemalloc.start()
    with pytest.raises(Invalid):
        imported(UNREADABLE[what], "openapi")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100 * 1024 * 1024


def described(**parts: Any) -> bytes:
    return json.dumps(deepcopy(OPENAPI) | parts).encode()


def components(schemas: dict[str, Any], **more: Any) -> bytes:
    return described(components={**OPENAPI["components"], "schemas": schemas, **more})


def output(found: Imported, name: str = "input_schema") -> Any:
    return found.document["facets"]["contract"]["operations"][0][name]


def test_references_that_double_at_every_step_are_never_written_out() -> None:
    both = {
        f"S{n}": {"properties": {side: {"$ref": f"#/components/schemas/S{n + 1}"} for side in "lr"}} for n in range(60)
    }
    began = time.monotonic()
    found = imported(components({**both, "S60": {"type": "string"}, "S": both["S0"]}), "openapi")
    assert time.monotonic() - began < 10
    assert len(output(found)["$defs"]) == 61
    keepable(found)


def test_very_many_references_are_bounded() -> None:
    many = {
        f"S{n}": {"anyOf": [{"$ref": f"#/components/schemas/S{(n * 7 + k) % 5000}"} for k in range(6)]}
        for n in range(5000)
    }
    began = time.monotonic()
    found = imported(components({**many, "S": {"$ref": "#/components/schemas/S1"}}), "openapi")
    assert time.monotonic() - began < 20
    assert told(found, "take anything")
    keepable(found)


def test_many_parts_of_one_name_are_told_apart_quickly() -> None:
    apart = {f"P{n}": {"same": {"type": "string", "maxLength": n}} for n in range(4000)}
    schema = {"anyOf": [{"$ref": f"#/components/schemas/P{n}/same"} for n in range(4000)]}
    began = time.monotonic()
    keepable(imported(components({**apart, "S": schema}), "openapi"))
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "schemas",
    [
        {"S": {"$ref": "#/components/schemas/S"}},
        {"S": {"$ref": "#/components/schemas/T"}, "T": {"$ref": "#/components/schemas/S"}},
        {"S": {"allOf": [{"$ref": "#/components/schemas/T"}]}, "T": {"not": {"$ref": "#/components/schemas/S"}}},
    ],
)
def test_circles_of_references_are_schemas_that_can_be_judged_by(schemas: dict[str, Any]) -> None:
    found = imported(components(schemas), "openapi")
    keepable(found)
    jsonschema_rs.validator_for(output(found)).is_valid({"id": 1, "body": {}})


@pytest.mark.parametrize(
    "pointer",
    ["#/nowhere", "#", "#/paths/0/9", "other.yaml#/A", "file:///etc/passwd", "https://evil.example/s.json", "//evil/x", "",
     "#/components/schemas/S/properties/a/allOf/99", "#/" + "a/" * 5000, "#/components/schemas/%F0%9F", "#/~2~"],
)  # fmt: skip
def test_references_out_of_the_file_or_to_nowhere_are_told_and_take_anything(pointer: str) -> None:
    found = imported(components({"S": {"properties": {"a": {"$ref": pointer}}}}), "openapi")
    assert found.remarks
    keepable(found)
    assert output(found)["$defs"]["S"]["properties"]["a"] is True


def test_parameters_and_answers_that_refer_to_themselves_are_left_out() -> None:
    circle = {"P": {"$ref": "#/components/parameters/Q"}, "Q": {"$ref": "#/components/parameters/P"}}
    found = imported(described(components={**OPENAPI["components"], "parameters": circle}), "openapi")
    assert told(found, "leads back to itself")
    keepable(found)


def test_nothing_is_ever_fetched_or_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_more: Any) -> None:
        raise AssertionError("An import asked somebody.")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    for path in sorted((FILES / "mcp").glob("*.json")):
        if path.stem != "bare-name-only":
            imported(path.read_bytes(), "mcp")
    imported(components({"S": {"$ref": "https://evil.example/s.json"}}), "openapi")


def test_an_address_of_the_inside_is_taken_down_and_refused_by_the_rules() -> None:
    found = imported(described(servers=[{"url": "http://169.254.169.254/latest"}]), "openapi")
    assert "runtime_tool.endpoint" in [problem.path for problem in found.problems]


def test_letters_that_cannot_be_kept_are_replaced_and_told() -> None:
    found = imported(rb'{"name": "a.b/c", "description": "x\u0000y\ud800z", "remotes": []}', "mcp")
    assert found.document["description"] == "x\ufffdy\ufffdz"
    assert told(found, "1 texts held letters")
