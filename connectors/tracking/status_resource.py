"""Looking at an operation by a plain HTTP resource: an address with the task's id, a pointer to its status, a table of words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import orjson

from connectors.mcp import bounds, protocol
from connectors.mcp.observation import Kind, Observation, RemoteError, StartKind, StartOutcome
from connectors.mcp.unanswered import UNANSWERED, not_heard_of, unheard
from portal.json_bounds import deeper_than
from portal.outbound import client as outbound
from portal.outbound.client import Answer, OutboundClient, Timeouts

ID: Final = "{task_id}"
MOST_DEPTH: Final = 50
FAILED_TOOL: Final = "failed_tool"
# The portal's words that a word of a resource may mean.
MEANINGS: Final = (
    protocol.WORKING, protocol.INPUT_REQUIRED, protocol.COMPLETED, FAILED_TOOL, protocol.FAILED, protocol.CANCELLED,
)  # fmt: skip


@dataclass(frozen=True)
class Resource:
    """How the operations of one connector are looked at and, if it can be, started. Pointers are JSON pointers (RFC 6901)."""

    status_url: str = ""
    status_pointer: str = "/status"
    words: Mapping[str, str] = field(default_factory=dict)
    message_pointer: str = ""
    result_pointer: str = ""
    start_url: str = ""
    id_pointer: str = "/id"


def look(
    resource: Resource, task_id: str, *, token: str, timeouts: Timeouts, via: OutboundClient | None = None
) -> Observation:
    """GET the resource of a task. Never raises for what the other side does."""
    address = resource.status_url.replace(ID, quote(task_id, safe=""))
    try:
        answer = _send("GET", address, b"", (), token, timeouts, True, via)
    except UNANSWERED as error:
        return Observation(*unheard(error))
    found = _of_status(answer)
    if found is not None:
        return found
    body = _json(answer)
    if body is None:
        return Observation(Kind.DRIFT, "The status resource does not answer with JSON.", http_status=answer.status)
    return _read(resource, body, task_id, answer.status)


def start(
    resource: Resource,
    operation: str,
    arguments: Mapping[str, Any],
    *,
    token: str,
    timeouts: Timeouts,
    headers: Mapping[str, str] | None = None,
    via: OutboundClient | None = None,
) -> StartOutcome:
    """POST the operation, once; the answer's id is the task's."""
    try:
        body = orjson.dumps({"operation": operation, "arguments": dict(arguments)})
    except (TypeError, ValueError) as exception:
        return StartOutcome(StartKind.NOT_STARTED, f"The arguments cannot be written: {exception}.", cause=Kind.REFUSED)
    try:
        answer = _send("POST", resource.start_url, body, tuple((headers or {}).items()), token, timeouts, False, via)
    except UNANSWERED as error:
        return not_heard_of(error)
    found = _of_status(answer)
    if found is not None:
        unsure = found.kind is Kind.UNAVAILABLE
        cause = Kind.DRIFT if found.kind is Kind.NOT_FOUND else found.kind
        return StartOutcome(
            StartKind.UNKNOWN if unsure else StartKind.NOT_STARTED, found.detail, cause=cause,
            retry_after_seconds=found.retry_after_seconds, http_status=answer.status,
        )  # fmt: skip
    told = _json(answer)
    task_id = None if told is None else pointed(told, resource.id_pointer)
    task_id = str(task_id) if isinstance(task_id, int) and not isinstance(task_id, bool) else task_id
    if not isinstance(task_id, str) or not 0 < len(task_id) <= protocol.MAX_TASK_ID or not task_id.isprintable():
        return StartOutcome(StartKind.UNKNOWN, "The answer names no usable id of what was started.", cause=Kind.DRIFT)
    known = _read(resource, told, task_id, answer.status)
    working = Observation(Kind.SEEN, "The operation was started.", task_id, protocol.WORKING, http_status=answer.status)
    return StartOutcome(
        StartKind.TASK, working.detail, task=known if known.seen else working, http_status=answer.status
    )


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON pointer leads to; None where it leads nowhere."""
    here = document
    for part in pointer.split("/")[1:] if pointer else ():
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict):
            here = here.get(name)
        elif isinstance(here, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(here):
            here = here[int(name[:9])]
        else:
            return None
    return here


def _read(resource: Resource, body: Any, task_id: str, status: int) -> Observation:
    says = pointed(body, resource.status_pointer)
    if isinstance(says, bool):
        says = str(says).lower()
    word = bounds.text(says if isinstance(says, str) else str(says) if isinstance(says, int) else None, 60)
    if not word:
        return Observation(Kind.DRIFT, f"There is no status at {resource.status_pointer}.", http_status=status)
    means = resource.words.get(word)
    if means is None:
        return Observation(Kind.DRIFT, f"The status {word!r} is not in the connector's table.", http_status=status)
    failed = means == FAILED_TOOL
    message = pointed(body, resource.message_pointer) if resource.message_pointer else None
    message = bounds.text(message)
    found = pointed(body, resource.result_pointer) if resource.result_pointer else None
    ended = means in (protocol.COMPLETED, FAILED_TOOL)
    return Observation(
        Kind.SEEN,
        f"The resource says {word!r}.",
        task_id,
        protocol.COMPLETED if failed else means,
        status_message=message or word,
        is_error=failed,
        result=bounds.document(found if isinstance(found, dict) else {"value": found})
        if ended and found is not None
        else None,
        error=RemoteError(0, message or word) if means == protocol.FAILED else None,
        http_status=status,
    )


def _json(answer: Answer) -> Any:
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return None if deeper_than(body, MOST_DEPTH) else body


def _of_status(answer: Answer) -> Observation | None:
    """What a status says without its body; None where the body is to be read."""
    status, wait = answer.status, None
    wait = bounds.retry_after(answer.headers.get("retry-after"), answer.headers.get("date"), datetime.now(UTC))
    if 200 <= status < 300:
        return None
    if status in (401, 403):
        kind, detail = Kind.UNAUTHORIZED, "The credential is not accepted"
    elif status in (404, 410):
        kind, detail = Kind.NOT_FOUND, "There is no such resource"
    elif status == 429:
        kind, detail = Kind.RATE_LIMITED, "The server asks to slow down"
    elif status >= 500 or status == 408:
        kind, detail = Kind.UNAVAILABLE, "The server is not able to answer"
    elif 300 <= status < 400:
        kind, detail = Kind.DRIFT, "The server redirects elsewhere, which is not followed"
    else:
        kind, detail = Kind.DRIFT, "The server does not take the request"
    return Observation(kind, f"{detail} (HTTP {status}).", retry_after_seconds=wait, http_status=status)


def _send(
    method: str, url: str, body: bytes, headers: tuple[tuple[str, str], ...], token: str, timeouts: Timeouts,
    repeatable: bool, via: OutboundClient | None,
) -> Answer:  # fmt: skip
    sent = [("Accept", "application/json"), *headers]
    if body:
        sent.append(("Content-Type", "application/json"))
    if token:
        sent.append(("Authorization", f"Bearer {token}"))
    return (via or outbound.client()).request(
        method, url, headers=sent, body=body, timeouts=timeouts, repeatable=repeatable
    )
