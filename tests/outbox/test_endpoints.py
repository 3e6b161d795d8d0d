"""Receivers of webhooks: who may manage them, what is refused, and a test that arrives signed."""

import pytest

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.outbox import delivery, endpoints
from portal.outbox.endpoints import Receiver
from portal.outbox.models import Delivery, WebhookEndpoint
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from tests import people
from tests.outbox.notices import notice
from tests.outbox.receivers import Receiver as Listener

pytestmark = pytest.mark.django_db
REF = "env:CREDENTIAL_HOOK"


def add(
    name: str = "pager", url: str = "https://hooks.example/in", who: str = "adam", **more: object
) -> WebhookEndpoint:
    receiver = Receiver(url=url, secret_ref=str(more.pop("secret_ref", REF)), **more)
    return endpoints.add_endpoint(actor=people.actor(who), name=name, receiver=receiver, now=database_now())


@pytest.mark.parametrize("who", ["vera", "amal", "omar", "khalid", "yusuf"])
def test_only_administrators_manage_them(who: str) -> None:
    with pytest.raises(Forbidden):
        add(who=who)
    add()
    with pytest.raises(Forbidden):
        endpoints.send_test(actor=people.actor(who), name="pager", now=database_now())
    with pytest.raises(Forbidden):
        endpoints.change_endpoint(
            actor=people.actor(who), name="pager", receiver=Receiver("https://a.example/", REF), now=database_now()
        )


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("url", {"url": "http://10.0.0.1/in"}),
        ("url", {"url": "file:///etc/passwd"}),
        ("url", {"url": "https://user:word@hooks.example/"}),
        ("secret_ref", {"secret_ref": "env:SECRET_KEY"}),
        ("secret_ref", {"secret_ref": "whsec_abc"}),
        ("topics", {"topics": ["everything"]}),
        ("topics", {"topics": ["change.applied"] * 51}),
    ],
)
def test_what_is_wrong_is_said_at_its_field(field: str, more: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        add(**more)
    assert field in {problem.path for problem in refused.value.problems}
    assert not WebhookEndpoint.objects.exists()


def test_a_name_is_taken_once_and_stays() -> None:
    add()
    with pytest.raises(Conflict):
        add()
    with pytest.raises(Invalid):
        add(name="Not A Name")
    with pytest.raises(Invalid):
        add(name="new")
    with pytest.raises(Missing):
        endpoints.send_test(actor=people.actor("adam"), name="nobody", now=database_now())


def test_a_test_goes_to_this_receiver_alone_and_is_signed(receiver: Listener) -> None:
    add("pager", receiver.url)
    add("other", receiver.url)
    endpoints.send_test(actor=people.actor("adam"), name="pager", now=database_now())
    delivery.tick()
    # The receiver verifies the signature of whatever it notes.
    (body,) = receiver.received
    assert (body["type"], body["data"]["by"]) == (endpoints.TEST_TOPIC, "adam")
    assert Delivery.objects.get().delivered_at is not None


def test_who_is_switched_off_hears_nothing_and_gets_no_test(receiver: Listener) -> None:
    add("pager", receiver.url)
    actor = people.actor("adam")
    endpoints.change_endpoint(
        actor=actor, name="pager", receiver=Receiver(receiver.url, REF, active=False), now=database_now()
    )
    notice("change.applied")
    delivery.tick()
    assert receiver.received == []
    with pytest.raises(Conflict):
        endpoints.send_test(actor=actor, name="pager", now=database_now())
    before, after = (
        AuditLine.objects.filter(object_kind="endpoint").order_by("id").values_list("after_digest", flat=True)
    )
    assert before != after
