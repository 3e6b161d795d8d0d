"""Who would hear of an incident now, by which route, and why: by the statements' own conditions, so that it tells the truth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import connection
from django.utils.translation import gettext as _

from connectors.models import Connector
from portal.language.lists import parted
from portal.outbox.models import Choice
from portal.outbox.rules import DEFAULTS, Reason
from portal.people.models import Team, User
from portal.refusals import Invalid, Problem
from severity.models import Route, Silence, Source
from severity.routing.matching import OF_CONNECTOR, OF_TEAM, OPENS, SEVERE, SILENCED, SOURCED
from severity.routing.rules import Way
from severity.rules import RULES, Level

MOST_PEOPLE = 100
_SUBJECT = """WITH i AS (
  SELECT %(severity)s::int AS severity, %(owner)s::bigint AS owner_id, %(connector)s::bigint AS connector_id,
         %(source)s::text AS source, %(rule)s::text AS rule
)"""
_ROUTES = f"""{_SUBJECT}
SELECT route.id, {SEVERE}, {SOURCED}, {OF_CONNECTOR}, opens.at
FROM i JOIN severity_route route ON {OF_TEAM} LEFT JOIN LATERAL {OPENS} opens ON route.days <> '[]'::jsonb
ORDER BY route.name
"""
_SILENCE = f"{_SUBJECT} SELECT silence.id FROM i, LATERAL {SILENCED} silence"


@dataclass(frozen=True)
class Asked:
    """An incident that might be: of a connector, or of a team where there is none."""

    severity: str = "V2"
    connector: str = ""
    team: str = ""
    source: str = Source.TASK.value
    rule: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody who would hear, and how, by their own choice."""

    username: str
    name: str
    in_portal: bool
    by_email: bool


@dataclass(frozen=True)
class Hearing:
    """One route: whether it would tell, at once or when, and why. An empty name is the portal's own."""

    route: str
    way: str
    receiver: str
    hears: bool
    at: datetime | None
    why: str
    then: str
    people: Sequence[Person] = ()


@dataclass(frozen=True)
class Preview:
    """All routes that are for this team or for every team, and the silence over it."""

    team: Team
    connector: Connector | None
    silence: Silence | None
    hearings: Sequence[Hearing]


def who_hears(asked: Asked, *, now: datetime) -> Preview:
    """Judge an incident that might be. Raises Invalid where it could not be."""
    problems: list[Problem] = []
    if asked.severity not in Level.__members__:
        problems.append(Problem("severity", _("One of V0, V1, V2 and V3."), "choice"))
    if asked.source not in Source.values:
        problems.append(Problem("source", _("One of %s.") % ", ".join(Source.values), "choice"))
    if asked.rule and asked.rule not in RULES:
        problems.append(Problem("rule", _("There is no cause “%s”.") % asked.rule[:40], "unknown"))
    connector_found = Connector.objects.filter(key=_sound(asked.connector)).first() if asked.connector else None
    team_found = Team.objects.filter(key=_sound(asked.team)).first() if asked.team else None
    for path, key, found in (("connector", asked.connector, connector_found), ("team", asked.team, team_found)):
        if key and found is None:
            problems.append(Problem(path, _("There is no “%s”.") % key[:60], "unknown"))
    if not (asked.connector or asked.team):
        problems.append(Problem("connector", _("Name a connector or a team."), "required"))
    owner = team_found or (connector_found.owner if connector_found is not None else None)
    if problems or owner is None:
        raise Invalid("asked", _("That could be no incident."), problems)
    values = {
        "severity": Level[asked.severity].value,
        "owner": owner.pk,
        "connector": connector_found.pk if connector_found is not None else None,
        "source": asked.source,
        "rule": asked.rule,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SILENCE, values)
        row = cursor.fetchone()
        cursor.execute(_ROUTES, values)
        judged = cursor.fetchall()
    silence = Silence.objects.select_related("author").get(pk=row[0]) if row else None
    routes = Route.objects.select_related("members_of", "endpoint", "room", "escalate_to", "team").in_bulk()
    # Most routes tell the members of the same team: they are looked up once.
    lookup = cache(_people)
    # Hours hold back all but the worst.
    hearings = [
        _hearing(
            routes[number],
            severe,
            sourced,
            of_connector,
            None if asked.severity == "V3" else opens,
            silence,
            owner,
            lookup,
            now,
        )
        for number, severe, sourced, of_connector, opens in judged
    ]
    taken = any(one.hears and routes[row[0]].team_id for one, row in zip(hearings, judged, strict=True))
    return Preview(owner, connector_found, silence, [*hearings, _own(owner, silence, taken=taken)])


def _sound(key: str) -> str:
    # A NUL character cannot be asked for.
    return key[:60].replace("\x00", "?")


def _hearing(
    route: Route, severe: bool, sourced: bool, of_connector: bool, opens: datetime | None, silence: Silence | None,
    owner: Team, people: Callable[[Team], Sequence[Person]], now: datetime,
) -> Hearing:  # fmt: skip
    at: datetime | None = None
    why = _why_not(route, severe, sourced, of_connector)
    hears = not why
    if hears:
        at = now
        why = _("It is for this team, severity, source and hour.")
        if opens is not None and opens > now:
            at, why = opens, _("Outside of its hours: told when they begin.")
        if silence is not None and silence.ends_at > at:
            at, why = silence.ends_at, _("Silenced: told when the silence ends, if it is not over by then.")
    told = route.members_of or owner
    return Hearing(
        route=route.name,
        way=route.way,
        receiver=str(route.room or route.endpoint or told.key),
        hears=hears,
        at=at,
        why=why,
        then=_then(route) if hears else "",
        people=people(told) if route.way == Way.MEMBERS and hears else (),
    )


def _why_not(route: Route, severe: bool, sourced: bool, of_connector: bool) -> str:
    if not route.active:
        return _("It is switched off.")
    if route.only_escalated:
        return _("It tells only what is escalated to it.")
    if not severe:
        return _("It begins with V%d.") % route.least
    if not sourced:
        return _("It is for other sources.")
    if not of_connector:
        return _("It is for another connector.")
    return ""


def _then(route: Route) -> str:
    parts = []
    if route.repeat_minutes:
        parts.append(_("again every %d minutes until acknowledged") % route.repeat_minutes)
    if route.escalate_minutes and route.escalate_to:
        said = {"minutes": route.escalate_minutes, "name": route.escalate_to.name}
        parts.append(_("after %(minutes)d minutes without acknowledgement “%(name)s” too") % said)
    return parted(parts)


def _own(owner: Team, silence: Silence | None, *, taken: bool) -> Hearing:
    why = _("The portal's own: members of the owner team, in the portal and by e-mail.")
    if taken:
        why = _("The portal's own: in the portal alone, for a route of the team says who hears besides.")
    if silence is not None:
        why = _("Silenced: told when the silence ends, if it is not over by then.")
    return Hearing(
        "", Way.MEMBERS.value, owner.key, True, silence.ends_at if silence else None, why, "", _people(owner, taken)
    )


def _people(team: Team, taken: bool = False) -> list[Person]:
    members = list(User.objects.filter(teams=team, is_active=True).order_by("username")[:MOST_PEOPLE])
    chosen = {one.user_id: one for one in Choice.objects.filter(user__in=members, reason=Reason.INCIDENT)}
    default = DEFAULTS[Reason.INCIDENT]
    found: list[Person] = []
    for user in members:
        ways = chosen.get(user.pk, default)
        found.append(Person(user.username, str(user), ways.in_portal, ways.by_email and bool(user.email) and not taken))
    return found
