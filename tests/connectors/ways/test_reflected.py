"""A server that sends the credential back, in whatever part of its answer: it is stored, logged and shown nowhere."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from rest_framework.test import APIClient

from connectors.models import TrackedTask
from connectors.polling import Poller
from portal.operations.services import database_now
from severity import sweep
from tests.connectors.tracking import world
from tests.connectors.ways.test_through_the_portal import observed
from tests.servers import scripted as server
from tests.servers.scripted import Exchange, ScriptedServer

pytestmark = pytest.mark.django_db
SECRET = "s3cret/of+the-tests=="


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIAL_LEDGER", SECRET)


def reflecting(status: str, **more: Any) -> Callable[[Exchange], None]:
    def behave(exchange: Exchange) -> None:
        sent = exchange.seen.headers.get("authorization", "")
        told = {"statusMessage": f"I was sent {sent}", "result": {"content": [{"text": sent, sent: sent}]}}
        server.task(status=status, **told | more)(exchange)

    return behave


def everywhere(task: TrackedTask, client: Client, api: APIClient) -> str:
    """All that is stored, and what page and API show of the task."""
    rows = [
        list(model._default_manager.values())
        for model in apps.get_models()
        if not model._meta.proxy and model._meta.managed
    ]
    shown = [client.get(f"/tasks/{task.pk}/"), client.get("/tasks/?tab=all"), api.get(f"/api/v1/tasks/{task.pk}/")]
    return json.dumps(rows, default=str) + "".join(bytes(getattr(one, "content", b"")).decode() for one in shown)


def refused(written: str) -> Any:
    return server.answer('{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no ' + written + '"}}', 400)


BEHAVIOURS: dict[str, Any] = {
    "status": reflecting("working"),
    "result": reflecting("completed"),
    "input": reflecting(
        "input_required", inputRequests={"a": {"method": "elicitation/create", "params": {"message": SECRET}}}
    ),
    "error": server.error(-32000, f"bad credential {SECRET}"),
    "header": server.slow_down("7", X_Echo=SECRET),
    "escaped": refused(SECRET.replace("/", "\\/")),
    "unicode": refused("".join(f"\\u{ord(one):04X}" for one in SECRET)),
    "unknown word": server.task(status=f"odd {SECRET}"),
}


@pytest.mark.parametrize("how", BEHAVIOURS)
def test_what_mcp_reflects(
    scripted: ScriptedServer, client_of: Callable[..., Client], api_of: Callable[..., APIClient],
    caplog: pytest.LogCaptureFixture, how: str,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    task = world.adopt(world.connector(scripted.url, credential_ref="env:CREDENTIAL_LEDGER"), "r-1")
    scripted.behave(BEHAVIOURS[how])
    for _ in range(2):
        TrackedTask.objects.filter(pk=task.pk, next_poll_at__isnull=False).update(next_poll_at=database_now())
        Poller().tick()
    sweep.tick()
    assert scripted.requests[-1].headers["authorization"] == f"Bearer {SECRET}"
    found = world.again(task)
    assert found.polls or found.trouble
    told = everywhere(task, client_of("amal"), api_of("amal")) + caplog.text
    assert SECRET not in told
    assert json.dumps(SECRET)[1:-1] not in told


def test_what_a_status_resource_reflects(
    scripted: ScriptedServer, client_of: Callable[..., Client], api_of: Callable[..., APIClient]
) -> None:
    connector = observed(
        scripted,
        {
            "way": "http_status", "status_url": scripted.url.removesuffix("/mcp") + "/{task_id}", "status_pointer": "/state",
            "message_pointer": "/note", "result_pointer": "/out", "status_map": [{"says": "OK", "means": "completed"}],
        },
        transport="http", credential_ref="env:CREDENTIAL_LEDGER",
    )  # fmt: skip
    task = world.adopt(connector, "r-1")
    scripted.behave(server.answer(json.dumps({"state": "OK", "note": SECRET, "out": {SECRET: [SECRET]}})))
    Poller().tick()
    assert not world.again(task).open
    assert SECRET not in everywhere(task, client_of("amal"), api_of("amal"))
