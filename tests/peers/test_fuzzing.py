"""schemathesis throws whatever it can think of at the endpoints that take events and schemas: no 5xx, no hang, bounded memory."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pytest_django.live_server_helper import LiveServer

from tests.peers.conftest import Registry
from tests.peers.tools import needs_python

needs_python("schemathesis")

import schemathesis
from schemathesis.generation import GenerationMode

from tests.events.registering import version

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
SLOWEST_SECONDS = 15.0
MOST_GROWTH_BYTES = 300 * 1024 * 1024
ANY: dict[str, Any] = {}
TEXT = {"type": "string"}
TYPES = ["object", "string", "integer", "number", "boolean", "array", "null"]
INNER: Any = {"$ref": "#/components/schemas/inner"}
# A JSON Schema as the fuzzer makes one; it travels as text, see `throw`.
COMPONENTS: dict[str, Any] = {
    "inner": {
        "type": "object",
        "properties": {
            "type": {"enum": TYPES}, "enum": {"type": "array"}, "const": ANY, "minimum": {"type": "number"},
            "maxLength": {"type": "integer"}, "pattern": TEXT, "required": {"type": "array", "items": TEXT},
            "properties": {"type": "object", "additionalProperties": INNER}, "items": INNER, "not": INNER,
            "anyOf": {"type": "array", "items": INNER}, "additionalProperties": {"type": "boolean"},
            "$ref": {"enum": ["#", "#/properties/a", "../order-placed/1.0.0.json", "../x/1.0.0.json", "http://x.example"]},
        },
    },
    "written": {
        "type": "object",
        "properties": {
            "type": {"const": "object"}, "required": {"type": "array", "items": TEXT, "maxItems": 3},
            "properties": {"type": "object", "additionalProperties": INNER}, "additionalProperties": {"type": "boolean"},
        },
        "required": ["type", "properties"],
    },
}  # fmt: skip
WRITTEN = {"$ref": "#/components/schemas/written"}
SCHEMA_BODY = {
    "type": "object",
    "properties": {
        "schema": {"anyOf": [WRITTEN, TEXT]},
        "schemaType": {"enum": ["JSON", "AVRO"]},
        "references": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": TEXT, "subject": TEXT, "version": ANY}},
        },
    },
    "required": ["schema", "schemaType"],
}
KNOWN_BODY = {
    "type": "object",
    "properties": {"schema": WRITTEN, "schemaType": {"const": "JSON"}},
    "required": ["schema", "schemaType"],
    "additionalProperties": False,
}
ENVELOPE_BODY = {
    "type": "object",
    "properties": {
        "event_type": {"enum": ["order-placed", "nobody"]}, "schema_version": {"enum": ["1.0.0", "9.9.9"]},
        "timestamp": TEXT, "data": ANY, "event_id": TEXT,
    },
}  # fmt: skip


def operation(body: Any = None, *, kind: str = "application/json", query: tuple[str, ...] = (), **path: Any) -> Any:
    """One operation of the description by which the fuzzer works."""
    found: dict[str, Any] = {"responses": {"default": {"description": "Anything but an error of ours."}}}
    found["parameters"] = [
        {"name": name, "in": "path", "required": True, "schema": schema} for name, schema in path.items()
    ] + [{"name": name, "in": "query", "schema": TEXT} for name in query]
    if body is not None:
        found["requestBody"] = {"required": True, "content": {kind: {"schema": body}}}
    return found


SUBJECT = {"anyOf": [{"enum": ["order-placed-value", "order-placed"]}, {"type": "string", "minLength": 1}]}
VERSION = {"anyOf": [{"enum": ["1", "latest", "-1"]}, {"type": "string", "minLength": 1}]}
PATHS: dict[str, Any] = {
    "/api/v1/events/validate/": {"post": operation({"type": "object", "properties": {"event": ENVELOPE_BODY}})},
    "/api/v1/events/refusals/": {
        "get": operation(query=("family", "since", "cursor", "limit")),
        "post": operation(
            {"type": "object", "properties": {"refused": {"type": "array", "items": {"type": "object"}}}}
        ),
    },
    "/api/v1/events/bundle/": {"get": operation(query=("family",))},
    "/registry/subjects": {"get": operation(query=("subjectPrefix", "deleted", "offset", "limit"))},
    "/registry/subjects/{subject}": {
        "post": operation(SCHEMA_BODY, subject=SUBJECT),
        "delete": operation(subject=SUBJECT, query=("permanent",)),
    },
    "/registry/subjects/{subject}/versions": {
        "get": operation(subject=SUBJECT, query=("deleted", "offset", "limit")),
        "post": operation(SCHEMA_BODY, subject=SUBJECT, query=("normalize",)),
    },
    "/registry/subjects/{subject}/versions/{version}": {
        "get": operation(subject=SUBJECT, version=VERSION),
        "delete": operation(subject=SUBJECT, version=VERSION, query=("permanent",)),
    },
    "/registry/subjects/{subject}/versions/{version}/referencedby": {
        "get": operation(subject=SUBJECT, version=VERSION)
    },
    "/registry/schemas/ids/{pk}": {"get": operation(pk=VERSION)},
    "/registry/compatibility/subjects/{subject}/versions/{version}": {
        "post": operation(SCHEMA_BODY, subject=SUBJECT, version=VERSION, query=("verbose",))
    },
    "/registry/config/{subject}": {
        "get": operation(subject=SUBJECT),
        "put": operation({"type": "object", "properties": {"compatibility": ANY}}, subject=SUBJECT),
    },
    "/registry/mode/{subject}": {"get": operation(subject=SUBJECT), "put": operation({}, subject=SUBJECT)},
}
# The same of a family and a version that there are, or few calls would come further than their names.
KNOWN = {
    "/registry/subjects/order-placed-value": {"post": operation(KNOWN_BODY), "delete": operation(query=("permanent",))},
    "/registry/subjects/order-placed-value/versions": {
        "post": operation(KNOWN_BODY),
        "get": operation(query=("limit",)),
    },
    "/registry/subjects/order-placed-value/versions/1": {"delete": operation(query=("permanent",))},
    "/registry/compatibility/subjects/order-placed-value/versions": {"post": operation(KNOWN_BODY, query=("verbose",))},
    "/registry/compatibility/subjects/order-placed-value/versions/1": {"post": operation(KNOWN_BODY)},
    "/registry/config/order-placed-value": {
        "put": operation({"type": "object", "properties": {"compatibility": {"enum": ["FULL", "NONE", "x"]}}})
    },
}
PATHS |= KNOWN
BATCHES = {"application/cloudevents-batch+json": {"type": "array"}, "application/cloudevents+json": {"type": "object"}}
OPERATIONS = [(verb, path) for path, verbs in PATHS.items() for verb in verbs]


def described(paths: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_dict(
        {
            "openapi": "3.1.0",
            "info": {"title": "Events and schemas", "version": "1"},
            "paths": paths,
            "components": {"schemas": COMPONENTS},
        }
    )


def thrown(schema: Any, verb: str, path: str, registry: Registry, address: str) -> None:
    """Call an operation with whatever is generated for it, sound and unsound."""
    strategy = schema[path][verb].as_strategy(generation_mode=GenerationMode.POSITIVE)
    strategy |= schema[path][verb].as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(case=strategy)
    def throw(case: Any) -> None:
        if isinstance(case.body, dict) and isinstance(case.body.get("schema"), dict):
            case.body["schema"] = json.dumps(case.body["schema"])
        begun = time.perf_counter()
        answer = case.call(base_url=address, headers={"Authorization": f"Bearer {registry.token}"})
        assert answer.status_code < 500, (answer.request.url, answer.request.body, answer.text)
        assert answer.status_code == 204 or answer.json() is not ...
        assert time.perf_counter() - begun < SLOWEST_SECONDS

    throw()


@pytest.fixture
def growth() -> Any:
    """How much this process, which serves, has grown since the test began, in bytes."""
    begun = psutil.Process().memory_info().rss
    return lambda: psutil.Process().memory_info().rss - begun


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
def test_nothing_breaks_an_endpoint(
    registry: Registry, served: LiveServer, growth: Callable[[], int], verb: str, path: str
) -> None:
    version()
    thrown(described(PATHS), verb, path, registry, served.url)
    assert growth() < MOST_GROWTH_BYTES


@pytest.mark.parametrize("kind", BATCHES)
def test_nothing_breaks_the_doors_of_cloudevents(registry: Registry, served: LiveServer, kind: str) -> None:
    version()
    path = "/api/v1/events/validate/"
    schema = described({path: {"post": operation(BATCHES[kind], kind=kind)}})
    thrown(schema, "post", path, registry, served.url)
