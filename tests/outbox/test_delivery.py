"""Notices reach people by e-mail and endpoints by signed webhook: at least once, late rather than never."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from portal.operations.services import database_now
from portal.outbox import delivery
from portal.outbox.models import Delivery, OutboxEvent, WebhookEndpoint
from portal.outbox.services import publish
from portal.people.models import Team, User
from tests.outbox.notices import pauses_pass
from tests.outbox.receivers import Receiver

pytestmark = pytest.mark.django_db


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
    receiver.status = 500
    opened()
    delivery.tick()
    assert len(mail.outbox) == 1
    late = Delivery.objects.get(channel="webhook")
    assert late.delivered_at is None
    assert "500" in late.last_error
    assert late.due_at is not None
    assert late.due_at > database_now() + timedelta(seconds=5)
    receiver.status = 204
    pauses_pass()
    delivery.tick()
    assert Delivery.objects.get(channel="webhook").delivered_at is not None
    assert len(set(receiver.ids)) == 1


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
