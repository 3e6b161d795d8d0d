"""@confluentinc/schemaregistry from npm and its JSON serializer, over a socket."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.peers.conftest import Registry
from tests.peers.tools import HERE, needs_node, needs_python

pytestmark = needs_node("@confluentinc/schemaregistry")
SUBJECT = "order-placed-value"


@pytest.fixture
def call(registry: Registry) -> Iterator[Callable[..., Any]]:
    """`call("getAllSubjects")`: what the client answers, or {"error": …}."""
    with subprocess.Popen(
        ["node", HERE / "registry.mjs", registry.url, registry.user, registry.token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(name: str, *given: Any) -> Any:
            print(json.dumps({"call": name, "with": given}), file=process.stdin, flush=True)
            told = json.loads(process.stdout.readline())
            return told.get("result") if "error" not in told else told

        yield ask
        process.stdin.close()


def info(schema: Any) -> dict[str, Any]:
    return {"schema": json.dumps(schema), "schemaType": "JSON"}


def test_register_look_up_latest_config_delete_serialise_and_read_back(
    call: Callable[..., Any], registry: Registry, order_schema: dict[str, Any]
) -> None:
    refused = call("register", SUBJECT, info(order_schema))["error"]
    assert (refused["status"], refused["code"]) == (409, 40950), refused
    assert "/changes/" in refused["message"]
    registry.sign()
    first = call("register", SUBJECT, info(order_schema))
    assert isinstance(first, int), first
    assert call("getId", SUBJECT, info(order_schema)) == first
    assert json.loads(call("getBySubjectAndId", SUBJECT, first)["schema"]) == order_schema
    assert call("getAllSubjects") == [SUBJECT]
    assert call("getAllVersions", SUBJECT) == [1]
    latest = call("getLatestSchemaMetadata", SUBJECT)
    assert (latest["id"], latest["version"]) == (first, 1)
    closed = order_schema | {"required": ["order_id", "amount"]}
    assert call("testCompatibility", SUBJECT, 1, info(closed)) is False
    assert call("testSubjectCompatibility", SUBJECT, info(order_schema)) is True
    assert call("register", SUBJECT, info(closed))["error"]["code"] == 40901
    assert call("getCompatibility", SUBJECT) == "BACKWARD"
    assert call("updateCompatibility", SUBJECT, "FULL")["error"]["code"] == 40950
    registry.sign()
    assert call("updateCompatibility", SUBJECT, "FULL") == "FULL"

    data = call("write", "order-placed", {"order_id": "A-1", "amount": 5}, {"useLatestVersion": True, "validate": True})
    assert isinstance(data, str), data
    assert call("read", "order-placed", data) == {"order_id": "A-1", "amount": 5}
    wrong = call("write", "order-placed", {"order_id": 5}, {"useLatestVersion": True, "validate": True})
    assert "error" in wrong

    assert call("deleteSubjectVersion", SUBJECT, 1, False)["error"]["code"] == 40950
    registry.sign()
    assert call("deleteSubjectVersion", SUBJECT, 1, False) == 1
    assert call("deleteSubjectVersion", SUBJECT, 1, True)["error"]["code"] == 42205
    assert call("getAllVersions", "nobody-value")["error"]["code"] == 40401


def test_what_one_client_writes_the_other_reads(
    call: Callable[..., Any], registry: Registry, order_schema: dict[str, Any]
) -> None:
    needs_python("confluent_kafka")
    import base64

    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.json_schema import JSONDeserializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    call("register", SUBJECT, info(order_schema))
    registry.sign()
    data = call("write", "order-placed", {"order_id": "A-1"}, {"useLatestVersion": True})
    with SchemaRegistryClient(
        {"url": registry.url, "basic.auth.user.info": f"{registry.user}:{registry.token}"}
    ) as client:
        read = JSONDeserializer(None, schema_registry_client=client)
        context = SerializationContext("order-placed", MessageField.VALUE)
        assert read(base64.b64decode(data), context) == {"order_id": "A-1"}
