"""What people say of a route, checked field by field against what there is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext as _

from connectors.models import Connector
from portal.outbox.models import ChatRoom, WebhookEndpoint
from portal.people.models import Team
from portal.refusals import Invalid, Problem
from severity.models import Route, Source
from severity.routing.rules import (
    LEAST_REPEAT_MINUTES,
    LONGEST_CHAIN,
    MOST_MINUTES,
    MOST_WINDOW_MINUTES,
    OWN_WINDOW_MINUTES,
    Way,
)
from severity.rules import Level

_HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)


@dataclass(frozen=True)
class RouteTold:
    """A route by the names of things. Hours are of the `zone`'s clock, `HH:MM` up to 24:00; no days means always."""

    way: str
    team: str = ""
    least: str = "V1"
    sources: Sequence[str] = ()
    connector: str = ""
    days: Sequence[int] = ()
    begins: str = "00:00"
    ends: str = "24:00"
    zone: str = ""
    members_of: str = ""
    endpoint: str = ""
    room: str = ""
    window_minutes: int = OWN_WINDOW_MINUTES
    repeat_minutes: int | None = None
    escalate_minutes: int | None = None
    escalate_to: str = ""
    only_escalated: bool = False
    tells_end: bool = True
    active: bool = True


def minutes_of(hour: str) -> int:
    """Minutes since midnight."""
    return int(hour[:2]) * 60 + int(hour[3:])


def hour_of(minutes: int) -> str:
    """Minutes since midnight as `HH:MM`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


class _Checking:
    """Gathers what is wrong, so that all of it is told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, path: str, message: str, code: str = "invalid") -> None:
        self.problems.append(Problem(path, message, code))

    def found(self, path: str, model: type[Model], field: str, name: str, *, needed: bool = False) -> Any:
        """The row of this name, None for no name."""
        if not name:
            if needed:
                self.wrong(path, _("Say which one."), "required")
            return None
        row = None if "\x00" in name else model._default_manager.filter(**{field: name[:200]}).first()
        if row is None:
            self.wrong(path, _("There is no “%s”.") % name[:60], "unknown")
        return row

    def minutes(self, path: str, value: int | None, least: int, most: int) -> None:
        """Refuse what is outside of the bounds; nothing is fine."""
        if value is not None and not least <= value <= most:
            self.wrong(path, _("Between %(least)d and %(most)d minutes.") % {"least": least, "most": most}, "range")


def checked(told: RouteTold, *, name: str) -> dict[str, Any]:
    """The columns of a route. Raises Invalid with every problem."""
    check = _Checking()
    columns: dict[str, Any] = {
        "team": check.found("team", Team, "key", told.team),
        "connector": check.found("connector", Connector, "key", told.connector),
        "way": told.way,
        "window_minutes": told.window_minutes,
        "repeat_minutes": told.repeat_minutes,
        "escalate_minutes": told.escalate_minutes,
        "only_escalated": told.only_escalated,
        "tells_end": told.tells_end,
        "active": told.active,
    }
    columns |= _levels(check, told) | _hours(check, told) | _receiver(check, told)
    check.minutes("window_minutes", told.window_minutes, 0, MOST_WINDOW_MINUTES)
    check.minutes("repeat_minutes", told.repeat_minutes, LEAST_REPEAT_MINUTES, MOST_MINUTES)
    check.minutes("escalate_minutes", told.escalate_minutes, 1, MOST_MINUTES)
    columns["escalate_to"] = _escalation(check, told, name)
    if check.problems:
        raise Invalid("route", _("The route is not complete."), check.problems)
    return columns


def _levels(check: _Checking, told: RouteTold) -> dict[str, Any]:
    if told.least not in Level.__members__:
        check.wrong("least", _("One of V0, V1, V2 and V3."), "choice")
    for source in told.sources:
        if source not in Source.values:
            known = ", ".join(Source.values)
            check.wrong("sources", _("“%(given)s” finds no incidents; known are %(known)s.")
                        % {"given": source[:30], "known": known}, "choice")  # fmt: skip
    least = Level[told.least].value if told.least in Level.__members__ else 0
    return {"least": least, "sources": list(dict.fromkeys(told.sources))}


def _hours(check: _Checking, told: RouteTold) -> dict[str, Any]:
    zone = told.zone or settings.TIME_ZONE
    if any(isinstance(day, bool) or not 1 <= day <= 7 for day in told.days):
        check.wrong("days", _("Days are numbers from 1 (Monday) to 7 (Sunday)."), "range")
    good = True
    for path, hour in (("begins", told.begins), ("ends", told.ends)):
        if not _HOUR.fullmatch(hour):
            check.wrong(path, _("An hour is written as 08:00, the end of the day as 24:00."), "hour")
            good = False
    begins, ends = (minutes_of(told.begins), minutes_of(told.ends)) if good else (0, 1440)
    if begins >= ends:
        check.wrong("ends", _("The end comes after the begin; for a night, make two routes."), "hour")
    if zone not in available_timezones() or not _known_to_database(zone):
        check.wrong("zone", _("“%s” is no time zone; they are written as Asia/Riyadh.") % zone[:60], "zone")
    return {"days": sorted(set(told.days)), "begins": begins, "ends": ends, "zone": zone}


def _known_to_database(zone: str) -> bool:
    # The database computes the hours: what it does not know would stop the notices.
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_timezone_names WHERE name = %s)", [zone])
        return bool(cursor.fetchone()[0])


def _receiver(check: _Checking, told: RouteTold) -> dict[str, Any]:
    if told.way not in Way.values:
        check.wrong("way", _("One of members, webhook and chat."), "choice")
    needed = {"members_of": Way.MEMBERS, "endpoint": Way.WEBHOOK, "room": Way.CHAT}
    for path, way in needed.items():
        if getattr(told, path) and told.way != way:
            check.wrong(path, _("Only for a route that tells by %s.") % way.value, "other_way")
    found = {
        "members_of": check.found("members_of", Team, "key", told.members_of),
        "endpoint": check.found(
            "endpoint", WebhookEndpoint, "name", told.endpoint, needed=told.way == Way.WEBHOOK
        ),
        "room": check.found("room", ChatRoom, "name", told.room, needed=told.way == Way.CHAT),
    }  # fmt: skip
    for path in ("endpoint", "room"):
        if told.active and found[path] is not None and not found[path].active:
            check.wrong(path, _("“%s” is switched off: nothing would arrive.") % getattr(told, path), "off")
    return found


def _escalation(check: _Checking, told: RouteTold, name: str) -> Route | None:
    if told.escalate_minutes is not None and not told.escalate_to:
        check.wrong("escalate_to", _("Say which route hears then."), "required")
    if told.escalate_to and told.escalate_minutes is None:
        check.wrong("escalate_minutes", _("Say after how many minutes without acknowledgement."), "required")
    target: Route | None = check.found("escalate_to", Route, "name", told.escalate_to)
    if target is None:
        return None
    if not (target.only_escalated and target.active):
        message = _("“%s” is not offered for escalation: it must be on, and told only when somebody escalates to it.")
        check.wrong("escalate_to", message % target.name, "not_offered")
    seen: Route | None = target
    for _number in range(LONGEST_CHAIN):
        if seen is None:
            return target
        if seen.name == name:
            check.wrong("escalate_to", _("That would come back to this route."), "circle")
            return target
        seen = seen.escalate_to
    if seen is not None:
        check.wrong("escalate_to", _("At most %d routes escalate one to the other.") % LONGEST_CHAIN, "max_length")
    return target
