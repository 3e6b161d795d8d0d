"""The pages of notices, choices, deliveries and receivers."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.outbox import lanes, services
from portal.outbox.models import Choice, Delivery, Notice, WebhookEndpoint
from portal.outbox.rules import Reason
from tests.people import team, user

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(user(name))
    return client


def tell(name: str, number: int = 1, url: str = "/approvals/", reason: Reason = Reason.AUTHOR) -> None:
    services.publish(
        topic="change.applied",
        subject=f"CHG-{number} applied: Widen the allowlist",
        payload={"url": url},
        dedup_key=f"{name}:{number}",
        people={user(name).pk: reason},
    )
    lanes.expand()


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_a_notice_is_counted_in_the_bar_opened_and_then_read() -> None:
    tell("amal")
    client = signed_in("amal")
    assert '<span class="count" dir="ltr">1</span>' in text(client, "/approvals/")
    assert "CHG-1 applied" in text(client, "/notices/")
    answer = client.get(f"/notices/{Notice.objects.get().pk}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/approvals/")
    assert "You have read everything" in text(client, "/notices/")
    assert "CHG-1 applied" in text(client, "/notices/?tab=all")


def test_a_notice_never_leads_out_of_the_portal() -> None:
    for number, url in enumerate(("https://evil.example/", "//evil.example/", "")):
        tell("amal", number, url)
    client = signed_in("amal")
    for notice in Notice.objects.all():
        assert client.get(f"/notices/{notice.pk}/").headers["Location"] == "/notices/"


def test_another_persons_notice_is_not_there() -> None:
    tell("amal")
    client = signed_in("noor")
    assert "CHG-1" not in text(client, "/notices/?tab=all")
    text(client, f"/notices/{Notice.objects.get().pk}/", status=404)
    text(client, f"/notices/{'9' * 40}/", status=404)
    assert Notice.objects.get().read_at is None


@pytest.mark.parametrize("until", ["", "x", "-1", "9" * 40, "²"])
def test_a_strange_number_marks_nothing(until: str) -> None:
    tell("amal")
    assert signed_in("amal").post("/notices/", {"until": until}).status_code == 302
    assert Notice.objects.get().read_at is None


def test_all_that_are_shown_are_marked_at_once() -> None:
    for number in range(3):
        tell("amal", number)
    newest = Notice.objects.order_by("-id")[0].pk
    signed_in("amal").post("/notices/", {"until": newest})
    assert not Notice.objects.filter(read_at__isnull=True).exists()


def test_the_list_costs_the_same_for_one_notice_and_fifty(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(50):
        tell("amal", number)
    client = signed_in("amal")
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/notices/")


def test_choices_are_taken_as_the_boxes_stand() -> None:
    client = signed_in("amal")
    assert 'name="mention:email" checked' in text(client, "/notices/choices/")
    client.post("/notices/choices/", {"mention:portal": "on", "team:portal": "on", "team:email": "on"})
    page = text(client, "/notices/choices/")
    assert 'name="mention:portal" checked' in page
    assert 'name="mention:email" checked' not in page
    assert Choice.objects.filter(user=user("amal"), in_portal=False, by_email=False).count() == 4


@pytest.mark.parametrize("address", ["/deliveries/", "/webhooks/", "/webhooks/new/"])
@pytest.mark.parametrize("name", ["vera", "amal", "omar", "khalid"])
def test_the_log_and_the_receivers_are_not_for_everybody(address: str, name: str) -> None:
    text(signed_in(name), address, status=403)


def test_the_log_shows_what_was_given_up_and_sends_it_again() -> None:
    team().members.add(user("amal"))
    services.publish(topic="incident.opened", subject="V1 opened", payload={}, dedup_key="x", team_key="crm-team")
    lanes.expand()
    Delivery.objects.update(due_at=None, attempts=14, last_error="Given up: The mail server refused the address")
    client = signed_in("yusuf")
    assert "refused the address" in text(client, "/deliveries/?state=given_up")
    assert "Nothing matches" in text(client, "/deliveries/?state=delivered")
    assert "amal@portal.example" in text(client, "/deliveries/?overdue=false")
    answer = client.post("/deliveries/", {"again": Delivery.objects.get().pk}, follow=True)
    assert "It is tried again now." in answer.content.decode()
    assert Delivery.objects.get().due_at is not None
    for strange in ("", "x", "9" * 40):
        assert client.post("/deliveries/", {"again": strange}).status_code == 302
    lines = b"".join(client.get("/deliveries/?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "amal@portal.example" in lines.splitlines()[1]


def test_an_administrator_adds_a_receiver_changes_it_and_sends_it_a_test() -> None:
    client = signed_in("adam")
    assert "No receiver yet" in text(client, "/webhooks/")
    form = {
        "name": "pager",
        "url": "http://10.0.0.1/",
        "secret_ref": "env:CREDENTIAL_HOOK",
        "topics": "",
        "active": "on",
    }
    refused = client.post("/webhooks/new/", form)
    assert refused.status_code == 422
    assert "field-error" in refused.content.decode()
    form |= {"url": "https://hooks.example/in", "topics": "change.applied\nincident.opened"}
    assert client.post("/webhooks/new/", form).headers["Location"] == "/webhooks/pager/"
    assert client.post("/webhooks/new/", form).status_code == 409
    assert WebhookEndpoint.objects.get().topics == ["change.applied", "incident.opened"]
    answer = client.post("/webhooks/pager/", {"action": "test"})
    assert answer.headers["Location"] == "/deliveries/?receiver=pager"
    assert Delivery.objects.get().receiver == "pager"
    client.post("/webhooks/pager/", {"url": form["url"], "secret_ref": form["secret_ref"], "topics": ""})
    assert WebhookEndpoint.objects.get().active is False
    assert "switched off" in client.post("/webhooks/pager/", {"action": "test"}, follow=True).content.decode()
    text(client, "/webhooks/nobody/", status=404)
