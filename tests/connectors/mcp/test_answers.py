"""Reading arbitrary answers: whatever the bytes, the reading ends in one of the known kinds."""

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.mcp import answers, bounds
from connectors.mcp.observation import Kind
from portal.outbound.client import Answer

NOW = datetime(2026, 11, 1, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(["working", "completed", "failed", "input_required", "cancelled"])
SIDE_FIELDS = (
    "result",
    "error",
    "inputRequests",
    "statusMessage",
    "createdAt",
    "lastUpdatedAt",
    "ttlMs",
    "pollIntervalMs",
)
tasks = st.fixed_dictionaries(
    {"taskId": st.just("task-1"), "status": words | json_values}, optional=dict.fromkeys(SIDE_FIELDS, json_values)
)
content_types = st.sampled_from(["application/json", "text/event-stream", "text/html", "", "a/b;c"]) | st.text()


@settings(max_examples=300, deadline=None)
@given(st.binary(), st.integers(100, 999), content_types, st.text() | st.none())
@example(b"data: {\r\n\r\n", 200, "text/event-stream", None)
@example(b'{"jsonrpc":"2.0","error":{"code":true}}', 200, "application/json", "1")
def test_any_bytes_are_sorted(body: bytes, status: int, content_type: str, wait: str | None) -> None:
    headers = {"content-type": content_type} | ({"retry-after": wait} if wait is not None else {})
    reply = answers.read(Answer(status, headers, body), NOW)
    assert isinstance(reply.kind, Kind)
    assert (reply.result is not None) == (reply.kind is Kind.SEEN)


@settings(max_examples=300, deadline=None)
@given(tasks)
def test_any_task_is_read_into_values_that_can_be_stored(fields: dict[str, Any]) -> None:
    seen = answers.task_fields(fields, "task-1", 200)
    assert seen.kind in (Kind.SEEN, Kind.DRIFT)
    stored = orjson.dumps([seen.result, seen.input_requests, seen.status_message, seen.detail])
    assert b"\\u0000" not in stored.replace(b"\\\\u0000", b"")
    assert seen.ttl_ms is None or 0 <= seen.ttl_ms <= bounds.MAX_TTL_MS
    assert seen.poll_interval_ms is None or 0 <= seen.poll_interval_ms <= bounds.MAX_INTERVAL_MS
    assert seen.created_at is None or seen.created_at.tzinfo is not None


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_of_a_server_can_be_stored(value: str) -> None:
    kept = bounds.text(value, 50)
    assert len(kept) <= 50
    assert "\0" not in kept
    kept.encode("utf-8")
