"""The working hours of a team, in which the clocks that wait for people may count.

Counted by the database (`in_working_hours`), where clocks are armed.
"""

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from portal.language.lists import joined
from portal.refusals import Invalid, Problem

# ISO numbers of weekdays, Sunday first: the week of most who work here.
WEEK = (7, 1, 2, 3, 4, 5, 6)
MOST_HOLIDAYS = 200
LEAST_MINUTES = 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Hours:
    """On which days (ISO numbers, Monday is 1), from when to when, in which zone; not on holidays."""

    days: tuple[int, ...]
    begins: time
    ends: time
    zone: str
    holidays: tuple[date, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """As it is kept, and as the database counts by it."""
        return {
            "days": [day for day in WEEK if day in self.days],
            "from": f"{self.begins:%H:%M}",
            "to": f"{self.ends:%H:%M}",
            "zone": self.zone,
            "holidays": [day.isoformat() for day in sorted(self.holidays)],
        }


def read(days: Sequence[Any], begins: str, ends: str, zone: str, holidays: Sequence[str]) -> Hours | None:
    """Working hours as somebody told them; None without days. Raises Invalid with the place of each problem."""
    if not days:
        return None
    problems: list[Problem] = []
    numbers = {int(day) for day in days if str(day).isascii() and str(day).isdigit()}
    if len(numbers) != len(set(days)) or not numbers <= set(WEEK):
        problems.append(Problem("days", _("Days are numbers from 1 (Monday) to 7 (Sunday).")))
    for path, told in (("begins", begins), ("ends", ends)):
        if not _CLOCK.fullmatch(told):
            problems.append(Problem(path, _("Tell it as 08:00.")))
    if not problems and _minutes(ends) - _minutes(begins) < LEAST_MINUTES:
        problems.append(Problem("ends", _("They end at least an hour after they begin, on the same day.")))
    if zone not in zoneinfo.available_timezones():
        problems.append(Problem("zone", _("There is no time zone “%s”; name it as Asia/Riyadh.") % zone[:60]))
    if len(holidays) > MOST_HOLIDAYS:
        problems.append(Problem("holidays", _("At most %d days.") % MOST_HOLIDAYS))
    free = [_day(told, problems) for told in holidays[:MOST_HOLIDAYS]]
    if problems:
        raise Invalid("hours", problems[0].message, problems)
    return Hours(
        tuple(sorted(numbers)), time.fromisoformat(begins), time.fromisoformat(ends), zone,
        tuple(sorted({one for one in free if one is not None})),
    )  # fmt: skip


def sentence(kept: dict[str, Any] | None) -> str:
    """Working hours in words; empty without any."""
    if not kept:
        return ""
    days = joined(WEEKDAYS_ABBR[day - 1] for day in kept["days"])
    return f"{days} · {kept['from']}–{kept['to']} · {kept['zone']}"


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _day(told: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(told)
    except ValueError:
        problems.append(Problem("holidays", _("“%s” is no day; tell it as 2026-12-31.") % told[:20]))
        return None
