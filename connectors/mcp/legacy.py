"""Tasks of protocol 2025-11-25: bound to the session in which they were made, with `tasks/get`, `tasks/result`, `tasks/cancel`.

The session id is kept with the task, as nobody else can look at it. Like `connectors.mcp.client`, every function returns what
happened; none raises for anything a server can do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from connectors.mcp import answers, protocol
from connectors.mcp.answers import Reply
from connectors.mcp.observation import Acknowledgement, Kind, Observation, StartKind, StartOutcome
from connectors.mcp.unanswered import UNANSWERED, not_heard_of, turned_away, unheard
from portal.outbound import client as outbound
from portal.outbound.client import DEFAULT_TIMEOUTS, Answer, OutboundClient, Timeouts

PROTOCOL_VERSION: Final = "2025-11-25"
SESSION: Final = "mcp-session-id"
MAX_SESSION: Final = 512
TTL_MS: Final = 24 * 3600 * 1000
_CLIENT: Final = {"name": protocol.CLIENT_NAME, "version": protocol.CLIENT_VERSION}


def call_tool(
    endpoint: str,
    operation: str,
    arguments: Mapping[str, Any],
    *,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    meta: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    ttl_ms: int = TTL_MS,
    via: OutboundClient | None = None,
) -> StartOutcome:
    """Open a session and start an operation as a task in it, exactly once. The session comes back with the task."""
    opened, session = _open(endpoint, token, timeouts, via)
    if opened.result is None:
        cause = Kind.DRIFT if opened.kind is Kind.NOT_FOUND else opened.kind
        return StartOutcome(
            StartKind.NOT_STARTED, opened.detail, cause=cause, retry_after_seconds=opened.retry_after_seconds
        )
    params: dict[str, Any] = {"name": operation, "arguments": dict(arguments), "task": {"ttl": ttl_ms}}
    if meta:
        params["_meta"] = dict(meta)
    try:
        protocol.check_name(operation, protocol.MAX_NAME)
        answer = _post(endpoint, "tools/call", params, session, token, timeouts, headers, False, via)
    except UNANSWERED as error:
        return not_heard_of(error)
    return _started(answers.read(answer, datetime.now(UTC)), session)


def get_task(
    endpoint: str,
    task_id: str,
    *,
    session: str,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    via: OutboundClient | None = None,
) -> Observation:
    """Look at a task in its session; of one that is completed its result too."""
    reply = _ask(endpoint, "tasks/get", {"taskId": task_id}, session, token, timeouts, via)
    if reply.result is None:
        return Observation(
            kind=reply.kind, detail=reply.detail, error=reply.error, retry_after_seconds=reply.retry_after_seconds,
            http_status=reply.http_status,
        )  # fmt: skip
    seen = answers.task_fields(_current(reply.result), task_id, reply.http_status)
    if seen.remote_status != protocol.COMPLETED:
        return seen
    whole = _ask(endpoint, "tasks/result", {"taskId": task_id}, session, token, timeouts, via)
    if whole.result is None:
        # It has ended, and what came of it cannot be had: said, and not asked for ever.
        return replace(seen, detail=f"The task is completed; its result cannot be had: {whole.detail}"[:500])
    return answers.task_fields({**_current(reply.result), "result": whole.result}, task_id, reply.http_status)


def cancel_task(
    endpoint: str,
    task_id: str,
    *,
    session: str,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    via: OutboundClient | None = None,
) -> Acknowledgement:
    """Ask the server to cancel a task of its session. SEEN means that it took note."""
    reply = _ask(endpoint, "tasks/cancel", {"taskId": task_id}, session, token, timeouts, via)
    return Acknowledgement(reply.kind, reply.detail, reply.error, reply.retry_after_seconds)


def _started(reply: Reply, session: str) -> StartOutcome:
    if reply.result is None:
        return turned_away(reply)
    made = reply.result.get("task")
    if not isinstance(made, dict):
        # A server may run the tool at once instead of making a task.
        is_error = answers.is_tool_error(reply.result)
        detail = "The tool reported an error." if is_error else "The operation finished at once."
        return StartOutcome(StartKind.FINISHED, detail, is_error=is_error, result=answers.document(reply.result))
    task = answers.task_fields(_current(made), "", reply.http_status)
    if not task.seen:
        return StartOutcome(StartKind.UNKNOWN, task.detail, cause=Kind.DRIFT, http_status=reply.http_status)
    return StartOutcome(StartKind.TASK, task.detail, task=replace(task, session=session), http_status=reply.http_status)


def _current(task: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a task by the names of the current protocol."""
    return {**task, "ttlMs": task.get("ttl"), "pollIntervalMs": task.get("pollInterval")}


def _open(endpoint: str, token: str, timeouts: Timeouts, via: OutboundClient | None) -> tuple[Reply, str]:
    params = {"protocolVersion": PROTOCOL_VERSION, "capabilities": {"tasks": {}}, "clientInfo": _CLIENT}
    try:
        answer = _post(endpoint, "initialize", params, "", token, timeouts, None, True, via)
        reply = answers.read(answer, datetime.now(UTC))
        session = answer.headers.get(SESSION, "")
        if len(session) > MAX_SESSION or not session.isprintable():
            return Reply(Kind.DRIFT, "The server's session id makes no sense."), ""
        if reply.result is not None:
            _post(endpoint, "notifications/initialized", None, session, token, timeouts, None, True, via)
    except UNANSWERED as error:
        return Reply(*unheard(error)), ""
    return reply, session


def _ask(
    endpoint: str, method: str, params: Mapping[str, Any], session: str, token: str, timeouts: Timeouts,
    via: OutboundClient | None,
) -> Reply:  # fmt: skip
    try:
        protocol.check_name(str(params["taskId"]), protocol.MAX_TASK_ID)
        answer = _post(endpoint, method, params, session, token, timeouts, None, True, via)
    except UNANSWERED as error:
        return Reply(*unheard(error))
    reply = answers.read(answer, datetime.now(UTC))
    if answer.status == 404 and reply.error is None:
        return replace(reply, kind=Kind.NOT_FOUND, detail="The server has ended the session, and its tasks with it.")
    return reply


def _post(
    endpoint: str,
    method: str,
    params: Mapping[str, Any] | None,
    session: str,
    token: str,
    timeouts: Timeouts,
    headers: Mapping[str, str] | None,
    repeatable: bool,
    via: OutboundClient | None,
) -> Answer:
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message |= {"id": protocol.REQUEST_ID, "params": params}
    try:
        body = orjson.dumps(message)
    except (TypeError, ValueError) as exception:
        raise protocol.RequestError(f"The arguments cannot be written as JSON: {exception}.") from None
    return (via or outbound.client()).request(
        "POST",
        endpoint,
        headers=_headers(session, token, headers),
        body=body,
        timeouts=timeouts,
        repeatable=repeatable,
        enough=answers.SseEnd(),
    )


def _headers(session: str, token: str, extra: Mapping[str, str] | None) -> Sequence[tuple[str, str]]:
    kept = [
        (name, value) for name, value in protocol.headers("", token=token, extra=extra)
        if name not in ("Mcp-Method", "MCP-Protocol-Version")
    ]  # fmt: skip
    return [*kept, ("MCP-Protocol-Version", PROTOCOL_VERSION), *([("Mcp-Session-Id", session)] if session else [])]
