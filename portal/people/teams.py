"""Writing teams: who owns entries and hears of their incidents."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.hours import Hours, sentence
from portal.people.leaving import left, look_again
from portal.people.models import Team, User
from portal.refusals import Invalid, Missing, Problem
from portal.roles import Permission


def digest_of(team: Team) -> str:
    """The sha256 of a team: key, name and who belongs to it."""
    members = sorted(team.members.values_list("username", flat=True))
    state: dict[str, Any] = {"key": team.key, "name": team.name, "members": members}
    if team.hours:
        state["hours"] = team.hours
    return hashlib.sha256(json.dumps(state, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _note(actor: Actor, action: str, team: Team, now: datetime, *, before: str = "", detail: str = "") -> None:
    record(
        actor=actor,
        action=action,
        kind="team",
        key=team.key,
        now=now,
        before=before,
        after=digest_of(team),
        detail=detail,
    )


def _locked(key: str) -> Team:
    team = Team.objects.select_for_update(no_key=True).filter(key=key).first()
    if team is None:
        raise Missing("no_such_team", _("There is no team “%s”.") % key)
    return team


def _save(team: Team) -> None:
    try:
        team.full_clean()
        with transaction.atomic():
            team.save()
    except ValidationError as error:
        problems = [Problem(path, text) for path, texts in error.message_dict.items() for text in texts]
        raise Invalid("invalid", "; ".join(one.message for one in problems), problems) from None
    except IntegrityError:
        message = _("There is a team of this key already.")
        raise Invalid("taken", message, [Problem("key", message, "taken")]) from None


def _people(usernames: Sequence[str]) -> list[User]:
    wanted = [name for name in usernames if name.isprintable()]
    found = list(User.objects.filter(username__in=wanted).order_by("username"))
    missing = sorted(set(usernames) - {user.username for user in found})
    if missing:
        message = _("There is no account “%s”.") % ", ".join(missing)
        raise Invalid("no_such_person", message, [Problem("members", message, "no_such_person")])
    return found


@transaction.atomic
def create_team(*, actor: Actor, key: str, name: str, now: datetime, members: Sequence[str] = ()) -> Team:
    """Make a team. Its key stays for ever, as entries are owned by it."""
    require(actor, Permission.MANAGE_PEOPLE)
    people = _people(members)
    team = Team(key=key, name=name.strip())
    _save(team)
    team.members.set(people)
    _note(actor, "team.create", team, now, detail=", ".join(user.username for user in people))
    return team


@transaction.atomic
def rename_team(*, actor: Actor, key: str, name: str, now: datetime) -> Team:
    """Give a team another name; its key stays."""
    require(actor, Permission.MANAGE_PEOPLE)
    team = _locked(key)
    before, had = digest_of(team), team.name
    team.name = name.strip()
    if team.name != had:
        _save(team)
        _note(actor, "team.change", team, now, before=before, detail=f"name: {had} → {team.name}")
    return team


@transaction.atomic
def set_hours(*, actor: Actor, key: str, hours: Hours | None, now: datetime) -> Team:
    """Tell the working hours of a team, or that it has none. They hold for what begins to wait from then on."""
    require(actor, Permission.MANAGE_PEOPLE)
    team = _locked(key)
    before, had = digest_of(team), team.hours
    team.hours = hours.document if hours is not None else None
    if team.hours != had:
        _save(team)
        _note(actor, "team.hours", team, now, before=before, detail=sentence(team.hours) or "–")
    return team


@transaction.atomic
def add_members(*, actor: Actor, key: str, usernames: Sequence[str], now: datetime) -> Team:
    """Let people belong to a team; who does already stays."""
    require(actor, Permission.MANAGE_PEOPLE)
    team, people = _locked(key), _people(usernames)
    before = digest_of(team)
    team.members.add(*people)
    look_again([team], now)
    return _told(actor, team, before, "+ " + ", ".join(user.username for user in people), now)


@transaction.atomic
def remove_members(*, actor: Actor, key: str, usernames: Sequence[str], now: datetime) -> Team:
    """Let people no longer belong to a team. A team without active members is allowed: pages and API warn of it."""
    require(actor, Permission.MANAGE_PEOPLE)
    team, people = _locked(key), _people(usernames)
    before = digest_of(team)
    went = [user for user in team.members.filter(pk__in=[one.pk for one in people]) if user.is_active]
    team.members.remove(*people)
    left(team, went, actor=actor, now=now)
    return _told(actor, team, before, "- " + ", ".join(user.username for user in people), now)


def _told(actor: Actor, team: Team, before: str, detail: str, now: datetime) -> Team:
    if digest_of(team) != before:
        _note(actor, "team.members", team, now, before=before, detail=detail)
    return team
