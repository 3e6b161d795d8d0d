"""What people do with routes and silences: each change is checked, audited, and judged by the next sweep."""

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from connectors.models import Connector
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import Team
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Problem
from portal.roles import Permission, Role
from severity.models import Route, Silence, Telling
from severity.routing.rules import LONGEST_SILENCE_DAYS, MOST_ROUTES, MOST_SILENCES
from severity.routing.told import RouteTold, checked
from severity.rules import RULES

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_COLUMNS = (
    "least", "sources", "days", "begins", "ends", "zone", "way", "window_minutes", "repeat_minutes", "escalate_minutes",
    "only_escalated", "tells_end", "active", "team_id", "connector_id", "members_of_id", "endpoint_id", "room_id",
    "escalate_to_id",
)  # fmt: skip
# Circles are looked for in what there is: two who write at once would each find none.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('severity.routing'))"


def _digest(route: Route) -> str:
    state = [route.name, *(getattr(route, name) for name in _COLUMNS)]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _manages_all(actor: Actor) -> bool:
    return Role.ADMINISTRATOR in actor.roles


def _is_of(actor: Actor, team: Team | None) -> bool:
    return team is not None and actor.user_id is not None and team.members.filter(pk=actor.user_id).exists()


def may_manage(actor: Actor, team: Team | None) -> bool:
    """Whether the routes of this team are this actor's to change; those of every team (None) are the administrators'."""
    return _manages_all(actor) or _is_of(actor, team)


def _need(actor: Actor, team: Team | None, path: str) -> None:
    if may_manage(actor, team):
        return
    if team is None:
        message = _("What is for every team is for administrators to say; name a team of yours.")
    else:
        message = _("You are not in the team %s; its members and administrators may.") % team.name
    raise Forbidden(path, message)


