"""Operations that tell of themselves: by heartbeat, by signed webhook, and as a hint where their server is asked."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient
from standardwebhooks.webhooks import Webhook

from connectors.models import Connector, HookMessage, Observation, TaskState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import service
from portal.operations.services import database_now
from portal.refusals import Conflict, Invalid
from severity import sweep
from severity.models import Incident
from tests.connectors.tracking import world
from tests.servers import scripted as server
from tests.servers.scripted import ScriptedServer

pytestmark = pytest.mark.django_db
SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cw=="
CLIENT = Client()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIAL_JOBS", SECRET)


def nightly(**observation: Any) -> Connector:
    made = world.connector("http://127.0.0.1:9/mcp", transport="http")
    made.document["runtime_tool"]["observation"] = {
        "way": "reported",
        "webhook_secret_ref": "env:CREDENTIAL_JOBS",
    } | observation
    Connector.objects.filter(pk=made.pk).update(document=made.document)
    return Connector.objects.get(pk=made.pk)


def adopted(connector: Connector, remote: str = "run-1", **told: Any) -> TrackedTask:
    task, _created = service.adopt(
        actor=world.person(), connector_key=connector.key, operation="generate_statement", remote_task_id=remote,
        idempotency_key=remote, now=database_now(), **told,
    )  # fmt: skip
    return task


def beat(task: TrackedTask, how: str = "") -> Any:
    return CLIENT.get(f"/hooks/beat/{task.beat}/{how}")


def message(
    data: Any, *, message_id: str = "m-1", secret: str = SECRET, at: datetime | None = None, **headers: str
) -> dict[str, Any]:
    body = data if isinstance(data, str) else json.dumps(data)
    sent = at or database_now()
    signed = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, sent, body),
    }
    return {"data": body, "content_type": "application/json", "headers": signed | headers}


def tell(
    connector: Connector, status: str = "working", task: str = "run-1", timestamp: str | None = None, **how: Any
) -> Any:
    data = {"type": "task.updated", "data": {"task_id": task, "status": status, "message": "So it is."}}
    return CLIENT.post(
        f"/hooks/tasks/{connector.key}/", **message(data | ({"timestamp": timestamp} if timestamp else {}), **how)
    )


def test_a_heartbeat_starts_keeps_alive_and_ends_a_task() -> None:
    task = adopted(nightly())
    assert (task.next_poll_at, task.state, bool(task.beat)) == (None, TaskState.STARTING, True)
    assert beat(task).json() == {"result": "taken"}
    alive = world.again(task)
    assert (alive.state, alive.start_clock, alive.next_poll_at) == (TaskState.WORKING, None, None)
    assert alive.blind_clock is not None
    assert beat(task, "done/").json() == {"result": "taken"}
    assert world.again(task).state == TaskState.COMPLETED
    assert beat(task, "failed/").json() == {"result": "ended"}, "an end stays"
    assert [line.what for line in Observation.objects.filter(task=task)] == ["adopted", "started", "changed", "ended"]


def test_a_job_that_falls_silent_slips_by_the_clock_alone() -> None:
    task = adopted(nightly())
    beat(task)
    TrackedTask.objects.filter(pk=task.pk).update(blind_clock=database_now() - timedelta(seconds=1))
    sweep.tick()
    assert Incident.objects.get(task=task).rule == "blind"
    beat(task)
    sweep.tick()
    assert Incident.objects.get(task=task).state == "resolved"


def test_the_secret_is_told_once_and_kept_as_a_digest(api_of: Callable[..., APIClient]) -> None:
    api, connector = api_of("amal"), nightly()
    body = {
        "connector": connector.key,
        "operation": "generate_statement",
        "remote_task_id": "run-1",
        "idempotency_key": "k",
    }
    made = api.post("/api/v1/tasks/", body).json()
    assert (made["way"], "clocks alone" in made["limits"]) == ("reported", True)
    secret = made["heartbeat_url"].rstrip("/").rpartition("/")[2]
    assert api.post("/api/v1/tasks/", body).json()["heartbeat_url"] == ""
    stored = json.dumps(list(TrackedTask.objects.values()), default=str)
    assert secret not in stored
    assert CLIENT.post(f"/hooks/beat/{secret}/").json() == {"result": "taken"}
    for wrong in (secret[:-1], "x" * 500, secret + "x"):
        assert CLIENT.get(f"/hooks/beat/{wrong}/").status_code == 404


def test_it_cannot_be_started_here_only_adopted() -> None:
    with pytest.raises(Invalid, match="started elsewhere"):
        world.start(nightly())


def test_a_signed_message_is_taken_once() -> None:
    connector = nightly()
    task = adopted(connector)
    assert tell(connector).json() == {"result": "taken"}
    assert tell(connector, "completed").json() == {"result": "repeated"}
    assert tell(connector, "failed_tool", message_id="m-2").json() == {"result": "taken"}
    assert world.again(task).state == TaskState.FAILED_TOOL
    assert tell(connector, message_id="m-3").json() == {"result": "ended"}
    assert tell(connector, task="nobody", message_id="m-4").json() == {"result": "unknown"}


@pytest.mark.parametrize(
    "spoil",
    [
        {"secret": "whsec_" + "b3RoZXI="}, {"at": datetime.fromisoformat("2026-01-01T00:00:00Z")}, {"webhook-id": "other"},
        {"webhook-signature": "v1"}, {"webhook-signature": "v1,!!!"}, {"webhook-signature": ""},
        {"webhook-timestamp": "nan"}, {"message_id": "x" * 201},
    ],
)  # fmt: skip
def test_what_cannot_be_verified_is_refused_without_saying_why(spoil: dict[str, Any]) -> None:
    connector = nightly()
    task = adopted(connector)
    told = tell(connector, **spoil)
    assert (told.status_code, told.json()["detail"]) == (404, "The message cannot be verified.")
    assert world.again(task).state == TaskState.STARTING
    assert not HookMessage.objects.exists()


def test_without_a_secret_or_a_connector_nothing_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    connector = nightly()
    assert tell(Connector(key="nobody")).status_code == 404
    assert tell(world.connector("http://127.0.0.1:9/mcp")).status_code == 404
    assert tell(nightly(webhook_secret_ref="")).status_code == 404
    monkeypatch.delenv("CREDENTIAL_JOBS")
    assert tell(connector).status_code == 404


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ("{", ""), ("[]", ""), ("{}", "data"), ('{"data": {"status": "working"}}', "data.task_id"),
        ('{"data": {"task_id": "a", "status": "RUNNING"}}', "data.status"),
        ('{"data": {"task_id": "a\\u0000", "status": "working"}}', None),
        ('{"data": {"task_id": "a", "status": "working", "more": 1}}', "data.more"),
        ('{"timestamp": "soon", "data": {"task_id": "a", "status": "working"}}', "timestamp"),
        ("[" * 3000, ""), ('{"data": ' + "[" * 200 + "]" * 200 + "}", None),
    ],
)  # fmt: skip
def test_a_verified_body_that_is_no_report_is_told_with_its_place(body: str, path: str | None) -> None:
    connector = nightly()
    answer = CLIENT.post(f"/hooks/tasks/{connector.key}/", **message(body))
    assert answer.status_code == 422, answer.content
    if path is not None:
        assert answer.json()["errors"][0]["path"] == path


def test_a_message_that_is_too_large_is_not_read() -> None:
    answer = CLIENT.post(f"/hooks/tasks/{nightly().key}/", data="x" * 70_000, content_type="application/json")
    assert answer.status_code == 413


def test_an_older_report_that_comes_late_changes_nothing() -> None:
    connector = nightly()
    task = adopted(connector)
    now = database_now()
    tell(connector, "input_required", timestamp=now.isoformat())
    late = tell(connector, "working", timestamp=(now - timedelta(seconds=5)).isoformat(), message_id="m-2")
    assert late.json() == {"result": "older"}
    assert world.again(task).state == TaskState.INPUT_REQUIRED
    future = tell(connector, "working", timestamp="2999-01-01T00:00:00Z", message_id="m-3")
    assert future.json() == {"result": "taken"}, "no later than now"
    assert tell(connector, "completed", message_id="m-4").json() == {"result": "taken"}


def test_messages_are_forgotten_when_their_time_is_not_believed_any_more() -> None:
    connector = nightly()
    adopted(connector)
    HookMessage.objects.create(connector=connector, message_id="old", at=database_now() - timedelta(hours=2))
    tell(connector)
    assert list(HookMessage.objects.values_list("message_id", flat=True)) == ["m-1"]


def test_cancelling_waits_for_its_report_and_nobody_is_asked() -> None:
    connector = nightly()
    task = adopted(connector)
    beat(task)
    asked = service.cancel(actor=world.person(), task_id=task.pk, now=database_now())
    assert (asked.next_poll_at, asked.state) == (None, TaskState.CANCEL_REQUESTED)
    tell(connector, "cancelled")
    assert world.again(task).state == TaskState.CANCELLED


# Where the server is asked, a message only says that it is time to ask.


def test_for_mcp_a_webhook_is_a_hint_and_never_the_truth(scripted: ScriptedServer) -> None:
    connector = nightly(way="mcp_tasks")
    Connector.objects.filter(pk=connector.pk).update(endpoint=scripted.url)
    scripted.behave(server.task(taskId="run-1", pollIntervalMs=3_600_000))
    task = adopted(connector)
    poller = Poller()
    while world.again(task).state != TaskState.WORKING:
        poller.tick()
    far = world.again(task).next_poll_at
    assert tell(connector, "completed").json() == {"result": "hint"}
    hinted = world.again(task)
    assert (hinted.state, hinted.next_poll_at) == (TaskState.WORKING, far), "not sooner than its server allows"
    TrackedTask.objects.filter(pk=task.pk).update(poll_interval_ms=None)
    tell(connector, "completed", message_id="m-2")
    sooner = world.again(task).next_poll_at
    assert sooner is not None
    assert far is not None
    assert sooner < far - timedelta(minutes=4)
    TrackedTask.objects.filter(pk=task.pk).update(trouble_kind="rate_limited", next_poll_at=far)
    tell(connector, "completed", message_id="m-3")
    assert world.again(task).next_poll_at == far, "nor while it asks to slow down"


def test_a_legacy_task_waiting_for_input_cannot_be_answered_from_here() -> None:
    connector = nightly(way="mcp_tasks_legacy")
    task = adopted(connector)
    TrackedTask.objects.filter(pk=task.pk).update(
        state=TaskState.INPUT_REQUIRED, input_requests={"a": {"method": "elicitation/create"}}
    )
    from connectors.tracking import answering

    with pytest.raises(Conflict, match="cannot be answered"):
        answering.answer(
            actor=world.person(), task_id=task.pk, responses={"a": {"action": "decline"}}, now=database_now()
        )
