"""Notices reach people by e-mail and endpoints by signed webhook: at least once, late rather than never."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core import mail
from standardwebhooks.webhooks import Webhook

from portal.operations.services import database_now
from portal.outbox import delivery
from portal.outbox.models import Delivery, OutboxEvent, WebhookEndpoint
from portal.outbox.services import publish
from portal.people.models import Team, User

pytestmark = pytest.mark.django_db
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """A real receiver that checks signatures, or answers 500 while told so."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.failing = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                if not outer.failing:
                    outer.received.append(Webhook(SECRET).verify(body, {k.lower(): v for k, v in self.headers.items()}))
                self.send_response(500 if outer.failing else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("CREDENTIAL_HOOK", SECRET)
    made = Receiver()
    yield made
    made.server.shutdown()


def opened(key: str = "incident:1:opened") -> OutboxEvent:
    team, _new = Team.objects.get_or_create(key="crm-team", defaults={"name": "CRM"})
    omar, _new = User.objects.get_or_create(username="omar", defaults={"email": "omar@portal.example"})
    team.members.add(omar)
    publish(topic="incident.opened", subject="V1 Stalled", payload={"id": "INC-1"}, dedup_key=key, team_key="crm-team")
    return OutboxEvent.objects.get(dedup_key=key)


def test_a_notice_is_written_once_and_mailed_once_to_each_member() -> None:
    opened()
    opened()
    delivery.tick()
    delivery.tick()
    assert [message.to for message in mail.outbox] == [["omar@portal.example"]]
    assert Delivery.objects.get().delivered_at is not None


def test_a_webhook_is_signed_so_that_the_receiver_can_check_it(receiver: Receiver) -> None:
    WebhookEndpoint.objects.create(name="ops", url=receiver.url, secret_ref="env:CREDENTIAL_HOOK")
    opened()
    delivery.tick()
    assert [one["data"] for one in receiver.received] == [{"id": "INC-1"}]


def test_a_failing_receiver_is_tried_again_and_delays_nobody(receiver: Receiver) -> None:
    WebhookEndpoint.objects.create(name="ops", url=receiver.url, secret_ref="env:CREDENTIAL_HOOK")
    receiver.failing = True
    opened()
    delivery.tick()
    assert len(mail.outbox) == 1
    late = Delivery.objects.get(channel="webhook")
    assert late.delivered_at is None
    assert "500" in late.last_error
    assert late.due_at is not None
    assert late.due_at > database_now() + timedelta(seconds=5)
    receiver.failing = False
    Delivery.objects.filter(pk=late.pk).update(due_at=database_now())
    delivery.tick()
    assert len(receiver.received) == 1


def test_an_address_of_the_own_network_is_refused_unless_allowed(settings: Any) -> None:
    WebhookEndpoint.objects.create(name="inside", url="http://169.254.169.254/latest", secret_ref="env:CREDENTIAL_HOOK")
    opened()
    delivery.tick()
    assert Delivery.objects.get(channel="webhook").delivered_at is None


def test_topics_choose_the_endpoints(receiver: Receiver) -> None:
    WebhookEndpoint.objects.create(
        name="changes", url=receiver.url, secret_ref="env:CREDENTIAL_HOOK", topics=["change.applied"]
    )
    opened()
    delivery.tick()
    assert receiver.received == []
