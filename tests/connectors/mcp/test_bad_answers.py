"""What the client makes of servers that misbehave."""

import json
from typing import Any

import pytest

from connectors.mcp import client
from connectors.mcp.observation import Kind, StartKind
from portal.outbound.client import OutboundClient, Timeouts
from portal.outbound.guard import Guard
from tests.servers import scripted as server_that
from tests.servers.scripted import Behaviour, ScriptedServer

AMPLE = Timeouts(connect=5, read=5, total=10)
BRIEF = Timeouts(connect=0.5, read=0.2, total=0.4)
STALLING = {"silence", "dripping", "dripping headers"}

# What the server does, what a look at a task is then called, and what has become of a start.
CASES: dict[str, tuple[Behaviour, Kind, StartKind]] = {
    "401": (server_that.unauthorized(), Kind.UNAUTHORIZED, StartKind.NOT_STARTED),
    "403": (server_that.answer("no", 403, "text/plain"), Kind.UNAUTHORIZED, StartKind.NOT_STARTED),
    "429": (server_that.slow_down(), Kind.RATE_LIMITED, StartKind.NOT_STARTED),
    "429 with an error object": (server_that.error(-32000, "slow", 429), Kind.RATE_LIMITED, StartKind.NOT_STARTED),
    "500": (server_that.server_error(500), Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "502 of a gateway": (server_that.server_error(502), Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "503": (server_that.server_error(503), Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "404 page": (server_that.answer("<h1>Not found</h1>", 404, "text/html"), Kind.DRIFT, StartKind.NOT_STARTED),
    "400 without an error object": (server_that.answer("bad", 400, "text/plain"), Kind.DRIFT, StartKind.NOT_STARTED),
    "405": (server_that.answer("", 405), Kind.DRIFT, StartKind.NOT_STARTED),
    "202": (server_that.answer("", 202), Kind.DRIFT, StartKind.UNKNOWN),
    "redirect": (server_that.redirect("http://169.254.169.254/"), Kind.DRIFT, StartKind.NOT_STARTED),
    "html": (server_that.html(), Kind.DRIFT, StartKind.UNKNOWN),
    "garbage": (server_that.garbage(), Kind.DRIFT, StartKind.UNKNOWN),
    "empty": (server_that.answer(b""), Kind.DRIFT, StartKind.UNKNOWN),
    "a list": (server_that.answer("[]"), Kind.DRIFT, StartKind.UNKNOWN),
    "a batch": (server_that.answer(f"[{server_that.envelope({})}]"), Kind.DRIFT, StartKind.UNKNOWN),
    "not JSON-RPC": (server_that.answer('{"result": {}}'), Kind.DRIFT, StartKind.UNKNOWN),
    "no result": (server_that.answer('{"jsonrpc": "2.0", "id": 1}'), Kind.DRIFT, StartKind.UNKNOWN),
    "a result that is a text": (server_that.result("done"), Kind.DRIFT, StartKind.UNKNOWN),
    "NaN": (server_that.answer('{"jsonrpc": "2.0", "id": 1, "result": NaN}'), Kind.DRIFT, StartKind.UNKNOWN),
    "deep nesting": (server_that.answer("[" * 100_000), Kind.DRIFT, StartKind.UNKNOWN),
    "deep nesting in a result": (
        server_that.answer('{"jsonrpc": "2.0", "id": 1, "result": ' + "[" * 900 + "]" * 900 + "}"),
        Kind.DRIFT,
        StartKind.UNKNOWN,
    ),
    "50 MB": (server_that.huge(), Kind.DRIFT, StartKind.UNKNOWN),
    "a body without end": (server_that.endless, Kind.DRIFT, StartKind.UNKNOWN),
    "silence": (server_that.silence, Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "hanging up": (server_that.hang_up, Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "half an answer": (server_that.cut_off, Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "dripping": (server_that.drip, Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "dripping headers": (server_that.drip_headers, Kind.UNAVAILABLE, StartKind.UNKNOWN),
    "task not found": (server_that.error(-32602, "Task not found"), Kind.NOT_FOUND, StartKind.FAILED),
    "task not found with 200": (server_that.error(-32602, "gone", 200), Kind.NOT_FOUND, StartKind.FAILED),
    "method not found": (server_that.error(-32601, "Method not found", 404), Kind.DRIFT, StartKind.FAILED),
    "capability missing": (server_that.error(-32021, "no tasks"), Kind.DRIFT, StartKind.FAILED),
    "header mismatch": (server_that.error(-32020, "mismatch"), Kind.DRIFT, StartKind.FAILED),
    "unknown protocol": (server_that.error(-32022, "unsupported"), Kind.DRIFT, StartKind.FAILED),
    "internal error": (server_that.error(-32603, "oops", 200), Kind.UNAVAILABLE, StartKind.FAILED),
    "an error without a code": (
        server_that.answer('{"jsonrpc": "2.0", "id": 1, "error": {"message": "?"}}'),
        Kind.DRIFT,
        StartKind.UNKNOWN,
    ),
    "unknown status": (server_that.task(status="pondering"), Kind.DRIFT, StartKind.UNKNOWN),
    "status that is a number": (server_that.task(status=7), Kind.DRIFT, StartKind.UNKNOWN),
    "no status": (server_that.task(status=...), Kind.DRIFT, StartKind.UNKNOWN),
    "a task id that is a number": (server_that.task(taskId=12), Kind.DRIFT, StartKind.UNKNOWN),
    "no task id": (server_that.task(taskId=...), Kind.DRIFT, StartKind.UNKNOWN),
    "an endless task id": (server_that.task(taskId="t" * 5000), Kind.DRIFT, StartKind.UNKNOWN),
    "a task id with a line break": (server_that.task(taskId="a\nb"), Kind.DRIFT, StartKind.UNKNOWN),
}


def limits(name: str) -> Timeouts:
    return BRIEF if name in STALLING else AMPLE


@pytest.mark.parametrize("name", CASES)
def test_a_look_at_a_task_never_raises_and_is_called_by_its_name(
    name: str, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    behaviour, kind, _ = CASES[name]
    scripted.behave(behaviour)
    seen = client.get_task(scripted.url, "task-1", timeouts=limits(name), via=outbound)
    assert seen.kind is kind, seen
    assert seen.detail.endswith(".") or seen.error is not None


@pytest.mark.parametrize("name", CASES)
def test_a_start_never_raises_and_says_whether_something_may_be_running(
    name: str, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    behaviour, _, kind = CASES[name]
    scripted.behave(behaviour)
    outcome = client.call_tool(scripted.url, "export", {}, timeouts=limits(name), via=outbound)
    assert outcome.kind is kind, outcome
    assert outcome.task is None
    # However it ended: the call travelled once.
    assert len(scripted.requests) == 1


@pytest.mark.parametrize("name", CASES)
def test_cancel_update_list_and_discovery_never_raise(
    name: str, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(CASES[name][0])
    for kind in (
        client.cancel_task(scripted.url, "task-1", timeouts=limits(name), via=outbound).kind,
        client.update_task(scripted.url, "task-1", {}, timeouts=limits(name), via=outbound).kind,
        client.list_tools(scripted.url, timeouts=limits(name), via=outbound).kind,
        client.discover(scripted.url, timeouts=limits(name), via=outbound).kind,
    ):
        assert isinstance(kind, Kind)


def test_an_answer_about_another_task_is_drift(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(server_that.task(taskId="task-2"))
    seen = client.get_task(scripted.url, "task-1", via=outbound)
    assert (seen.kind, seen.detail) == (Kind.DRIFT, "The server answered about another task.")


def test_nobody_listening_is_unavailable_and_certainly_not_started(closed_port: int, outbound: OutboundClient) -> None:
    url = f"http://127.0.0.1:{closed_port}/mcp"
    assert client.get_task(url, "task-1", via=outbound).kind is Kind.UNAVAILABLE
    outcome = client.call_tool(url, "export", {}, via=outbound)
    assert (outcome.kind, outcome.cause) == (StartKind.NOT_STARTED, Kind.UNAVAILABLE)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/mcp", "http://169.254.169.254/", "ftp://example.com/", "nonsense", ""]
)
def test_an_address_the_guard_refuses_is_refused_and_not_started(url: str) -> None:
    via = OutboundClient(Guard())
    assert client.get_task(url, "task-1", via=via).kind is Kind.REFUSED
    outcome = client.call_tool(url, "export", {}, via=via)
    assert (outcome.kind, outcome.cause) == (StartKind.NOT_STARTED, Kind.REFUSED)


@pytest.mark.parametrize("task_id", ["", "a\r\nX: y", "t" * 600])
def test_a_task_id_that_cannot_travel_is_refused_before_anything_is_sent(
    task_id: str, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    assert client.get_task(scripted.url, task_id, via=outbound).kind is Kind.REFUSED
    assert scripted.requests == []


def test_arguments_headers_and_tokens_that_cannot_travel_are_refused_before_anything_is_sent(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    for outcome in (
        client.call_tool(scripted.url, "export", {"when": object()}, via=outbound),
        client.call_tool(scripted.url, "export", {"n": 2**70}, via=outbound),
        client.call_tool(scripted.url, "ex\nport", {}, via=outbound),
        client.call_tool(scripted.url, "export", {}, headers={"Authorization": "x"}, via=outbound),
        client.call_tool(scripted.url, "export", {}, headers={"Bad Name": "x"}, via=outbound),
        client.call_tool(scripted.url, "export", {}, token="a\r\nb", via=outbound),
    ):
        assert (outcome.kind, outcome.cause) == (StartKind.NOT_STARTED, Kind.REFUSED)
    assert scripted.requests == []


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("999999999", 3600.0),
        ("9" * 4000, 3600.0),
        ("-5", None),
        ("1.5", None),
        ("NaN", None),
        ("soon", None),
        ("Sun, 01 Nov 2026 10:00:30 GMT", 30.0),
        ("Sun, 01 Nov 2026 09:00:00 GMT", 0.0),
        ("Sun, 01 Nov 2099 09:00:00 GMT", 3600.0),
        ("Sun, 99 Nov 2026 10:00:30 GMT", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_understood_and_bounded(
    told: str, seconds: float | None, status: int, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    def behave(exchange: server_that.Exchange) -> None:
        exchange.wfile.write(
            f"HTTP/1.1 {status} Wait\r\nContent-Length: 0\r\nRetry-After: {told}\r\n"
            "Date: Sun, 01 Nov 2026 10:00:00 GMT\r\n\r\n".encode()
        )

    scripted.behave(behave)
    assert client.get_task(scripted.url, "task-1", via=outbound).retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("field", "value", "attribute", "kept"),
    [
        ("ttlMs", None, "ttl_ms", None),
        ("ttlMs", "soon", "ttl_ms", None),
        ("ttlMs", -1, "ttl_ms", None),
        ("ttlMs", True, "ttl_ms", None),
        ("ttlMs", 2**62, "ttl_ms", 3650 * 24 * 3600 * 1000),
        ("pollIntervalMs", -5, "poll_interval_ms", None),
        ("pollIntervalMs", 1500.0, "poll_interval_ms", 1500),
        ("pollIntervalMs", 1e300, "poll_interval_ms", 24 * 3600 * 1000),
        ("pollIntervalMs", [], "poll_interval_ms", None),
        ("createdAt", "yesterday", "created_at", None),
        ("createdAt", "2026-11-01T10:00:00", "created_at", None),
        ("createdAt", "0001-01-01T00:00:00+14:00", "created_at", None),
        ("lastUpdatedAt", 17, "last_updated_at", None),
        ("statusMessage", {"a": 1}, "status_message", ""),
        ("statusMessage", "x" * 5000, "status_message", "x" * 1000),
        ("statusMessage", "a\0b", "status_message", "a\ufffdb"),
    ],
)
def test_a_senseless_side_value_is_ignored_or_bounded_and_the_task_is_still_seen(
    field: str, value: Any, attribute: str, kept: Any, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(server_that.task(**{field: value}))
    seen = client.get_task(scripted.url, "task-1", via=outbound)
    assert seen.kind is Kind.SEEN
    assert getattr(seen, attribute) == kept
    ignored = kept is None and value is not None
    assert seen.remarks == ((f"{field} was ignored: its value makes no sense.",) if ignored else ())


def test_a_large_or_deep_result_is_kept_as_a_bounded_document(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(server_that.task(status="completed", result={"text": "x" * 300_000, "isError": True}))
    large = client.get_task(scripted.url, "task-1", via=outbound)
    assert large.is_error
    assert large.result is not None
    assert large.result["truncated"] is True
    assert len(json.dumps(large.result)) < 5000
    deep: Any = "end"
    for _ in range(400):
        deep = [deep]
    scripted.behave(server_that.task(status="completed", result={"deep": deep}))
    nested = client.get_task(scripted.url, "task-1", via=outbound)
    assert nested.result == {"truncated": True, "reason": "nested too deeply"}


def test_a_result_with_nul_characters_can_be_stored(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(server_that.task(status="completed", result={"a\0": ["b\0", {"c": "\0"}], "d": "\\u0000"}))
    seen = client.get_task(scripted.url, "task-1", via=outbound)
    assert seen.result == {"a\ufffd": ["b\ufffd", {"c": "\ufffd"}], "d": "\\u0000"}


def test_completed_without_a_result_is_still_completed(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(server_that.task(status="completed"))
    seen = client.get_task(scripted.url, "task-1", via=outbound)
    assert (seen.kind, seen.remote_status, seen.is_error, seen.result) == (Kind.SEEN, "completed", False, None)


@pytest.mark.parametrize("result_type", ["input_required", "wizardry", 7])
def test_a_start_answered_with_something_else_than_a_task_or_a_result(
    result_type: object, scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(server_that.result({"resultType": result_type}))
    outcome = client.call_tool(scripted.url, "export", {}, via=outbound)
    expected = StartKind.FAILED if result_type == "input_required" else StartKind.UNKNOWN
    assert (outcome.kind, outcome.cause) == (expected, Kind.DRIFT)


def test_tool_lists_that_never_end_repeat_a_cursor_or_hold_nonsense_are_bounded(
    scripted: ScriptedServer, outbound: OutboundClient
) -> None:
    scripted.behave(server_that.result({"tools": [{"name": "a"}], "nextCursor": "same"}))
    assert client.list_tools(scripted.url, via=outbound).kind is Kind.DRIFT
    assert len(scripted.requests) == 2
    tools = [{"name": "a", "inputSchema": 7}, {"name": "a"}, {"name": 3}, "b", {"name": "c\n"}]
    scripted.behave(server_that.result({"tools": tools}))
    listed = client.list_tools(scripted.url, via=outbound)
    assert [tool.name for tool in listed.tools] == ["a"]
    assert listed.tools[0].input_schema == {}
    assert listed.tools[0].ambiguous, "which of the two a caller gets nobody knows"
    assert listed.remarks == ("A tool is listed more than once.", "A tool without a usable name was left out.")
    scripted.script(
        [
            server_that.result({"tools": [{"name": "a"}], "nextCursor": "2"}),
            server_that.result({"tools": [{"name": "b"}]}),
        ]
    )
    assert [tool.name for tool in client.list_tools(scripted.url, via=outbound).tools] == ["a", "b"]
