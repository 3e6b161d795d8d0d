"""Who hears of incidents: by route, at once, then grouped; nothing that is held back is lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from portal.operations.services import database_now
from portal.outbox import delivery
from portal.outbox.models import OutboxEvent
from severity import reconcile, sweep
from severity.models import Telling, TellingWindow
from severity.routing import statements
from severity.rules import Level
from tests.connectors.tracking.world import connector
from tests.people import team, user
from tests.severity.incidents.making import act, declared, lines
from tests.severity.routing.world import (
    noticed,
    over,
    owners,
    passes,
    route,
    slip,
    told,
    told_to,
)

pytestmark = pytest.mark.django_db
ENDPOINT = "http://127.0.0.1:9/mcp"


def test_a_team_without_routes_hears_of_everything_once() -> None:
    owners("amal", "noor")
    incident = slip()
    sweep.tick()
    sweep.tick()
    delivery.tick()
    assert sorted(message.to[0] for message in mail.outbox) == ["amal@portal.example", "noor@portal.example"]
    assert {message.subject for message in mail.outbox} == {"V1 opened: Slip 1"}
    assert incident.get_absolute_url() in mail.outbox[0].body
    assert noticed("amal") == ["V1 opened: Slip 1"]


def test_of_a_team_that_has_nobody_administrators_hear_by_e_mail_too() -> None:
    user("adam")
    slip()
    sweep.tick()
    delivery.tick()
    assert [message.to for message in mail.outbox] == [["adam@portal.example"]]


def test_its_end_is_told_where_its_begin_was() -> None:
    owners("amal")
    incident = slip()
    assert told() == ["V1 opened: Slip 1"]
    over(incident)
    assert told() == ["V1 opened: Slip 1", "V1 resolved: Slip 1"]


def test_what_was_over_before_it_could_be_told_is_told_all_the_same() -> None:
    owners("amal")
    over(slip())
    assert told() == ["V1 opened, over already: Slip 1"]


def test_who_declares_an_incident_needs_no_notice_of_it() -> None:
    owners("amal", "noor")
    declared(by="amal")
    assert noticed("noor") == ["V1 opened: Orders are lost"]
    assert noticed("amal") == []


@pytest.mark.parametrize(
    ("route_of", "hears"),
    [
        ({}, True),
        ({"least": 1}, True),
        ({"least": 2}, False),
        ({"sources": ["freshness", "task"]}, True),
        ({"sources": ["task"]}, False),
        ({"active": False}, False),
        ({"only_escalated": True}, False),
    ],
)
def test_a_route_hears_what_it_is_for(route_of: dict[str, Any], hears: bool) -> None:
    route("pager", **route_of)
    slip()
    assert bool(told_to("pager")) == hears


def test_a_route_of_a_team_or_connector_hears_of_these_alone() -> None:
    one, other = connector(ENDPOINT), connector(ENDPOINT)
    route("theirs", team=team("erp-team"))
    route("ours", team=team())
    route("one", connector=one)
    slip(1, connector=one)
    slip(2, connector=other)
    assert told_to("theirs") == []
    assert len(told_to("ours")) == 2
    assert told_to("one") == ["V1 opened: Slip 1"]


def test_a_raised_incident_reaches_the_routes_of_its_new_severity() -> None:
    route("night", least=2)
    slip(1)
    assert told_to("night") == []
    slip(1, level=Level.V2)
    assert told_to("night") == ["V2 raised: Slip 1"]


def test_where_a_route_of_the_team_tells_its_members_are_not_mailed_besides() -> None:
    owners("amal")
    route("room", team=team())
    slip()
    assert noticed("amal") == ["V1 opened: Slip 1"]
    delivery.tick()
    assert mail.outbox == []


def test_a_route_for_all_teams_takes_nothing_from_a_team() -> None:
    owners("amal")
    route("everything")
    slip()
    sweep.tick()
    delivery.tick()
    assert [message.to for message in mail.outbox] == [["amal@portal.example"]]


def test_members_of_another_team_can_be_told() -> None:
    owners("omar", key="on-call")
    route("on-call", way="members", members_of=team("on-call"), least=1)
    slip()
    assert noticed("omar") == ["V1 opened: Slip 1"]


def test_many_slips_of_one_connector_are_one_notice_and_one_more_at_the_end_of_the_window() -> None:
    """The measure of the whole: 2,000 incidents of 10 connectors are 20 notices on a route and not 2,000."""
    route("pager")
    connectors = [connector(ENDPOINT) for _ in range(10)]
    for number in range(200):
        slip(number, connector=connectors[number % 10])
    first = told_to("pager")
    assert len(first) == 10
    assert sum(int(subject.split()[1]) for subject in first) == 200
    for number in range(200, 300):
        slip(number, connector=connectors[number % 10])
    assert told_to("pager") == first, "the window is open"
    passes(minutes=11)
    later = told_to("pager")[10:]
    assert len(later) == 10
    assert {subject.split(" of ")[0] for subject in later} == {"V1: 10 incidents"}
    payload = OutboxEvent.objects.filter(topic="incident.told").latest("id").payload
    assert (payload["count"], len(payload["incidents"]), len(payload["lines"])) == (10, 10, 10)
    assert payload["url"] == f"/incidents/?connector={payload['connector']}"


def test_all_that_waited_for_a_window_is_one_notice_however_small_the_batches() -> None:
    route("pager")
    slip(0)
    assert len(told_to("pager")) == 1
    for number in range(1, 8):
        slip(number)
    told()
    passes(minutes=11)
    sweep.drain(statements.TELL, batch=2)
    assert told_to("pager")[1:] == ["V1: 7 incidents of freshness"]


def test_a_worse_one_does_not_wait_for_the_window_and_a_v3_for_nothing() -> None:
    route("pager")
    one = connector(ENDPOINT)
    slip(1, connector=one)
    assert len(told_to("pager")) == 1
    slip(2, connector=one, level=Level.V2)
    assert len(told_to("pager")) == 2
    slip(3, connector=one, level=Level.V3)
    slip(4, connector=one, level=Level.V3)
    assert sorted(told_to("pager")[2:]) == ["V3 opened: Slip 3", "V3 opened: Slip 4"]


def test_of_a_thousand_fifty_are_listed_and_all_are_counted() -> None:
    route("pager")
    for number in range(60):
        slip(number)
    told()
    payload = OutboxEvent.objects.filter(topic="incident.told", receivers__0__receiver="pager").get().payload
    assert (payload["count"], len(payload["incidents"])) == (60, 50)
    assert payload["lines"][-1] == "… and 10 more."


def test_it_is_told_again_until_somebody_acknowledges() -> None:
    route("pager", repeat_minutes=30)
    incident = slip()
    assert told_to("pager") == ["V1 opened: Slip 1"]
    passes(minutes=31)
    assert told_to("pager")[1:] == ["V1 still open: Slip 1"]
    passes(minutes=31)
    assert len(told_to("pager")) == 3
    act("acknowledge", incident)
    passes(minutes=31)
    assert len(told_to("pager")) == 3
    assert Telling.objects.get(route__name="pager").tell_at is None


def test_outside_its_hours_a_route_waits_for_them_and_a_v3_does_not() -> None:
    now = database_now()
    closed = {"days": [now.isoweekday() % 7 + 1], "begins": 480, "ends": 1020}
    route("day", **closed)
    incident = slip()
    assert told_to("day") == []
    waiting = Telling.objects.get(incident=incident, route__name="day")
    opens = (now + timedelta(days=1)).replace(hour=8, minute=0, second=0, microsecond=0)
    assert (waiting.held, waiting.tell_at) == ("hours", opens)
    slip(3, level=Level.V3)
    assert told_to("day") == ["V3 opened: Slip 3"]


def test_hours_follow_the_clock_of_their_zone() -> None:
    now = database_now()
    minute = (now.hour * 60 + now.minute + 180) % 1440  # Riyadh is three hours ahead
    if not 1 < minute < 1438:
        pytest.skip("the day ends there just now")
    today = (now + timedelta(hours=3)).isoweekday()
    route("open", zone="Asia/Riyadh", days=[today], begins=minute - 1, ends=minute + 2)
    route("shut", zone="UTC", days=[today], begins=minute - 1, ends=minute + 2)
    slip()
    assert told_to("open") == ["V1 opened: Slip 1"]
    assert told_to("shut") == []


def test_a_cause_that_flaps_is_told_so_once_then_not_until_it_is_calm() -> None:
    route("pager", window_minutes=0)
    for _ in range(8):
        over(slip(7))
        told()
    assert told_to("pager") == [
        *["V1 opened, over already: Slip 7"] * 4,
        "V1 flapping, over already: Slip 7",
    ]
    lasting = slip(7)
    told()
    waiting = Telling.objects.get(incident=lasting, route__name="pager")
    assert (waiting.held, waiting.told_at) == ("flapping", None)
    assert waiting.tell_at is not None
    assert waiting.tell_at > database_now() + timedelta(minutes=59)


def test_nobody_acknowledges_and_the_next_route_hears() -> None:
    boss = route("boss", only_escalated=True, repeat_minutes=60)
    route("pager", escalate_minutes=15, escalate_to=boss)
    incident = slip()
    assert told_to("pager") == ["V1 opened: Slip 1"]
    passes(minutes=14)
    assert told_to("boss") == []
    passes(minutes=2)
    assert told_to("boss") == ["V1 escalated: Slip 1"]
    assert told_to("pager") == ["V1 opened: Slip 1"]
    assert lines(incident) == ["opened", "escalated"]
    passes(minutes=61)
    assert told_to("boss")[1:] == ["V1 still open: Slip 1"]


def test_acknowledged_in_time_nothing_is_escalated() -> None:
    route("pager", escalate_minutes=15, escalate_to=route("boss", only_escalated=True))
    incident = slip()
    told()
    act("acknowledge", incident)
    passes(minutes=16)
    assert told_to("boss") == []
    assert Telling.objects.get(route__name="pager").escalate_at is None


def test_two_routes_that_escalate_to_each_other_do_not_go_on_for_ever() -> None:
    one = route("one")
    two = route("two", only_escalated=True, escalate_minutes=5, escalate_to=one)
    type(one).objects.filter(pk=one.pk).update(escalate_minutes=5, escalate_to=two)
    slip()
    for _ in range(6):
        told()
        passes(minutes=30)
    assert (len(told_to("one")), len(told_to("two"))) == (2, 1)


def test_windows_that_closed_long_ago_are_forgotten() -> None:
    route("pager")
    slip()
    told()
    passes(days=2)
    reconcile.tick()
    assert not TellingWindow.objects.exists()