def _write(route: Route, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(route, name, value)


def _check(actor: Actor, told: RouteTold, name: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
    columns = checked(told, name=name)
    _need(actor, columns["team"], "team")
    if columns["members_of"] is not None:
        _need(actor, columns["members_of"], "members_of")
    return columns


@transaction.atomic
def add_route(*, actor: Actor, name: str, told: RouteTold, now: datetime) -> Route:
    """Have somebody hear of incidents from now on. The name is fixed: notices and escalations call the route so."""
    require(actor, Permission.MANAGE_ROUTES)
    if len(name) > 60 or not _NAME.fullmatch(name) or name == "new":
        message = _("Use lower-case letters, digits and single hyphens, beginning with a letter.")
        raise Invalid("route", message, [Problem("name", message, "name")])
    columns = _check(actor, told, name)
    if Route.objects.count() >= MOST_ROUTES:
        raise Conflict(
            "too_many", _("There are %d routes already; switch one off and change it instead.") % MOST_ROUTES
        )
    route = Route(name=name, **columns)
    try:
        with transaction.atomic():
            route.save(force_insert=True)
    except IntegrityError:
        message = _("There is a route “%s” already.") % name
        raise Conflict("taken", message, [Problem("name", message, "taken")]) from None
    record(
        actor=actor, action="route.add", kind="route", key=name, now=now, after=_digest(route), detail=summary(route)
    )
    return route


@transaction.atomic
def change_route(*, actor: Actor, name: str, told: RouteTold, now: datetime) -> Route:
    """Change a route, or switch it off: from then on nothing is told by it."""
    require(actor, Permission.MANAGE_ROUTES)
    route = Route.objects.select_for_update(no_key=True, of=("self",)).filter(name=name).first()
    if route is None:
        raise Missing("no_such_route", _("There is no route “%s”.") % name[:60])
    _need(actor, route.team, "team")
    columns = _check(actor, told, name)
    leading = Route.objects.filter(escalate_to=route, active=True).values_list("name", flat=True).first()
    if leading and not (columns["active"] and columns["only_escalated"]):
        message = _("“%s” escalates to it: let that one escalate elsewhere first.") % leading
        raise Conflict("escalated_to", message, [Problem("active", message, "escalated_to")])
    before = _digest(route)
    _write(route, columns)
    after = _digest(route)
    if after == before:
        return route
    route.save()
    # What waits for hours is judged by the new ones.
    Telling.objects.filter(route=route, held="hours").update(tell_at=now)
    record(actor=actor, action="route.change", kind="route", key=name, now=now, before=before, after=after,
           detail=summary(route))  # fmt: skip
    return route


def summary(route: Route) -> str:
    """A route in one line, for the audit log."""
    whom = route.room or route.endpoint or route.members_of or route.team or "the owner"
    return f"V{route.least} and worse of {route.team or 'every team'} to {whom} by {route.way}, {'on' if route.active else 'off'}"


@transaction.atomic
def silence(
    *, actor: Actor, minutes: int, reason: str, now: datetime, team: str = "", connector: str = "", rule: str = ""
) -> Silence:
    """Tell nobody of what matches until the end, except of V3. Who silences belongs to the team, or to the connector's owner."""
    require(actor, Permission.SILENCE)
    if actor.user is None:
        raise Forbidden("role", _("A person answers for a silence."))
    problems: list[Problem] = []
    most = LONGEST_SILENCE_DAYS * 24 * 60
    if not 1 <= minutes <= most:
        problems.append(Problem("minutes", _("Between 1 and %d minutes (seven days): a silence ends.") % most, "range"))
    if not reason.strip() or "\x00" in reason:
        problems.append(Problem("reason", _("Say why nobody needs to hear of it."), "required"))
    if len(reason) > 300:
        problems.append(Problem("reason", _("At most 300 characters."), "max_length"))
    if not (team or connector or rule):
        problems.append(
            Problem("team", _("Name a team, a connector or a cause: not everything is silenced."), "required")
        )
    if rule and rule not in RULES:
        problems.append(Problem("rule", _("There is no cause “%s”.") % rule[:40], "unknown"))
    its_team = _named(problems, "team", Team, team)
    its_connector = _named(problems, "connector", Connector, connector)
    if problems:
        raise Invalid("silence", _("The silence is not complete."), problems)
    _need(actor, its_team or (its_connector.owner if its_connector else None), "team")
    if Silence.objects.filter(ends_at__gt=now).count() >= MOST_SILENCES:
        raise Conflict("too_many", _("There are %d silences already; end one first.") % MOST_SILENCES)
    made = Silence.objects.create(
        team=its_team, connector=its_connector, rule=rule, reason=reason.strip(), author=actor.user, begun_at=now,
        ends_at=now + timedelta(minutes=minutes),
    )  # fmt: skip
    record(actor=actor, action="silence.begin", kind="silence", key=str(made.pk), now=now,
           detail=f"{team or connector} {rule} until {made.ends_at:%Y-%m-%d %H:%M}: {made.reason}")  # fmt: skip
    return made


def _named(problems: list[Problem], path: str, model: Any, key: str) -> Any:
    if not key:
        return None
    found = None if "\x00" in key else model.objects.filter(key=key[:60]).first()
    if found is None:
        problems.append(Problem(path, _("There is no “%s”.") % key[:60], "unknown"))
    return found


@transaction.atomic
def end_silence(*, actor: Actor, silence_id: int, now: datetime) -> Silence:
    """End a silence before its time: what it held back and is not over is told now."""
    require(actor, Permission.SILENCE)
    found = (
        Silence.objects.select_for_update(no_key=True, of=("self",))
        .select_related("team", "connector__owner", "author")
        .filter(pk=silence_id)
        .first()
    )
    if found is None:
        raise Missing("no_such_silence", _("There is no silence %d.") % silence_id)
    if found.author_id != actor.user_id:
        _need(actor, found.team or (found.connector.owner if found.connector else None), "team")
    if found.ends_at <= now:
        raise Conflict("over", _("It is over already."))
    # An escalation that it held back waits for the very instant of its end.
    Telling.objects.filter(escalate_at=found.ends_at).update(escalate_at=now)
    found.ends_at = now
    found.save(update_fields=["ends_at"])
    Telling.objects.filter(silence=found).update(tell_at=now)
    record(actor=actor, action="silence.end", kind="silence", key=str(found.pk), now=now, detail=found.reason)
    return found
