"""Reading an answer. The order of the checks matters and is the same for every request:

JSON-RPC error object first (it may ride HTTP 400 or 404), then the HTTP status, then the content type, then the shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from connectors.mcp import bounds, protocol
from connectors.mcp.observation import Kind, Observation, RemoteError
from portal.outbound.client import Answer

SSE = "text/event-stream"
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """One answer, sorted. `result` is set with SEEN only; `sure` says that the request was turned away unprocessed."""

    kind: Kind
    detail: str = ""
    result: dict[str, Any] | None = None
    error: RemoteError | None = None
    retry_after_seconds: float | None = None
    http_status: int | None = None
    sure: bool = False


def read(answer: Answer, now: datetime) -> Reply:
    """Sort an answer. Never raises for anything a server can send."""
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    message = _message(answer.body, media_type)
    error = message.get("error") if message else None
    wait = bounds.retry_after(answer.headers.get("retry-after"), answer.headers.get("date"), now)
    if isinstance(error, dict):
        return _of_error(error, answer.status, wait)
    if answer.status != 200:
        return _of_status(answer.status, wait)
    if media_type not in (JSON, SSE):
        shown = bounds.text(media_type, 60) or "nothing named"
        return Reply(Kind.DRIFT, f"The server answered with {shown} instead of JSON.", http_status=200)
    if message is None:
        return Reply(Kind.DRIFT, "The server's answer is not JSON-RPC.", http_status=200)
    result = message.get("result")
    if not isinstance(result, dict):
        return Reply(Kind.DRIFT, "The server's answer has no result.", http_status=200)
    return Reply(Kind.SEEN, result=result, http_status=200)


def task_fields(result: Mapping[str, Any], task_id: str, http_status: int | None) -> Observation:
    """The state of a task out of the flat fields of a result. `task_id` is the one asked for, empty at the start."""
    told = result.get("taskId")
    if not isinstance(told, str) or not told or len(told) > protocol.MAX_TASK_ID or not told.isprintable():
        return _drift("The server's answer has no usable task id.", http_status)
    if task_id and told != task_id:
        return _drift("The server answered about another task.", http_status)
    status = result.get("status")
    if not isinstance(status, str):
        return _drift("The server's answer has no task status.", http_status)
    if status not in protocol.STATUSES:
        return _drift(f"The server told an unknown task status: {bounds.text(status, 60)!r}.", http_status)
    remarks: list[str] = []
    created_at = bounds.moment(result.get("createdAt"))
    last_updated_at = bounds.moment(result.get("lastUpdatedAt"))
    ttl_ms = bounds.milliseconds(result.get("ttlMs"), bounds.MAX_TTL_MS)
    interval_ms = bounds.milliseconds(result.get("pollIntervalMs"), bounds.MAX_INTERVAL_MS)
    for name, value in (
        ("createdAt", created_at),
        ("lastUpdatedAt", last_updated_at),
        ("ttlMs", ttl_ms),
        ("pollIntervalMs", interval_ms),
    ):
        if value is None and result.get(name) is not None:
            remarks.append(f"{name} was ignored: its value makes no sense.")
    return Observation(
        kind=Kind.SEEN,
        detail=_sentence(status, result),
        task_id=told,
        remote_status=status,
        status_message=bounds.text(result.get("statusMessage")),
        created_at=created_at,
        last_updated_at=last_updated_at,
        ttl_ms=ttl_ms,
        poll_interval_ms=interval_ms,
        is_error=status == protocol.COMPLETED and is_tool_error(result.get("result")),
        result=document(result.get("result")) if status == protocol.COMPLETED else None,
        error=_error(result.get("error")) if status == protocol.FAILED else None,
        input_requests=document(result.get("inputRequests")) if status == protocol.INPUT_REQUIRED else None,
        http_status=http_status,
        remarks=tuple(remarks),
    )


def is_tool_error(result: object) -> bool:
    """Whether the result of a tool says that the tool failed."""
    return isinstance(result, dict) and result.get("isError") is True


class SseEnd:
    """Tells when an event stream has delivered the one answer, so that a stream left open does not cost a timeout."""

    def __init__(self) -> None:
        self._looked = 0

    def __call__(self, headers: Mapping[str, str], body: bytearray) -> bool:
        """Whether the body holds a complete event that answers the request."""
        if not headers.get("content-type", "").lower().startswith(SSE):
            return False
        # Only what came since the last complete event is looked at again.
        end = max(body.rfind(b"\n\n"), body.rfind(b"\r\n\r\n"), body.rfind(b"\r\r"))
        if end <= self._looked:
            return False
        fresh = bytes(body[self._looked : end + 4])
        self._looked = end
        return _from_events(fresh) is not None


def _message(body: bytes, media_type: str) -> dict[str, Any] | None:
    # Some servers label event streams as JSON and the other way round: the bytes decide.
    first = body.lstrip()[:1]
    if first == b"{":
        return _json_rpc(body)
    return _from_events(body) if media_type == SSE else None


def _from_events(body: bytes) -> dict[str, Any] | None:
    for event in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
        data = b"\n".join(line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:"))
        if data:
            message = _json_rpc(data)
            # Notifications may come before the answer; they carry neither.
            if message is not None and ("result" in message or "error" in message):
                return message
    return None


def _json_rpc(data: bytes) -> dict[str, Any] | None:
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and message.get("jsonrpc") == "2.0" else None


def _of_error(error: dict[str, Any], status: int, wait: float | None) -> Reply:
    told = _error(error)
    if told is None:
        return Reply(Kind.DRIFT, "The server's error has no code.", retry_after_seconds=wait, http_status=status)
    if told.code == protocol.INVALID_PARAMS:
        kind = Kind.NOT_FOUND
    elif told.code in protocol.PROTOCOL_ERRORS:
        kind = Kind.DRIFT
    elif status in (401, 403):
        kind = Kind.UNAUTHORIZED
    elif status == 429:
        kind = Kind.RATE_LIMITED
    else:
        kind = Kind.UNAVAILABLE
    detail = f"The server answered with error {told.code}: {told.message or 'no message'}"
    return Reply(kind, detail, error=told, retry_after_seconds=wait, http_status=status)


def _of_status(status: int, wait: float | None) -> Reply:
    if status in (401, 403):
        kind, detail, sure = Kind.UNAUTHORIZED, "The server does not accept the credential", True
    elif status == 429:
        kind, detail, sure = Kind.RATE_LIMITED, "The server asks to slow down", True
    elif status >= 500 or status == 408:
        # A gateway may answer so after the server behind it began to work.
        kind, detail, sure = Kind.UNAVAILABLE, "The server is not able to answer", False
    elif 300 <= status < 400:
        kind, detail, sure = Kind.DRIFT, "The server redirects elsewhere, which is not followed", True
    elif 400 <= status < 500:
        kind, detail, sure = Kind.DRIFT, "The server does not know this address or protocol", status != 499
    else:
        kind, detail, sure = Kind.DRIFT, "The server answered with an unexpected status", False
    return Reply(kind, f"{detail} (HTTP {status}).", retry_after_seconds=wait, http_status=status, sure=sure)


def _drift(detail: str, http_status: int | None) -> Observation:
    return Observation(kind=Kind.DRIFT, detail=detail, http_status=http_status)


def _error(value: object) -> RemoteError | None:
    if not isinstance(value, dict):
        return None
    code = value.get("code")
    if isinstance(code, bool) or not isinstance(code, int) or abs(code) > 2**31:
        return None
    return RemoteError(code, bounds.text(value.get("message")))


def document(value: object) -> dict[str, Any] | None:
    """A mapping, brought down to what can be kept."""
    return bounds.document(value) if isinstance(value, dict) else None


def _sentence(status: str, result: Mapping[str, Any]) -> str:
    if status == protocol.COMPLETED:
        return "The tool reported an error." if is_tool_error(result.get("result")) else "The task is completed."
    if status == protocol.FAILED:
        error = _error(result.get("error"))
        return f"The task failed: {error.message}" if error and error.message else "The task failed."
    return {
        protocol.WORKING: "The task is running.",
        protocol.INPUT_REQUIRED: "The task waits for input.",
        protocol.CANCELLED: "The task was cancelled.",
    }[status]
