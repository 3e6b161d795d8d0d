"""What the client sends, and answers framed as event streams."""

import time

import pytest
from mcp.shared.inbound import classify_inbound_request, decode_header_value

from connectors.mcp import client, protocol
from connectors.mcp.observation import Kind, StartKind
from portal.outbound.client import OutboundClient, Timeouts
from tests.servers import scripted as server_that
from tests.servers.scripted import ScriptedServer, Seen


def sdk_rejects(seen: Seen) -> bool:
    """Whether the SDK's own gate for requests finds a fault with headers and envelope."""
    return hasattr(classify_inbound_request(seen.json, headers=seen.headers), "code")


def test_every_request_carries_the_headers_and_the_envelope_the_sdk_demands(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    client.call_tool(scripted.url, "export", {"segment": "all"}, token="t0ken", via=outbound)
    client.get_task(scripted.url, "task-1", token="t0ken", via=outbound)
    client.cancel_task(scripted.url, "task-1", token="t0ken", via=outbound)
    client.update_task(scripted.url, "task-1", {"decision": {}}, token="t0ken", via=outbound)
    client.list_tools(scripted.url, token="t0ken", via=outbound)
    client.discover(scripted.url, token="t0ken", via=outbound)
    assert len(scripted.requests) == 6
    for seen in scripted.requests:
        assert not sdk_rejects(seen)
        assert seen.headers["accept"] == "application/json, text/event-stream"
        assert seen.headers["content-type"] == "application/json"
        assert seen.headers["mcp-protocol-version"] == "2026-07-28"
        assert seen.headers["mcp-method"] == seen.json["method"]
        assert seen.headers["authorization"] == "Bearer t0ken"
        meta = seen.json["params"]["_meta"]
        assert meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        assert meta["io.modelcontextprotocol/clientInfo"]["name"] == "connector-portal"
        assert meta["io.modelcontextprotocol/clientCapabilities"] == {
            "extensions": {"io.modelcontextprotocol/tasks": {}}
        }
    names = [seen.headers.get("mcp-name") for seen in scripted.requests]
    assert names == ["export", "task-1", "task-1", "task-1", None, None]
    assert scripted.requests[0].json["params"]["arguments"] == {"segment": "all"}
    assert scripted.requests[3].json["params"]["inputResponses"] == {"decision": {}}


def test_an_idempotency_key_travels_in_meta_or_header_and_cannot_replace_the_envelope(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    meta = {"com.example/idempotencyKey": "k-1", protocol.META_PROTOCOL_VERSION: "1999-01-01"}
    client.call_tool(scripted.url, "export", {}, meta=meta, headers={"Idempotency-Key": "k-1"}, via=outbound)
    (seen,) = scripted.requests
    assert seen.json["params"]["_meta"]["com.example/idempotencyKey"] == "k-1"
    assert not sdk_rejects(seen)
    assert seen.headers["idempotency-key"] == "k-1"
    assert "com.example/idempotencyKey" not in protocol.body("tasks/get").decode()


@pytest.mark.parametrize("name", ["task-1", "a b", "é", "=?base64?eA==?=", "مهمة", "x" * 300])
def test_a_name_survives_the_header_it_travels_in(name: str) -> None:
    encoded = protocol.encode_header(name)
    assert encoded.isascii()
    assert decode_header_value(encoded) == name


def test_polls_share_one_connection(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    ports: set[int] = set()

    def behave(exchange: server_that.Exchange) -> None:
        ports.add(exchange.client_address[1])
        server_that.task()(exchange)

    scripted.behave(behave)
    for _ in range(5):
        assert client.get_task(scripted.url, "task-1", via=outbound).seen
    assert len(ports) == 1


NOTIFICATION = '{"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "hello"}}'


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("split", [0, 1, 7])
def test_a_task_in_an_event_stream_is_read_whatever_its_line_ends_and_pieces(
    separator: str, split: int, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(server_that.event_stream(NOTIFICATION, separator=separator, split=split))
    seen = client.get_task(scripted.url, "task-1", via=outbound)
    assert (seen.kind, seen.remote_status) == (Kind.SEEN, "working")
    assert client.call_tool(scripted.url, "export", {}, via=outbound).kind is StartKind.TASK


@pytest.mark.parametrize("separator", ["\n", "\r\n"])
@pytest.mark.parametrize("split", [0, 1, 7])
def test_an_event_stream_left_open_is_left_as_soon_as_the_answer_is_there(
    separator: str, split: int, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(server_that.event_stream(NOTIFICATION, leave_open=True, separator=separator, split=split))
    begun = time.monotonic()
    seen = client.get_task(scripted.url, "task-1", timeouts=Timeouts(1, 3, 3), via=outbound)
    assert seen.kind is Kind.SEEN
    assert time.monotonic() - begun < 1


def test_an_event_stream_that_ends_without_an_answer_is_drift(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(server_that.answer(f"data: {NOTIFICATION}\n\n", content_type="text/event-stream"))
    assert client.get_task(scripted.url, "task-1", via=outbound).kind is Kind.DRIFT
    assert client.call_tool(scripted.url, "export", {}, via=outbound).kind is StartKind.UNKNOWN


def test_an_error_object_in_an_event_stream_comes_first(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    body = 'data: {"jsonrpc": "2.0", "id": 1,\ndata: "error": {"code": -32602, "message": "gone"}}\n\n'
    scripted.behave(server_that.answer(body, 400, "text/event-stream; charset=utf-8"))
    assert client.get_task(scripted.url, "task-1", via=outbound).kind is Kind.NOT_FOUND
