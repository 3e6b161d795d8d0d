"""The working hours of teams: how they are told, and how the database counts in them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from portal.audit.models import AuditLine
from portal.people import hours, teams
from portal.people.hours import Hours
from portal.people.models import Team
from portal.refusals import Forbidden, Invalid
from tests.people import actor, team
from tests.people import user as person

SUNDAY_TO_THURSDAY = Hours((7, 1, 2, 3, 4), time(8), time(16), "Asia/Riyadh")


def counted(at: datetime, seconds: float, of: Hours | None) -> datetime:
    """As the database counts."""
    from django.db.backends.postgresql.psycopg_any import Jsonb

    with connection.cursor() as cursor:
        told = Jsonb(of.document) if of else None
        cursor.execute("SELECT in_working_hours(%s, %s, %s)", [at, seconds, told])
        found: datetime = cursor.fetchone()[0]
    return found


def plainly(at: datetime, seconds: float, of: Hours) -> datetime:
    """The same by going through time minute by minute."""
    zone, rest = ZoneInfo(of.zone), timedelta(seconds=seconds)
    while True:
        here = at.astimezone(zone)
        works = here.isoweekday() in of.days and of.begins <= here.time() < of.ends and here.date() not in of.holidays
        step = timedelta(seconds=60 - here.second, microseconds=-here.microsecond)
        if works and rest <= step:
            return at + rest
        if works:
            rest -= step
        at += step


HOURS = st.builds(
    Hours,
    st.sets(st.sampled_from(hours.WEEK), min_size=1).map(lambda days: tuple(sorted(days))),
    st.sampled_from([time(0), time(7, 30), time(8)]),
    st.sampled_from([time(12), time(16), time(23, 59)]),
    st.sampled_from(["Asia/Riyadh", "Europe/Berlin", "America/New_York", "UTC"]),
    st.lists(st.dates(date(2026, 3, 20), date(2026, 4, 5)), max_size=3).map(tuple),
)


class Counting(TestCase):
    """Across the change of the clocks in spring too."""

    @settings(max_examples=60)
    @given(st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 2)), st.integers(60, 4 * 3600), HOURS)  # noqa: DTZ001
    def test_as_one_would_by_hand(self, at: datetime, seconds: int, of: Hours) -> None:
        at = at.replace(tzinfo=UTC)
        assert counted(at, seconds, of) == plainly(at, seconds, of)


pytestmark = pytest.mark.django_db


def test_what_is_asked_on_thursday_evening_counts_from_sunday() -> None:
    thursday = datetime(2026, 11, 26, 15, 0, tzinfo=ZoneInfo("Asia/Riyadh"))
    assert counted(thursday, 7200, SUNDAY_TO_THURSDAY) == datetime(2026, 11, 29, 9, 0, tzinfo=ZoneInfo("Asia/Riyadh"))
    free = Hours((7, 1, 2, 3, 4), time(8), time(16), "Asia/Riyadh", (date(2026, 11, 29),))
    assert counted(thursday, 7200, free) == datetime(2026, 11, 30, 9, 0, tzinfo=ZoneInfo("Asia/Riyadh"))
    assert counted(thursday, 7200, None) == thursday + timedelta(hours=2)


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"days": [8]}, "days"), ({"days": ["x"]}, "days"), ({"begins": "8"}, "begins"), ({"ends": "25:00"}, "ends"),
        ({"begins": "09:00", "ends": "09:30"}, "ends"), ({"begins": "17:00", "ends": "09:00"}, "ends"),
        ({"zone": "Mars/Olympus"}, "zone"), ({"zone": "../etc/passwd"}, "zone"), ({"holidays": ["tomorrow"]}, "holidays"),
        ({"holidays": ["2026-12-31"] * 201}, "holidays"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_with_its_place(told: dict[str, Any], path: str) -> None:
    sound: dict[str, Any] = {"days": [7, 1], "begins": "08:00", "ends": "16:00", "zone": "Asia/Riyadh", "holidays": []}
    assert hours.read(**sound) is not None
    with pytest.raises(Invalid) as refused:
        hours.read(**(sound | told))
    assert {problem.path for problem in refused.value.problems} == {path}


def test_an_administrator_tells_them_and_it_is_noted() -> None:
    crew = team("finance")
    now = datetime.now(UTC)
    admin = actor("adam")
    teams.set_hours(actor=admin, key="finance", hours=SUNDAY_TO_THURSDAY, now=now)
    teams.set_hours(actor=admin, key="finance", hours=SUNDAY_TO_THURSDAY, now=now)
    crew.refresh_from_db()
    assert hours.sentence(crew.hours) == "Sun, Mon, Tue, Wed, Thu · 08:00–16:00 · Asia/Riyadh"
    assert AuditLine.objects.filter(action="team.hours").count() == 1, "the same again is nothing new"
    teams.set_hours(actor=admin, key="finance", hours=None, now=now)
    crew.refresh_from_db()
    assert crew.hours is None
    with pytest.raises(Forbidden):
        teams.set_hours(actor=actor("amal"), key="finance", hours=None, now=now)


def test_by_api(api_of: Callable[..., APIClient]) -> None:
    team("finance")
    api = api_of("adam")
    answer = api.post("/api/v1/teams/finance/hours/", {"days": [7, 1, 2]}, format="json")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["hours"] == {
        "days": [7, 1, 2],
        "from": "08:00",
        "to": "17:00",
        "zone": "Asia/Riyadh",
        "holidays": [],
    }
    assert api.post("/api/v1/teams/finance/hours/", {"days": [1], "zone": "Mars"}, format="json").status_code == 422
    assert api.post("/api/v1/teams/finance/hours/", {"days": []}, format="json").json()["hours"] is None


def test_on_the_page() -> None:
    team("finance")
    client = Client()
    client.force_login(person("adam"))
    told = {"action": "hours", "days": ["7", "1"], "begins": "09:00", "ends": "15:00", "zone": "Asia/Riyadh",
            "holidays": "2026-12-31\r\n2027-01-01"}  # fmt: skip
    page = client.post("/settings/teams/finance/", told, follow=True).content.decode()
    assert "Sun, Mon · 09:00–15:00 · Asia/Riyadh" in page
    assert "2 free days" in page
    refused = client.post("/settings/teams/finance/", told | {"zone": "Mars"})
    assert refused.status_code == 422
    assert "There is no time zone" in refused.content.decode()
    kept = Team.objects.get(key="finance").hours
    assert kept is not None
    assert kept["holidays"] == ["2026-12-31", "2027-01-01"]
