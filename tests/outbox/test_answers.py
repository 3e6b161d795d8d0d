"""What each answer of a receiver does to a delivery: delivered, later, or never again."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from portal.operations.services import database_now
from portal.outbox import delivery, rules
from portal.outbox.models import Delivery, Lane, WebhookEndpoint
from tests.outbox.notices import endpoint, notice, pauses_pass
from tests.outbox.receivers import Receiver

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def rest(of: Delivery | Lane) -> float:
    """Seconds until it is tried again."""
    moment = of.due_at if isinstance(of, Delivery) else of.open_at
    return (moment - database_now()).total_seconds()


def once(receiver: Receiver) -> Delivery:
    """A notice for this receiver, tried once."""
    endpoint("ops", receiver.url)
    notice("ops")
    delivery.tick()
    return Delivery.objects.get()


@pytest.mark.parametrize("status", [429, 503])
def test_the_receiver_says_how_long_to_wait(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"retry-after": "120"}
    late = once(receiver)
    assert 115 < rest(late) <= 120
    assert 115 < rest(Lane.objects.get()) <= 120


def test_what_the_receiver_asks_for_has_a_bound(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"retry-after": "99999999"}
    late = once(receiver)
    assert 3590 < rest(late) <= 3600


def test_only_too_many_and_unavailable_may_ask_to_wait(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 500, {"retry-after": "120"}
    assert rest(once(receiver)) < 13


def test_gone_is_given_up_at_once_and_the_others_still_go(receiver: Receiver) -> None:
    receiver.status = 410
    receiver.on_request = lambda: setattr(receiver, "status", 410 if len(receiver.ids) == 1 else 204)
    endpoint("ops", receiver.url)
    notice("ops", 1)
    notice("ops", 2)
    delivery.tick()
    gone, sent = Delivery.objects.order_by("id")
    assert (gone.due_at, gone.delivered_at, gone.attempts) == (None, None, 1)
    assert gone.last_error == "Given up: The receiver answered 410: it wants no more of these."
    assert sent.delivered_at is not None


def test_a_redirect_is_not_followed(receivers: Callable[[], Receiver]) -> None:
    elsewhere, receiver = receivers(), receivers()
    receiver.status, receiver.headers = 307, {"location": elsewhere.url}
    late = once(receiver)
    assert elsewhere.received == []
    assert late.delivered_at is None
    assert "answered 307; redirects are not followed" in late.last_error


def test_nobody_listens() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    WebhookEndpoint.objects.create(name="ops", url=f"http://127.0.0.1:{port}/", secret_ref="")
    notice("ops")
    delivery.tick()
    late = Delivery.objects.get()
    assert late.last_error != ""
    assert late.due_at is not None


@pytest.mark.parametrize("body", [b"x" * 3_000_000, b""])
def test_the_size_of_an_answer_does_not_matter(receiver: Receiver, body: bytes) -> None:
    receiver.status, receiver.body = 200, body
    assert once(receiver).delivered_at is not None


def test_the_last_attempt_says_why(receiver: Receiver) -> None:
    receiver.status = 500
    late = once(receiver)
    Delivery.objects.update(attempts=rules.GIVE_UP_AFTER - 1)
    pauses_pass()
    delivery.tick()
    late.refresh_from_db()
    assert (late.due_at, late.attempts) == (None, rules.GIVE_UP_AFTER)
    assert late.last_error == "Given up: The receiver answered 500."


def test_an_endpoint_switched_off_meanwhile_gets_nothing(receiver: Receiver) -> None:
    receiver.status = 500
    once(receiver)
    WebhookEndpoint.objects.update(active=False)
    pauses_pass()
    delivery.tick()
    assert len(receiver.ids) == 1
    assert Delivery.objects.get().last_error == "Given up: The endpoint is gone or switched off."


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("9" * 400, rules.LONGEST_RETRY_AFTER),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Mon, 23 Nov 2026 08:00:30 -0000", 30.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("٧", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float) -> None:
    assert rules.retry_after(text, now=NOW) == seconds


def test_pauses_double_up_to_the_longest_and_are_spread() -> None:
    waits = [rules.pause(times, longest=rules.LONGEST_PAUSE, chance=0.5) for times in range(1, 15)]
    assert waits[:3] == [10, 20, 40]
    assert waits[-1] == rules.LONGEST_PAUSE
    assert 18 * 3600 > sum(waits) > 8 * 3600
    assert rules.pause(1, longest=600, chance=0.0) == pytest.approx(8)
    assert rules.pause(1, longest=600, chance=1.0) == pytest.approx(12)
    assert rules.pause(10_000, longest=600, chance=0.5) == 600
