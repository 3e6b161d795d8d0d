"""The strip of days, judged by today's SLA."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.syncs.rules import DAYS_SHOWN, deadline, fresh_days

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0)
HOUR = timedelta(hours=1)
SLA = 3 * HOUR


def states(*ended: datetime, basis: timedelta = timedelta()) -> list[tuple[str, int]]:
    found = fresh_days([(one, one - basis) for one in ended], SLA, MIDNIGHT, NOW)
    assert len(found) == DAYS_SHOWN
    assert found[-1].day == MIDNIGHT
    return [(one.state, one.late_seconds) for one in found]


def test_without_a_success_nothing_is_known() -> None:
    assert set(states()) == {("no_data", 0)}


def test_days_before_the_first_success_are_not_known_and_those_in_time_are_on_time() -> None:
    every_two_hours = [MIDNIGHT - timedelta(days=2) + HOUR * number for number in range(0, 63, 2)]
    found = states(*every_two_hours)
    assert [one for one, _late in found[-4:]] == ["no_data", "on_time", "on_time", "on_time"]


def test_a_gap_is_late_on_each_day_that_it_touches() -> None:
    found = states(MIDNIGHT - 5 * HOUR, MIDNIGHT + 13 * HOUR)
    assert found[-2:] == [("late", 2 * 3600), ("late", 13 * 3600)]


def test_it_is_late_up_to_now_when_nothing_came() -> None:
    assert states(MIDNIGHT + 10 * HOUR)[-1] == ("late", 2 * 3600)


def test_a_success_that_brings_old_data_is_no_fresh_data() -> None:
    assert states(NOW - HOUR, basis=4 * HOUR)[-1] == ("late", 3600)


@pytest.mark.parametrize(("paused", "expected"), [(None, NOW), (NOW - HOUR, NOW), (NOW + HOUR, NOW + HOUR)])
def test_a_pause_only_puts_off(paused: datetime | None, expected: datetime) -> None:
    assert deadline(NOW, paused) == expected
    assert deadline(None, paused) is None
