"""confluent-kafka's registry client and JSON serializer, over a socket."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.peers.conftest import Registry
from tests.peers.tools import needs_python

needs_python("confluent_kafka")

from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError

from events.models import EventSchema
from tests.events.registering import family, version

SUBJECT = "order-placed-value"


@pytest.fixture
def client(registry: Registry) -> Iterator[SchemaRegistryClient]:
    given = {"url": registry.url, "basic.auth.user.info": f"{registry.user}:{registry.token}"}
    with SchemaRegistryClient(given) as client:
        yield client


def text(schema: Any, **more: Any) -> Schema:
    return Schema(json.dumps(schema), "JSON", **more)


def refused(call: Any, *given: Any, **more: Any) -> SchemaRegistryError:
    with pytest.raises(SchemaRegistryError) as caught:
        call(*given, **more)
    return caught.value


def registered(client: SchemaRegistryClient, registry: Registry, schema: Schema, subject: str = SUBJECT) -> int:
    error = refused(client.register_schema, subject, schema)
    assert (error.http_status_code, error.error_code) == (409, 40950)
    assert "/changes/" in error.error_message
    registry.sign()
    found: int = client.register_schema(subject, schema)
    return found


def test_register_look_up_latest_config_and_delete(
    client: SchemaRegistryClient, registry: Registry, order_schema: dict[str, Any]
) -> None:
    first = registered(client, registry, text(order_schema))
    assert client.lookup_schema(SUBJECT, text(order_schema)).schema_id == first
    assert json.loads(client.get_schema(first).schema_str) == order_schema
    assert client.get_subjects() == [SUBJECT]
    wider = order_schema | {"properties": order_schema["properties"] | {"note": {"type": "string"}}}
    closed = order_schema | {"required": ["order_id", "amount"]}
    assert not client.test_compatibility(SUBJECT, text(closed))
    assert not client.test_compatibility_all_versions(SUBJECT, text(closed))
    error = refused(client.register_schema, SUBJECT, text(closed))
    assert (error.http_status_code, error.error_code) == (409, 40901)
    # Of an open object a new property may break what was sent beside it before: the verdict says so.
    assert not client.test_compatibility(SUBJECT, text(wider))
    optional = order_schema | {"description": "An order was placed."}
    assert client.test_compatibility(SUBJECT, text(optional), "latest")
    second = registered(client, registry, text(optional))
    newest = client.get_latest_version(SUBJECT)
    assert (newest.version, newest.schema_id, client.get_versions(SUBJECT)) == (2, second, [1, 2])
    assert client.get_version(SUBJECT, 1).schema_id == first
    assert client.get_config(SUBJECT).compatibility_level == "BACKWARD"
    assert client.get_compatibility(SUBJECT) == "BACKWARD"
    assert (
        refused(client.set_config, SUBJECT, ServerConfig(compatibility=ConfigCompatibilityLevel.FULL)).error_code
        == 40950
    )
    registry.sign()
    assert client.get_compatibility(SUBJECT) == "FULL"
    assert refused(client.delete_version, SUBJECT, 1).error_code == 40950
    registry.sign()
    assert client.delete_version(SUBJECT, 1) == 1
    assert client.get_versions(SUBJECT) == [2]
    assert refused(client.delete_version, SUBJECT, 2, True).error_code == 42205
    assert EventSchema.objects.count() == 2
    assert refused(client.get_latest_version, "nobody-value").error_code == 40401


@pytest.mark.parametrize("options", [{}, {"auto.register.schemas": False, "use.latest.version": True}])
def test_what_its_serializer_writes_its_deserializer_reads(
    client: SchemaRegistryClient, registry: Registry, order_schema: dict[str, Any], options: dict[str, Any]
) -> None:
    registered(client, registry, text(order_schema))
    # The topic has the key of the family, or is its channel.
    for topic in ("order-placed", "commerce.orders"):
        given = {"subject.name.strategy": topic_subject_name_strategy} | options
        write = JSONSerializer(json.dumps(order_schema), client, conf=given)
        context = SerializationContext(topic, MessageField.VALUE)
        data = write({"order_id": "A-1", "amount": 5}, context)
        read = JSONDeserializer(
            None, schema_registry_client=client, conf={"subject.name.strategy": topic_subject_name_strategy}
        )
        assert read(data, context) == {"order_id": "A-1", "amount": 5}
        with pytest.raises(SerializationError):
            write({"order_id": 5}, context)


def test_a_serializer_whose_schema_nobody_signed_sends_nothing(
    client: SchemaRegistryClient, order_schema: dict[str, Any]
) -> None:
    write = JSONSerializer(json.dumps(order_schema), client)
    with pytest.raises(SchemaRegistryError, match="needs approval"):
        write({"order_id": "A-1"}, SerializationContext("order-placed", MessageField.VALUE))


def test_references_are_followed(
    client: SchemaRegistryClient, registry: Registry, order_schema: dict[str, Any]
) -> None:
    family("money")
    money = {
        "$schema": order_schema["$schema"],
        "type": "object",
        "properties": {"amount": {"type": "integer"}},
        "required": ["amount"],
    }
    version("1.0.0", money, family="money")
    schema = order_schema | {"properties": {"fee": {"$ref": "money.json"}}, "required": ["fee"]}
    whole = text(schema, references=[SchemaReference("money.json", "money-value", 1)])
    registered(client, registry, whole)
    write = JSONSerializer(whole, client, conf={"auto.register.schemas": False, "use.latest.version": True})
    context = SerializationContext("order-placed", MessageField.VALUE)
    data = write({"fee": {"amount": 3}}, context)
    read = JSONDeserializer(None, schema_registry_client=client)
    assert read(data, context) == {"fee": {"amount": 3}}
    with pytest.raises(SerializationError):
        write({"fee": {"amount": "x"}}, context)


def test_a_wrong_token_is_told_and_not_tried_again(registry: Registry) -> None:
    given = {"url": registry.url, "basic.auth.user.info": f"{registry.user}:nonsense"}
    with SchemaRegistryClient(given) as client:
        assert refused(client.get_subjects).http_status_code == 401
