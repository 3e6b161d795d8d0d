"""What the API says of routes, silences and who would hear."""

from datetime import datetime
from typing import TypedDict

from severity.models import Route, Silence
from severity.routing.preview import Preview
from severity.routing.told import hour_of


class RouteAnswer(TypedDict):
    """A route, by the names of things."""

    name: str
    team: str | None
    least: str
    sources: list[str]
    connector: str | None
    days: list[int]
    begins: str
    ends: str
    zone: str
    way: str
    members_of: str | None
    endpoint: str | None
    room: str | None
    window_minutes: int
    repeat_minutes: int | None
    escalate_minutes: int | None
    escalate_to: str | None
    only_escalated: bool
    tells_end: bool
    active: bool


class SilenceAnswer(TypedDict):
    """A silence; `active` says whether it holds now."""

    id: int
    team: str | None
    connector: str | None
    rule: str
    reason: str
    author: str
    begun_at: datetime
    ends_at: datetime
    active: bool


class PersonHears(TypedDict):
    """Somebody who would hear, by their own choice."""

    username: str
    in_portal: bool
    by_email: bool


class HearingAnswer(TypedDict):
    """One route; an empty name is the portal's own. `at` is when it would tell, null where it would not or at once."""

    route: str
    way: str
    receiver: str
    hears: bool
    at: datetime | None
    why: str
    then: str
    people: list[PersonHears]


class PreviewAnswer(TypedDict):
    """Who would hear."""

    team: str
    connector: str | None
    silenced_until: datetime | None
    hearings: list[HearingAnswer]


def route_answer(route: Route) -> RouteAnswer:
    """One route."""
    return {
        "name": route.name,
        "team": route.team.key if route.team else None,
        "least": f"V{route.least}",
        "sources": route.sources,
        "connector": route.connector.key if route.connector else None,
        "days": route.days,
        "begins": hour_of(route.begins),
        "ends": hour_of(route.ends),
        "zone": route.zone,
        "way": route.way,
        "members_of": route.members_of.key if route.members_of else None,
        "endpoint": route.endpoint.name if route.endpoint else None,
        "room": route.room.name if route.room else None,
        "window_minutes": route.window_minutes,
        "repeat_minutes": route.repeat_minutes,
        "escalate_minutes": route.escalate_minutes,
        "escalate_to": route.escalate_to.name if route.escalate_to else None,
        "only_escalated": route.only_escalated,
        "tells_end": route.tells_end,
        "active": route.active,
    }


def silence_answer(silence: Silence, now: datetime) -> SilenceAnswer:
    """One silence."""
    return {
        "id": silence.pk,
        "team": silence.team.key if silence.team else None,
        "connector": silence.connector.key if silence.connector else None,
        "rule": silence.rule,
        "reason": silence.reason,
        "author": silence.author.username,
        "begun_at": silence.begun_at,
        "ends_at": silence.ends_at,
        "active": silence.begun_at <= now < silence.ends_at,
    }


def preview_answer(preview: Preview) -> PreviewAnswer:
    """Who would hear."""
    return {
        "team": preview.team.key,
        "connector": preview.connector.key if preview.connector else None,
        "silenced_until": preview.silence.ends_at if preview.silence else None,
        "hearings": [
            {
                "route": one.route,
                "way": one.way,
                "receiver": one.receiver,
                "hears": one.hears,
                "at": one.at,
                "why": one.why,
                "then": one.then,
                "people": [
                    {"username": who.username, "in_portal": who.in_portal, "by_email": who.by_email}
                    for who in one.people
                ],
            }
            for one in preview.hearings
        ],
    }
