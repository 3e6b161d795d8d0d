"""E-mails through a real mail server: one connection for many, and nothing to people who left."""

import time
from typing import Any

import pytest

from portal.outbox import delivery, lanes
from portal.outbox.models import Delivery, Lane
from portal.people.models import Team, User
from tests.outbox.notices import endpoint, member, notice, pauses_pass
from tests.outbox.receivers import MailServer, Receiver

pytestmark = pytest.mark.django_db


def test_many_mails_share_one_connection(mail_server: MailServer) -> None:
    member("omar")
    member("lina")
    for number in range(10):
        notice("incident.opened", number, team="crm-team")
    delivery.tick()
    assert len(mail_server.mails) == 20
    assert {mail.connection for mail in mail_server.mails} == {1}
    assert {mail.to for mail in mail_server.mails} == {"omar@portal.example", "lina@portal.example"}
    assert len({mail.message["Message-ID"] for mail in mail_server.mails}) == 20
    assert "About incident.opened:0" in mail_server.mails[0].message["Subject"]


def test_a_repeat_has_the_same_message_id(mail_server: MailServer, settings: Any) -> None:
    settings.PUBLIC_URL = "https://portal.example:8443/base"
    member("omar")
    notice("incident.opened", team="crm-team")
    delivery.tick()
    Delivery.objects.update(delivered_at=None, due_at="2026-01-01T00:00Z")
    delivery.tick()
    ids = [mail.message["Message-ID"] for mail in mail_server.mails]
    assert ids == [f"<delivery-{Delivery.objects.get().pk}@portal.example>"] * 2


@pytest.mark.parametrize("how", ["deactivated", "left"])
def test_nothing_goes_to_a_person_who_left_meanwhile(mail_server: MailServer, how: str) -> None:
    omar = member("omar")
    notice("incident.opened", team="crm-team")
    lanes.expand()
    if how == "deactivated":
        User.objects.filter(pk=omar.pk).update(is_active=False)
    else:
        Team.objects.get().members.remove(omar)
    delivery.tick()
    assert mail_server.mails == []
    row = Delivery.objects.get()
    assert (row.due_at, row.delivered_at) == (None, None)
    assert row.last_error == "Given up: Nobody who is active and hears of this has the address any more."


def test_a_wrong_mail_server_does_not_stop_webhooks(mail_server: MailServer, receiver: Receiver) -> None:
    mail_server.hangs_up = True
    member("omar")
    member("lina")
    endpoint("ops", receiver.url, [])
    for number in range(5):
        notice("incident.opened", number, team="crm-team")
    begun = time.monotonic()
    delivery.tick()
    assert len(receiver.received) == 5
    assert max(receiver.arrived) - begun < 2
    # Ten mails wait, one was tried.
    assert mail_server.connections == 1
    assert Delivery.objects.filter(channel="email", delivered_at=None).count() == 10
    assert Lane.objects.get(name="email").failures == 1
    mail_server.hangs_up = False
    pauses_pass()
    delivery.tick()
    assert len(mail_server.mails) == 10


@pytest.mark.parametrize(
    ("said", "given_up"), [("550 no such person", True), ("450 try later", False)], ids=["for ever", "for now"]
)
def test_a_refused_address_does_not_hold_up_the_other_mails(mail_server: MailServer, said: str, given_up: bool) -> None:
    member("gone")
    member("omar")
    mail_server.refused["gone@portal.example"] = said
    notice("incident.opened", team="crm-team")
    delivery.tick()
    assert [mail.to for mail in mail_server.mails] == ["omar@portal.example"]
    row = Delivery.objects.get(receiver="gone@portal.example")
    assert said in row.last_error
    assert (row.due_at is None, row.last_error.startswith("Given up")) == (given_up, given_up)
    assert Lane.objects.get().failures == 0
