"""Teams and who belongs to them."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.people import teams
from portal.people.actors import Actor
from portal.people.models import Team
from portal.refusals import Forbidden, Invalid, Missing
from portal.roles import ActorType
from tests.people import actor, team, user

pytestmark = pytest.mark.django_db
CALLS: dict[str, Callable[..., Team]] = {
    "create": lambda **who: teams.create_team(key="sales-team", name="Sales", **who),
    "rename": lambda **who: teams.rename_team(key="crm-team", name="Customers", **who),
    "add": lambda **who: teams.add_members(key="crm-team", usernames=["amal"], **who),
    "remove": lambda **who: teams.remove_members(key="crm-team", usernames=["noor"], **who),
}


def told() -> dict[str, Any]:
    return {"actor": actor("adam"), "now": database_now()}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_only_human_administrators_change_teams_and_every_change_is_noted_once(call: Callable[..., Team]) -> None:
    user("amal")
    team().members.set([user("noor")])
    for name in ("vera", "khalid", "yusuf"):
        with pytest.raises(Forbidden):
            call(actor=actor(name), now=database_now())
    with pytest.raises(Forbidden):
        call(actor=Actor.of(user("adam"), actor_type=ActorType.EXECUTOR_SYSTEM), now=database_now())
    assert not AuditLine.objects.exists()
    changed = call(**told())
    line = AuditLine.objects.get()
    assert (line.object_key, line.after_digest) == (changed.key, teams.digest_of(changed))
    assert line.before_digest != line.after_digest


def test_what_changes_nothing_is_not_noted() -> None:
    team().members.set([user("amal")])
    teams.add_members(key="crm-team", usernames=["amal"], **told())
    teams.rename_team(key="crm-team", name="Crm Team", **told())
    assert not AuditLine.objects.exists()


def test_a_team_may_lose_its_last_member() -> None:
    team().members.set([user("amal")])
    assert not teams.remove_members(key="crm-team", usernames=["amal"], **told()).members.exists()


@pytest.mark.parametrize(
    ("key", "name", "members"),
    [("Sales", "Sales", []), ("", "Sales", []), ("sales", "", []), ("crm-team", "CRM", []), ("sales", "S", ["nobody"])],
)
def test_bad_input_is_refused(key: str, name: str, members: list[str]) -> None:
    team()
    with pytest.raises(Invalid):
        teams.create_team(key=key, name=name, members=members, **told())
    assert Team.objects.count() == 1


def test_a_team_that_is_not_there_is_not_changed() -> None:
    with pytest.raises(Missing):
        teams.rename_team(key="nowhere", name="No", **told())
