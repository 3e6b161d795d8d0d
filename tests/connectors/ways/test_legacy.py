"""Tasks of the legacy protocol against a real server on loopback that answers as it is told."""

from typing import Any

import pytest

from connectors.mcp import legacy
from connectors.mcp.observation import Kind, StartKind
from portal.outbound.client import OutboundClient, Timeouts
from tests.servers import scripted as server
from tests.servers.scripted import ScriptedServer

SHORT = Timeouts(connect=1, read=1, total=2)
TASK = {"taskId": "t-1", "status": "working", "createdAt": "2026-01-01T00:00:00Z", "ttl": 60_000, "pollInterval": 2000}
OPENED = [
    server.result({"protocolVersion": "2025-11-25", "capabilities": {}}, Mcp_Session_Id="s-1"),
    server.answer(status=202),
]


def start(at: ScriptedServer, via: OutboundClient, **told: Any) -> Any:
    return legacy.call_tool(at.url, "report", {"a": 1}, timeouts=SHORT, via=via, **told)


def look(at: ScriptedServer, via: OutboundClient) -> Any:
    return legacy.get_task(at.url, "t-1", session="s-1", token="secret", timeouts=SHORT, via=via)


def test_it_opens_a_session_starts_a_task_in_it_and_keeps_the_session(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.script([*OPENED, server.result({"task": TASK})])
    outcome = start(scripted, outbound, token="secret", headers={"X-Key": "k"})
    assert (outcome.kind, outcome.task.task_id, outcome.task.session) == (StartKind.TASK, "t-1", "s-1")
    assert (outcome.task.ttl_ms, outcome.task.poll_interval_ms) == (60_000, 2000)
    methods = [one.json["method"] for one in scripted.requests]
    assert methods == ["initialize", "notifications/initialized", "tools/call"]
    call = scripted.requests[-1]
    assert call.headers["mcp-session-id"] == "s-1"
    assert call.headers["mcp-protocol-version"] == "2025-11-25"
    assert (call.headers["authorization"], call.headers["x-key"]) == ("Bearer secret", "k")
    assert call.json["params"]["task"] == {"ttl": legacy.TTL_MS}


def test_a_server_that_runs_the_tool_at_once(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.script([*OPENED, server.result({"content": [], "isError": True})])
    outcome = start(scripted, outbound)
    assert (outcome.kind, outcome.is_error) == (StartKind.FINISHED, True)


@pytest.mark.parametrize(
    ("behaviours", "kind", "cause"),
    [
        ([server.unauthorized()], StartKind.NOT_STARTED, Kind.UNAUTHORIZED),
        ([server.slow_down()], StartKind.NOT_STARTED, Kind.RATE_LIMITED),
        ([server.server_error()], StartKind.NOT_STARTED, Kind.UNAVAILABLE),
        ([server.html()], StartKind.NOT_STARTED, Kind.DRIFT),
        ([server.hang_up], StartKind.NOT_STARTED, Kind.UNAVAILABLE),
        ([server.result({}, Mcp_Session_Id="x" * 600)], StartKind.NOT_STARTED, Kind.DRIFT),
        ([*OPENED, server.hang_up], StartKind.UNKNOWN, Kind.UNAVAILABLE),
        ([*OPENED, server.server_error()], StartKind.UNKNOWN, Kind.UNAVAILABLE),
        ([*OPENED, server.huge()], StartKind.UNKNOWN, Kind.DRIFT),
        ([*OPENED, server.endless], StartKind.UNKNOWN, Kind.DRIFT),
        ([*OPENED, server.result({"task": {"taskId": "t-1"}})], StartKind.UNKNOWN, Kind.DRIFT),
        ([*OPENED, server.error(-32000, "no")], StartKind.FAILED, None),
    ],
)
def test_what_becomes_of_a_start(
    scripted: ScriptedServer, outbound: OutboundClient, behaviours: list[Any], kind: StartKind, cause: Kind | None
) -> None:
    scripted.script(behaviours)
    outcome = start(scripted, outbound)
    assert (outcome.kind, outcome.cause) == (kind, cause)


def test_a_completed_task_brings_its_result(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.script([server.result(TASK | {"status": "completed"}), server.result({"content": [], "isError": True})])
    seen = look(scripted, outbound)
    assert (seen.remote_status, seen.is_error, seen.result) == ("completed", True, {"content": [], "isError": True})
    assert scripted.requests[-1].json["method"] == "tasks/result"


def test_a_completed_task_without_a_result_is_completed_all_the_same(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.script([server.result(TASK | {"status": "completed"}), server.server_error()])
    seen = look(scripted, outbound)
    assert (seen.seen, seen.remote_status, seen.result) == (True, "completed", None)
    assert "cannot be had" in seen.detail


def test_when_the_session_is_over_the_task_is_not_found(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(server.answer(status=404))
    seen = look(scripted, outbound)
    assert (seen.kind, "session" in seen.detail) == (Kind.NOT_FOUND, True)


def test_cancelling_is_asked_for_in_the_session(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(server.result(TASK | {"status": "cancelled"}))
    told = legacy.cancel_task(scripted.url, "t-1", session="s-1", timeouts=SHORT, via=outbound)
    assert (told.kind, scripted.requests[-1].headers["mcp-session-id"]) == (Kind.SEEN, "s-1")
