"""Each way from acceptance to the end: accepted by the service, started and looked at by workers, kept in the database."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from connectors.models import Connector, KnownTool, TaskState, ToolState, TrackedTask, Verification
from connectors.polling import Poller
from connectors.tracking import service
from portal.operations.services import database_now
from tests.connectors.tracking import world
from tests.servers import scripted as server
from tests.servers.scripted import Exchange, ScriptedServer

pytestmark = pytest.mark.django_db


def observed(scripted: ScriptedServer, observation: dict[str, Any], **told: Any) -> Connector:
    made = world.connector(scripted.url, **told)
    made.document["runtime_tool"]["observation"] = observation
    Connector.objects.filter(pk=made.pk).update(document=made.document)
    return Connector.objects.get(pk=made.pk)


def until(task: TrackedTask, wanted: Callable[[TrackedTask], bool]) -> TrackedTask:
    """Each round another worker, that knows only the rows."""
    end = time.monotonic() + 15
    while not wanted(world.again(task)) and time.monotonic() < end:
        TrackedTask.objects.filter(pk=task.pk, next_poll_at__isnull=False).update(next_poll_at=database_now())
        Poller().tick()
    found = world.again(task)
    assert wanted(found), (found.state, found.trouble)
    return found


class Legacy:
    """A server of the legacy protocol with one session and one task."""

    def __init__(self) -> None:
        self.status, self.sessions, self.gone = "working", 0, False

    def __call__(self, exchange: Exchange) -> None:
        asked, session = exchange.seen.json, exchange.seen.headers.get("mcp-session-id")
        method, known = asked["method"], f"s-{self.sessions}"
        task = {
            "taskId": "t-1",
            "status": self.status,
            "createdAt": "2026-01-01T00:00:00Z",
            "ttl": None,
            "pollInterval": 10,
        }
        if method == "initialize":
            self.sessions += 1
            server.result({"protocolVersion": "2025-11-25"}, Mcp_Session_Id=f"s-{self.sessions}")(exchange)
        elif method == "notifications/initialized":
            server.answer(status=202)(exchange)
        elif session != known or self.gone:
            server.answer(status=404)(exchange)
        elif method == "tasks/cancel":
            self.status = "cancelled"
            server.result(task | {"status": "cancelled"})(exchange)
        else:
            server.result({"tools/call": {"task": task}, "tasks/get": task, "tasks/result": {"content": []}}[method])(
                exchange
            )


@pytest.fixture
def legacy(scripted: ScriptedServer) -> Legacy:
    made = Legacy()
    scripted.behave(made)
    return made


def test_a_legacy_task_is_seen_by_every_worker_in_its_own_session(scripted: ScriptedServer, legacy: Legacy) -> None:
    task = world.start(observed(scripted, {"way": "mcp_tasks_legacy"}))
    seen = until(task, lambda one: one.polls >= 3)
    assert (seen.remote_session, seen.state, legacy.sessions) == ("s-1", TaskState.WORKING, 1)
    legacy.status = "completed"
    done = until(task, lambda one: not one.open)
    assert (done.state, done.result) == (TaskState.COMPLETED, {"content": []})


def test_when_its_session_ends_a_legacy_task_is_lost(scripted: ScriptedServer, legacy: Legacy) -> None:
    task = world.start(observed(scripted, {"way": "mcp_tasks_legacy"}))
    until(task, lambda one: one.state == TaskState.WORKING)
    legacy.gone = True
    assert until(task, lambda one: not one.open).state == TaskState.LOST


def test_a_legacy_task_is_cancelled_in_its_session(scripted: ScriptedServer, legacy: Legacy) -> None:
    task = world.start(observed(scripted, {"way": "mcp_tasks_legacy"}))
    until(task, lambda one: one.state == TaskState.WORKING)
    service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    assert until(task, lambda one: not one.open).state == TaskState.CANCELLED


def test_a_status_resource_is_started_looked_at_and_ends(scripted: ScriptedServer) -> None:
    base = scripted.url.removesuffix("/mcp")
    says = {"state": "QUEUED"}

    def job(exchange: Exchange) -> None:
        server.answer(json.dumps({"id": "j/1", "out": {"rows": 7}} | says), 201 if exchange.command == "POST" else 200)(
            exchange
        )

    scripted.behave(job)
    connector = observed(
        scripted,
        {
            "way": "http_status", "status_url": f"{base}/jobs/{{task_id}}", "status_pointer": "/state", "id_pointer": "/id",
            "start_url": f"{base}/jobs", "result_pointer": "/out",
            "status_map": [{"says": "QUEUED", "means": "working"}, {"says": "OK", "means": "completed"}],
        },
        transport="http",
    )  # fmt: skip
    task = world.start(connector)
    assert until(task, lambda one: one.polls >= 2).remote_task_id == "j/1"
    assert {one.path for one in scripted.requests} == {"/jobs", "/jobs/j%2F1"}
    says["state"] = "EXPLODED"
    drifted = until(task, lambda one: bool(one.trouble_kind))
    assert (drifted.trouble_kind, "EXPLODED" in drifted.trouble, drifted.open) == ("drift", True, True)
    says["state"] = "OK"
    done = until(task, lambda one: not one.open)
    assert (done.state, done.result) == (TaskState.COMPLETED, {"rows": 7})


@pytest.mark.parametrize("how", ["tool", "connector"])
def test_what_is_quarantined_after_it_was_accepted_is_not_called(scripted: ScriptedServer, how: str) -> None:
    connector = world.connector(scripted.url)
    task, other = world.start(connector), world.start(connector, "reconcile_ledger")
    if how == "tool":
        KnownTool.objects.create(connector=connector, name=task.operation, state=ToolState.CHANGED, quarantined=True)
    else:
        Verification.objects.create(connector=connector, quarantined_at=database_now())
    Poller().tick()
    assert (world.again(task).state, "quarantined" in task.observations.last().detail) == (TaskState.NOT_STARTED, True)
    called = [one.json["params"]["name"] for one in scripted.requests]
    assert called == (["reconcile_ledger"] if how == "tool" else [])
    assert world.again(other).open is (how == "tool")
