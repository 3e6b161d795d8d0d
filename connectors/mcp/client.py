"""Talking to an MCP server. Every function returns what happened; none raises for anything a server can do."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from connectors.mcp import answers, bounds, protocol
from connectors.mcp.answers import Reply
from connectors.mcp.observation import (
    Acknowledgement,
    Discovery,
    Kind,
    Observation,
    StartKind,
    StartOutcome,
    Tool,
    Tools,
)
from connectors.mcp.unanswered import UNANSWERED, not_heard_of, turned_away, unheard
from portal.outbound import client as outbound
from portal.outbound.client import DEFAULT_TIMEOUTS, OutboundClient, Timeouts

MAX_PAGES = 20
MAX_TOOLS = 500
MAX_LISTING_SECONDS = 20.0

T = TypeVar("T")


def call_tool(
    endpoint: str,
    operation: str,
    arguments: Mapping[str, Any],
    *,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    meta: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    via: OutboundClient | None = None,
) -> StartOutcome:
    """Start an operation (`tools/call`) exactly once; never sent twice.

    `meta` and `headers` carry a connector's idempotency key where it travels there.
    """
    params = {"name": operation, "arguments": dict(arguments)}
    try:
        protocol.check_name(operation, protocol.MAX_NAME)
        reply = _post(endpoint, "tools/call", operation, params, token, timeouts, meta, headers, False, via)
    except UNANSWERED as error:
        return not_heard_of(error)
    if reply.result is None:
        return turned_away(reply)
    return _started(reply.result, reply.http_status)


def get_task(
    endpoint: str,
    task_id: str,
    *,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    via: OutboundClient | None = None,
) -> Observation:
    """Look at a task (`tasks/get`)."""

    def read(reply: Reply) -> Observation:
        if reply.result is not None:
            return answers.task_fields(reply.result, task_id, reply.http_status)
        return Observation(
            kind=reply.kind,
            detail=reply.detail,
            error=reply.error,
            retry_after_seconds=reply.retry_after_seconds,
            http_status=reply.http_status,
        )

    return _about_task(endpoint, "tasks/get", task_id, {}, token, timeouts, via, read)


def cancel_task(
    endpoint: str,
    task_id: str,
    *,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    via: OutboundClient | None = None,
) -> Acknowledgement:
    """Ask the server to cancel a task (`tasks/cancel`). SEEN means that it took note, not that the task stopped."""
    return _about_task(endpoint, "tasks/cancel", task_id, {}, token, timeouts, via, _acknowledgement)


def update_task(
    endpoint: str,
    task_id: str,
    responses: Mapping[str, Any],
    *,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    via: OutboundClient | None = None,
) -> Acknowledgement:
    """Give a task the input it waits for (`tasks/update`). `responses` answers the keys of its input requests."""
    params = {"inputResponses": dict(responses)}
    return _about_task(endpoint, "tasks/update", task_id, params, token, timeouts, via, _acknowledgement)


def list_tools(
    endpoint: str,
    *,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    within: float = MAX_LISTING_SECONDS,
    via: OutboundClient | None = None,
) -> Tools:
    """Every tool of a server (`tools/list`), page by page, at most 500, in so many seconds altogether."""
    end = time.monotonic() + within
    found: dict[str, Tool] = {}
    remarks: list[str] = []
    cursors: set[str] = set()
    params: dict[str, Any] = {}
    for _ in range(MAX_PAGES):
        left = end - time.monotonic()
        if left <= 0:
            return Tools(Kind.UNAVAILABLE, "The list of tools was not complete in time.")
        timeouts = replace(timeouts, total=min(timeouts.total, left))
        reply = _not_about_a_task(_simple(endpoint, "tools/list", params, token, timeouts, via))
        if reply.result is None:
            return Tools(reply.kind, reply.detail)
        listed = reply.result.get("tools")
        if not isinstance(listed, list):
            return Tools(Kind.DRIFT, "The server's answer has no list of tools.")
        for entry in listed:
            tool = tool_of(entry)
            if tool is None:
                remarks.append("A tool without a usable name was left out.")
            elif tool.name not in found:
                found[tool.name] = tool
            else:
                same = found[tool.name]
                remarks.append("A tool is listed more than once.")
                found[tool.name] = replace(same, ambiguous=same.ambiguous or same.definition != tool.definition)
        cursor = reply.result.get("nextCursor")
        if len(found) > MAX_TOOLS:
            break
        if not cursor:
            return Tools(Kind.SEEN, tools=tuple(found.values()), remarks=tuple(dict.fromkeys(remarks)))
        if not isinstance(cursor, str) or cursor in cursors:
            break
        cursors.add(cursor)
        params = {"cursor": cursor}
    return Tools(Kind.DRIFT, f"The server's list of tools does not end within {MAX_TOOLS} tools.")


def discover(
    endpoint: str,
    *,
    token: str = "",
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    via: OutboundClient | None = None,
) -> Discovery:
    """Ask a server what it is and whether it has tasks (`server/discover`)."""
    reply = _not_about_a_task(_simple(endpoint, "server/discover", {}, token, timeouts, via))
    if reply.result is None:
        return Discovery(reply.kind, reply.detail)
    capabilities = _mapping(reply.result.get("capabilities"))
    info = _mapping(_mapping(reply.result.get("_meta")).get("io.modelcontextprotocol/serverInfo"))
    info = info or _mapping(reply.result.get("serverInfo"))
    versions = reply.result.get("supportedVersions")
    return Discovery(
        Kind.SEEN,
        name=bounds.text(info.get("name"), 200),
        version=bounds.text(info.get("version"), 100),
        protocol_versions=tuple(
            bounds.text(version, 20) for version in (versions if isinstance(versions, list) else [])[:20]
        ),
        has_tasks=protocol.TASKS_EXTENSION in _mapping(capabilities.get("extensions")),
    )


def _post(
    endpoint: str,
    method: str,
    name: str,
    params: Mapping[str, Any],
    token: str,
    timeouts: Timeouts,
    meta: Mapping[str, Any] | None,
    headers: Mapping[str, str] | None,
    repeatable: bool,
    via: OutboundClient | None,
) -> Reply:
    answer = (via or outbound.client()).request(
        "POST",
        endpoint,
        headers=protocol.headers(method, name, token=token, extra=headers),
        body=protocol.body(method, params, meta=meta),
        timeouts=timeouts,
        repeatable=repeatable,
        enough=answers.SseEnd(),
    )
    return answers.read(answer, datetime.now(UTC))


def _simple(
    endpoint: str,
    method: str,
    params: Mapping[str, Any],
    token: str,
    timeouts: Timeouts,
    via: OutboundClient | None,
    name: str = "",
) -> Reply:
    """A request that may be repeated without harm; its transport errors become replies too."""
    try:
        return _post(endpoint, method, name, params, token, timeouts, None, None, True, via)
    except UNANSWERED as error:
        return Reply(*unheard(error))


def _not_about_a_task(reply: Reply) -> Reply:
    # "Invalid parameters" means "no such task" only where a task was asked for.
    return replace(reply, kind=Kind.DRIFT) if reply.kind is Kind.NOT_FOUND else reply


def _about_task(
    endpoint: str,
    method: str,
    task_id: str,
    params: Mapping[str, Any],
    token: str,
    timeouts: Timeouts,
    via: OutboundClient | None,
    read: Callable[[Reply], T],
) -> T:
    try:
        protocol.check_name(task_id, protocol.MAX_TASK_ID)
    except protocol.RequestError as exception:
        return read(Reply(Kind.REFUSED, str(exception)))
    return read(_simple(endpoint, method, {"taskId": task_id, **params}, token, timeouts, via, task_id))


def _acknowledgement(reply: Reply) -> Acknowledgement:
    return Acknowledgement(reply.kind, reply.detail, reply.error, reply.retry_after_seconds)


def _started(result: dict[str, Any], http_status: int | None) -> StartOutcome:
    result_type = result.get("resultType", "complete")
    if result_type == "task":
        task = answers.task_fields(result, "", http_status)
        if not task.seen:
            return StartOutcome(StartKind.UNKNOWN, task.detail, cause=Kind.DRIFT, http_status=http_status)
        return StartOutcome(StartKind.TASK, task.detail, task=task, http_status=http_status)
    if result_type == "complete":
        is_error = answers.is_tool_error(result)
        detail = "The tool reported an error." if is_error else "The operation finished at once."
        return StartOutcome(
            StartKind.FINISHED, detail, is_error=is_error, result=bounds.document(result), http_status=http_status
        )
    if result_type == "input_required":
        detail = "The tool asks for input within the call, which is not possible here."
        return StartOutcome(StartKind.FAILED, detail, cause=Kind.DRIFT, http_status=http_status)
    detail = f"The server answered with an unknown kind of result: {bounds.text(result_type, 60)!r}."
    return StartOutcome(StartKind.UNKNOWN, detail, cause=Kind.DRIFT, http_status=http_status)


def tool_of(entry: object) -> Tool | None:
    """A tool by its entry of `tools/list`; None where it has no usable name."""
    fields = _mapping(entry)
    name = fields.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= protocol.MAX_NAME or not name.isprintable():
        return None
    output = fields.get("outputSchema")
    return Tool(
        name=name,
        title=bounds.text(fields.get("title"), 200),
        description=bounds.text(fields.get("description"), 10_000),
        input_schema=bounds.document(_mapping(fields.get("inputSchema"))),
        output_schema=bounds.document(output) if isinstance(output, dict) else None,
        annotations=bounds.document(_mapping(fields.get("annotations"))),
        definition=fields,
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
