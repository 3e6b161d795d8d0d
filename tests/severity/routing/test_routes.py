"""Routes are changed by the team's own people and by administrators, and say what they cannot be."""

from dataclasses import replace
from typing import Any

import pytest

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.outbox.models import ChatRoom
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from severity.models import Route
from severity.routing import services
from severity.routing.told import RouteTold
from tests.changes.deciding import refusal
from tests.people import actor, team
from tests.severity.routing.world import owners, route, slip, told_to

pytestmark = pytest.mark.django_db
OURS = RouteTold(way="members", team="crm-team", least="V1")


@pytest.fixture(autouse=True)
def crm_team() -> None:
    owners("amal", "vera")
    team("erp-team")
    ChatRoom.objects.create(name="dark", url_ref="env:CREDENTIAL_X", active=False)


def add(told: RouteTold = OURS, name: str = "ours", by: str = "amal") -> Route:
    return services.add_route(actor=actor(by), name=name, told=told, now=database_now())


def change(told: RouteTold, name: str = "ours", by: str = "amal") -> Route:
    return services.change_route(actor=actor(by), name=name, told=told, now=database_now())


def test_members_say_who_hears_of_their_team() -> None:
    made = add(replace(OURS, days=(7, 1, 1), begins="08:00", ends="24:00", zone="Asia/Riyadh", repeat_minutes=30))
    assert (made.days, made.begins, made.ends, made.least) == ([1, 7], 480, 1440, 1)
    assert change(replace(OURS, active=False)).active is False
    change(replace(OURS, active=False))
    actions = AuditLine.objects.filter(object_kind="route").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["route.add", "route.change"], "a change that changes nothing leaves no line"


def test_who_may() -> None:
    for who in ("vera", "noor"):
        refusal(Forbidden, lambda who=who, **told: add(by=who))
    refusal(Forbidden, lambda **told: add(replace(OURS, team="")))
    refusal(Forbidden, lambda **told: add(replace(OURS, members_of="erp-team")))
    add(replace(OURS, team="", members_of="erp-team"), by="adam")
    refusal(Forbidden, lambda **told: change(OURS))
    add(name="other")
    refusal(Forbidden, lambda **told: change(replace(OURS, team="erp-team"), name="other"))


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"way": "pigeon"}, "way"),
        ({"team": "nobody"}, "team"),
        ({"team": "\x00"}, "team"),
        ({"least": "V4"}, "least"),
        ({"sources": ["weather"]}, "sources"),
        ({"connector": "nothing"}, "connector"),
        ({"days": [0]}, "days"),
        ({"days": [8]}, "days"),
        ({"begins": "8:00"}, "begins"),
        ({"ends": "24:30"}, "ends"),
        ({"begins": "18:00", "ends": "08:00"}, "ends"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "'; --"}, "zone"),
        ({"way": "webhook"}, "endpoint"),
        ({"way": "webhook", "endpoint": "nothing"}, "endpoint"),
        ({"room": "dark"}, "room"),
        ({"way": "chat", "room": "dark"}, "room"),
        ({"window_minutes": -1}, "window_minutes"),
        ({"window_minutes": 10**9}, "window_minutes"),
        ({"repeat_minutes": 1}, "repeat_minutes"),
        ({"escalate_minutes": 5}, "escalate_to"),
        ({"escalate_minutes": 5, "escalate_to": "nothing"}, "escalate_to"),
        ({"escalate_minutes": 5, "escalate_to": "plain"}, "escalate_to"),
        ({"escalate_to": "boss"}, "escalate_minutes"),
    ],
)
def test_what_is_no_route_is_refused_where_it_is_wrong(wrong: dict[str, Any], path: str) -> None:
    route("plain")
    route("boss", only_escalated=True)
    refused = refusal(Invalid, lambda **told: add(replace(OURS, **wrong)))
    assert path in {problem.path for problem in refused.problems}


@pytest.mark.parametrize("name", ["", "new", "Ours", "a" * 61, "a_b", "a\x00"])
def test_a_name_that_is_none(name: str) -> None:
    refusal(Invalid, lambda **told: add(name=name))


def test_escalations_lead_somewhere_and_never_in_a_circle() -> None:
    offered = replace(OURS, only_escalated=True)
    add(offered, "last")
    add(replace(offered, escalate_minutes=5, escalate_to="last"), "first")
    refused = refusal(Invalid, lambda **told: change(replace(offered, escalate_minutes=5, escalate_to="first"), "last"))
    assert refused.problems[0].code == "circle"
    # What somebody escalates to stays there for it.
    for gone in (replace(offered, active=False), OURS):
        assert refusal(Conflict, lambda gone=gone, **told: change(gone, "last")).problems[0].code == "escalated_to"
    before = "first"
    for number in range(3):
        before = add(replace(offered, escalate_minutes=5, escalate_to=before), f"step-{number}").name
    add(replace(OURS, escalate_minutes=5, escalate_to=before), "begin")
    before = add(replace(offered, escalate_minutes=5, escalate_to=before), "one-more").name
    told = replace(OURS, escalate_minutes=5, escalate_to=before)
    assert refusal(Invalid, lambda **_: add(told, "too-long")).problems[0].code == "max_length"


def test_taken_and_missing() -> None:
    add()
    refusal(Conflict, lambda **told: add())
    refusal(Missing, lambda **told: change(OURS, "nothing"))


def test_new_hours_hold_for_what_waits() -> None:
    tomorrow = database_now().isoweekday() % 7 + 1
    add(replace(OURS, members_of="crm-team", zone="UTC", days=(tomorrow,)))
    slip()
    told_to("nobody")
    assert Route.objects.get().tellings.get().held == "hours"
    change(replace(OURS, members_of="crm-team"))
    told_to("nobody")
    assert Route.objects.get().tellings.get().told_at is not None
