"""The wire: names, headers and bodies of protocol 2026-07-28 with the tasks extension."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

PROTOCOL_VERSION: Final = "2026-07-28"
TASKS_EXTENSION: Final = "io.modelcontextprotocol/tasks"
CLIENT_NAME: Final = "connector-portal"
CLIENT_VERSION: Final = "0.1.0"

META_PROTOCOL_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
META_CLIENT_INFO: Final = "io.modelcontextprotocol/clientInfo"
META_CLIENT_CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"

WORKING: Final = "working"
INPUT_REQUIRED: Final = "input_required"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
STATUSES: Final = frozenset({WORKING, INPUT_REQUIRED, COMPLETED, FAILED, CANCELLED})
TERMINAL_STATUSES: Final = frozenset({COMPLETED, FAILED, CANCELLED})

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
HEADER_MISMATCH: Final = -32020
MISSING_CAPABILITY: Final = -32021
UNSUPPORTED_VERSION: Final = -32022
# Codes by which a server says that it and we do not speak the same protocol.
PROTOCOL_ERRORS: Final = frozenset(
    {PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION}
)

REQUEST_ID: Final = 1
MAX_TASK_ID: Final = 512
MAX_NAME: Final = 256

_ENVELOPE: Final[dict[str, Any]] = {
    META_PROTOCOL_VERSION: PROTOCOL_VERSION,
    META_CLIENT_INFO: {"name": CLIENT_NAME, "version": CLIENT_VERSION},
    META_CLIENT_CAPABILITIES: {"extensions": {TASKS_EXTENSION: {}}},
}
_FIXED_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json, text/event-stream"),
    ("MCP-Protocol-Version", PROTOCOL_VERSION),
)
_OWN_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "mcp-method",
        "mcp-name",
        "mcp-protocol-version",
        "transfer-encoding",
        "user-agent",
    }
)
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
_PLAIN = re.compile(r"[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?")


class RequestError(ValueError):
    """A request that cannot be written: a name too long, arguments that are not JSON, a header that is ours to set."""


def encode_header(value: str) -> str:
    """A value as an HTTP header carries it: as it is if plain ASCII, else in the `=?base64?…?=` form."""
    if _PLAIN.fullmatch(value) and not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    return f"=?base64?{base64.b64encode(value.encode('utf-8', 'surrogatepass')).decode('ascii')}?="


def headers(
    method: str, name: str = "", *, token: str = "", extra: Mapping[str, str] | None = None
) -> Sequence[tuple[str, str]]:
    """The headers of one POST. `name` is the tool or the task the request is about. Raises RequestError."""
    result = [*_FIXED_HEADERS, ("Mcp-Method", method)]
    if name:
        result.append(("Mcp-Name", encode_header(name)))
    if token:
        result.append(("Authorization", f"Bearer {token}"))
    for key, value in (extra or {}).items():
        if not _HEADER_NAME.fullmatch(key) or key.lower() in _OWN_HEADERS:
            raise RequestError(f"The header {key!a} cannot be set by a connector.")
        result.append((key, encode_header(value)))
    return result


def body(method: str, params: Mapping[str, Any] | None = None, *, meta: Mapping[str, Any] | None = None) -> bytes:
    """The JSON-RPC request. Keys of the protocol win over the same keys in `meta`. Raises RequestError."""
    full = {**(params or {}), "_meta": {**meta, **_ENVELOPE} if meta else _ENVELOPE}
    try:
        return orjson.dumps({"jsonrpc": "2.0", "id": REQUEST_ID, "method": method, "params": full})
    except (TypeError, ValueError) as exception:
        raise RequestError(f"The arguments cannot be written as JSON: {exception}.") from None


def check_name(value: str, most: int) -> str:
    """The name of a tool or the id of a task, if it can travel in a header and a log line. Raises RequestError."""
    if not value or len(value) > most or not value.isprintable():
        raise RequestError(f"A tool's name or a task's id must have 1 to {most} printable characters.")
    return value
