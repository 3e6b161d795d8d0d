"""Operations that are looked at by a plain HTTP resource."""

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.mcp.observation import Kind, StartKind
from connectors.tracking.status_resource import Resource, look, pointed, start
from portal.outbound.client import OutboundClient, Timeouts
from tests.servers import scripted as server
from tests.servers.scripted import ScriptedServer

SHORT = Timeouts(connect=1, read=1, total=2)
WORDS = {
    "RUNNING": "working",
    "OK": "completed",
    "BAD": "failed",
    "OOPS": "failed_tool",
    "STOPPED": "cancelled",
    "ASKS": "input_required",
    "3": "completed",
}


def resource(at: ScriptedServer) -> Resource:
    base = at.url.removesuffix("/mcp")
    return Resource(
        status_url=f"{base}/jobs/{{task_id}}?whole=1", status_pointer="/job/state", words=WORDS,
        message_pointer="/job/note", result_pointer="/job/out", start_url=f"{base}/jobs", id_pointer="/job/id",
    )  # fmt: skip


def seen(at: ScriptedServer, via: OutboundClient, task_id: str = "a/b?c") -> Any:
    return look(resource(at), task_id, token="secret", timeouts=SHORT, via=via)


def job(status: int = 200, **fields: Any) -> Any:
    return server.answer(json.dumps({"job": fields}), status)


def test_the_id_is_part_of_the_path_whatever_it_holds(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(job(state="RUNNING", note="Half."))
    found = seen(scripted, outbound)
    assert (found.remote_status, found.status_message, found.task_id) == ("working", "Half.", "a/b?c")
    request = scripted.requests[-1]
    assert (request.method, request.path, request.headers["authorization"]) == (
        "GET",
        "/jobs/a%2Fb%3Fc?whole=1",
        "Bearer secret",
    )


@pytest.mark.parametrize(
    ("says", "status", "failed"),
    [("OK", "completed", False), ("OOPS", "completed", True), ("BAD", "failed", False), ("STOPPED", "cancelled", False),
     ("ASKS", "input_required", False), (3, "completed", False)],
)  # fmt: skip
def test_each_word_means_what_the_table_says(
    scripted: ScriptedServer, outbound: OutboundClient, says: Any, status: str, failed: bool
) -> None:
    scripted.behave(job(state=says, out={"rows": 7}))
    found = seen(scripted, outbound)
    assert (found.kind, found.remote_status, found.is_error) == (Kind.SEEN, status, failed)
    assert found.result == ({"rows": 7} if status == "completed" else None)


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (job(state="NEW WORD"), Kind.DRIFT), (job(other=1), Kind.DRIFT), (job(state=None), Kind.DRIFT),
        (job(state={"a": 1}), Kind.DRIFT), (server.html(), Kind.DRIFT), (server.answer("[" * 5000), Kind.DRIFT),
        (server.answer("[" * 60 + "]" * 60), Kind.DRIFT), (server.redirect("http://127.0.0.1:1/"), Kind.DRIFT),
        (server.answer(status=404), Kind.NOT_FOUND), (server.answer(status=410), Kind.NOT_FOUND),
        (server.answer(status=401), Kind.UNAUTHORIZED), (server.answer(status=403), Kind.UNAUTHORIZED),
        (server.slow_down(), Kind.RATE_LIMITED), (server.server_error(503), Kind.UNAVAILABLE),
        (server.answer(status=418), Kind.DRIFT), (server.huge(), Kind.DRIFT), (server.endless, Kind.DRIFT),
        (server.silence, Kind.UNAVAILABLE), (server.hang_up, Kind.UNAVAILABLE), (server.drip, Kind.UNAVAILABLE),
    ],
)  # fmt: skip
def test_what_is_no_status_is_told_for_what_it_is(
    scripted: ScriptedServer, outbound: OutboundClient, behaviour: Any, kind: Kind
) -> None:
    scripted.behave(behaviour)
    found = seen(scripted, outbound)
    assert (found.kind, found.seen) == (kind, False)
    assert found.detail


def test_an_address_of_the_inside_is_refused(scripted: ScriptedServer) -> None:
    from portal.outbound.guard import Guard

    client = OutboundClient(Guard([]))
    assert seen(scripted, client).kind is Kind.REFUSED
    assert not scripted.requests
    client.close()


def begin(at: ScriptedServer, via: OutboundClient, **told: Any) -> Any:
    return start(resource(at), "export", {"a": 1}, token="", timeouts=SHORT, via=via, **told)


def test_a_start_is_posted_once_and_its_id_is_kept(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    scripted.behave(job(201, id=17, state="RUNNING"))
    outcome = begin(scripted, outbound, headers={"Idempotency-Key": "k"})
    assert (outcome.kind, outcome.task.task_id, outcome.task.remote_status) == (StartKind.TASK, "17", "working")
    (request,) = scripted.requests
    assert (request.method, request.json) == ("POST", {"operation": "export", "arguments": {"a": 1}})
    assert request.headers["idempotency-key"] == "k"
    scripted.behave(job(201, id="x"))
    assert begin(scripted, outbound).task.remote_status == "working", "without a status it runs"


@pytest.mark.parametrize(
    ("behaviour", "kind", "cause"),
    [
        (job(201), StartKind.UNKNOWN, Kind.DRIFT), (job(201, id=""), StartKind.UNKNOWN, Kind.DRIFT),
        (job(201, id="x" * 600), StartKind.UNKNOWN, Kind.DRIFT), (server.html(), StartKind.UNKNOWN, Kind.DRIFT),
        (server.answer(status=400), StartKind.NOT_STARTED, Kind.DRIFT),
        (server.answer(status=401), StartKind.NOT_STARTED, Kind.UNAUTHORIZED),
        (server.answer(status=404), StartKind.NOT_STARTED, Kind.DRIFT),
        (server.slow_down(), StartKind.NOT_STARTED, Kind.RATE_LIMITED),
        (server.server_error(), StartKind.UNKNOWN, Kind.UNAVAILABLE), (server.hang_up, StartKind.UNKNOWN, Kind.UNAVAILABLE),
    ],
)  # fmt: skip
def test_what_becomes_of_a_start(
    scripted: ScriptedServer, outbound: OutboundClient, behaviour: Any, kind: StartKind, cause: Kind
) -> None:
    scripted.behave(behaviour)
    outcome = begin(scripted, outbound)
    assert (outcome.kind, outcome.cause, len(scripted.requests)) == (kind, cause, 1)


def test_nobody_to_start_at(scripted: ScriptedServer, outbound: OutboundClient) -> None:
    outcome = start(
        replace(resource(scripted), start_url="http://127.0.0.1:9/"),
        "export",
        {},
        token="",
        timeouts=SHORT,
        via=outbound,
    )
    assert (outcome.kind, outcome.cause) == (StartKind.NOT_STARTED, Kind.UNAVAILABLE)


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", {"a/b": [1, {"c~d": 2}]}),
        ("/a~1b/0", 1),
        ("/a~1b/1/c~0d", 2),
        ("/a~1b/7", None),
        ("/a~1b/x", None),
        ("/no/no", None),
    ],
)
def test_pointers_go_by_their_standard(pointer: str, found: Any) -> None:
    assert pointed({"a/b": [1, {"c~d": 2}]}, pointer) == found
