"""What API and CSV say of people, teams and tokens. The types are what the API's description is made from."""

from datetime import datetime
from typing import Any, TypedDict

from portal.people.models import ApiToken, User
from portal.people.reads import token_state


class PersonAnswer(TypedDict):
    """An account. `accountable` is the human who answers for a machine's."""

    username: str
    first_name: str
    last_name: str
    email: str
    actor_type: str
    roles: list[str]
    teams: list[str]
    accountable: str | None
    active: bool
    last_login: datetime | None
    date_joined: datetime
    url: str


# `from` is no name in Python.
TeamHours = TypedDict("TeamHours", {"days": list[int], "from": str, "to": str, "zone": str, "holidays": list[str]})


class TeamAnswer(TypedDict):
    """A team; `active_members` of 0 is a warning, as nobody would hear of what it owns."""

    key: str
    name: str
    members: list[str]
    active_members: int
    hours: TeamHours | None
    url: str


class TokenAnswer(TypedDict):
    """A token without its secret; `key` is how it begins."""

    key: str
    name: str
    account: str
    actor_type: str
    state: str
    created: datetime
    expires: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewTokenAnswer(TokenAnswer):
    """A token that was just made, with its secret: this is the one time it is told."""

    token: str


def person_answer(user: User) -> PersonAnswer:
    """One account of `reads.people()`."""
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "actor_type": user.actor_type,
        "roles": list(user.roles),
        "teams": sorted(team.key for team in user.teams.all()),
        "accountable": user.accountable.username if user.accountable else None,
        "active": user.is_active,
        "last_login": user.last_login,
        "date_joined": user.date_joined,
        "url": user.get_absolute_url(),
    }


def team_answer(team: Any) -> TeamAnswer:
    """One team of `reads.teams()`."""
    return {
        "key": team.key,
        "name": team.name,
        "members": [user.username for user in team.members.all()],
        "active_members": team.active_members,
        "hours": team.hours,
        "url": team.get_absolute_url(),
    }


def token_answer(token: ApiToken, now: datetime) -> TokenAnswer:
    """One token."""
    return {
        "key": token.token_key,
        "name": token.name,
        "account": token.user.get_username(),
        "actor_type": token.actor_type,
        "state": token_state(token, now),
        "created": token.created,
        "expires": token.expiry,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
