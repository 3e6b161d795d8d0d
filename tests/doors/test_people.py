"""Every verb on people, teams and tokens, for every role and every type of actor, straight at the services.

What is expected is read from the table, and from one rule beside it: a human makes and ends tokens of the own account, and of
the machines' accounts that he or she answers for.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from portal.operations.services import database_now
from portal.people import hours, services, teams, tokens
from portal.people.actors import Actor
from portal.people.models import ApiToken, User
from portal.people.services import Person
from portal.people.tokens import create_token
from portal.refusals import Forbidden, Missing
from portal.roles import TABLE, ActorType, Permission, Role
from tests.doors.stage import somebody
from tests.people import actor, machine, team, user

pytestmark = pytest.mark.django_db
PASSWORD = "tall-green-lanterns-9"
Told = dict[str, Any]


def key_of(account: str) -> str:
    return str(ApiToken.objects.filter(user__username=account).latest("created").token_key)


MANAGED: dict[str, Callable[[Told], Any]] = {
    "services.create_person": lambda told: services.create_person(username="rana", person=Person(), **told),
    "services.change_person": lambda told: services.change_person(
        username="vera", person=Person(roles=["executive"]), **told
    ),
    "services.deactivate": lambda told: services.deactivate(username="vera", **told),
    "services.reactivate": lambda told: services.reactivate(username="vera", **told),
    "services.set_password": lambda told: services.set_password(username="vera", password=PASSWORD, **told),
    "teams.create_team": lambda told: teams.create_team(key="sales", name="Sales", **told),
    "teams.set_hours": lambda told: teams.set_hours(
        key="crm-team", hours=hours.read([7], "08:00", "16:00", "UTC", []), **told
    ),
    "teams.rename_team": lambda told: teams.rename_team(key="crm-team", name="Customers", **told),
    "teams.add_members": lambda told: teams.add_members(key="crm-team", usernames=["vera"], **told),
    "teams.remove_members": lambda told: teams.remove_members(key="crm-team", usernames=["vera"], **told),
}


def opened(call: Callable[[Told], Any], who: Actor) -> bool:
    """Whether the door opens; what it did is taken back."""
    saved = transaction.savepoint()
    try:
        call({"actor": who, "now": database_now()})
    except (Forbidden, Missing):
        return False
    finally:
        transaction.savepoint_rollback(saved)
    return True


def everybody() -> list[tuple[Role, ActorType, Actor]]:
    return [
        (role, kind, Actor.of(somebody(f"the-{role.value}", role), actor_type=kind, signed_in_at=database_now()))
        for role in Role
        for kind in ActorType
    ]


def manages(role: Role, actor_type: ActorType) -> bool:
    grant = TABLE[Permission.MANAGE_PEOPLE]
    return role in grant.roles and actor_type in grant.actor_types


@pytest.mark.parametrize("verb", MANAGED)
def test_who_manages_people_and_teams(verb: str) -> None:
    user("vera")
    team()
    wrong = [
        (role, actor_type)
        for role, actor_type, who in everybody()
        if opened(MANAGED[verb], who) != manages(role, actor_type)
    ]
    assert not wrong


def test_whose_tokens_are_made_and_ended_by_whom() -> None:
    theirs, robot = user("vera"), machine("robot", "omar")
    wrong = []
    for role, actor_type, who in everybody():
        assert who.user is not None
        own = machine(f"of-{who.name}", "omar")
        User.objects.filter(pk=own.pk).update(accountable=who.user)
        human, manager = actor_type is ActorType.HUMAN, manages(role, actor_type)
        cases = ((who.user, human, human), (own, human, human), (robot, manager, manager), (theirs, False, manager))
        for account, makes, ends in cases:
            name = account.username
            create_token(actor=actor("adam"), user=account, actor_type=account.actor_type, name="t", now=database_now())
            key = key_of(name)
            made = opened(lambda told, name=name: tokens.make_token(username=name, name="t", **told), who)
            ended = opened(lambda told, key=key: tokens.revoke_token(key=key, **told), who)
            if (made, ended) != (makes, ends):
                wrong.append((role.value, actor_type.value, name, made, ended))
    assert not wrong


def test_no_verb_on_people_is_left_out() -> None:
    # The first two are for commands on the machine itself; the own password asks for the old one, the own language for nothing.
    inner = {
        "services.create_administrator",
        "tokens.create_token",
        "services.change_own_password",
        "services.set_language",
    }
    found = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in (services, teams, tokens)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and "actor" in inspect.signature(function).parameters
        and not name.startswith("_")
    }
    assert found - inner == {*MANAGED, "tokens.make_token", "tokens.revoke_token"}
