"""Who makes and ends whose tokens, and what they act as."""

from itertools import product
from typing import Any

import pytest

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.people import services
from portal.people.actors import Actor
from portal.people.models import ApiToken, User
from portal.people.rules import token_types
from portal.people.tokens import find_token, make_token, revoke_token
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.roles import TABLE, ActorType, Permission, Role, may
from tests.people import actor, machine, user

pytestmark = pytest.mark.django_db


def made(who: Actor, of: str, **more: Any) -> str:
    return make_token(actor=who, username=of, name="laptop", now=database_now(), **more)


def test_a_token_may_never_do_what_its_account_may_not() -> None:
    for role, account_type in product(Role, ActorType):
        account = User(username="somebody", roles=[role.value], actor_type=account_type)
        for token_type in token_types(account_type):
            acting = Actor.of(account, actor_type=token_type)
            wider = [one for one in TABLE if may(acting, one) and not may(Actor.of(account), one)]
            assert not wider, (role, account_type, token_type)


def test_only_humans_have_tokens_that_sign() -> None:
    signing = {
        account_type
        for account_type in ActorType
        for token_type in token_types(account_type)
        if token_type in TABLE[Permission.SIGN].actor_types
    }
    assert signing == {ActorType.HUMAN}


def test_a_signed_in_human_makes_and_ends_own_tokens() -> None:
    token = made(actor("vera"), "vera")
    found = find_token(token, now=database_now())
    assert found is not None
    assert found.actor_type == ActorType.HUMAN
    revoke_token(actor=actor("vera"), key=found.token_key, now=database_now())
    assert find_token(token, now=database_now()) is None
    revoke_token(actor=actor("vera"), key=found.token_key, now=database_now())
    assert [line.action for line in AuditLine.objects.order_by("id")] == ["token.create", "token.revoke"]
    assert token not in " ".join(AuditLine.objects.values_list("detail", flat=True))


def test_a_human_may_narrow_a_token_to_an_agents() -> None:
    found = find_token(made(actor("omar"), "omar", actor_type="observer_agent"), now=database_now())
    assert found is not None
    assert not may(Actor.of(found.user, actor_type=found.actor_type), Permission.SIGN)


def test_nobody_makes_tokens_of_another_human_not_even_administrators() -> None:
    user("amal")
    for name in ("adam", "omar"):
        with pytest.raises(Forbidden):
            made(actor(name), "amal")
    with pytest.raises(Forbidden):
        made(actor("omar"), "nobody")


def test_a_machines_tokens_are_made_by_who_answers_and_by_administrators() -> None:
    machine("robot", "omar")
    with pytest.raises(Forbidden):
        made(actor("lina"), "robot")
    for name in ("omar", "adam"):
        found = find_token(made(actor(name), "robot"), now=database_now())
        assert found is not None
        assert found.actor_type == ActorType.EXECUTOR_SYSTEM


@pytest.mark.parametrize("actor_type", ["human", "automated_workflow", "nonsense", "x\x00"])
def test_a_machine_has_tokens_of_its_own_type_only(actor_type: str) -> None:
    machine("robot", "omar")
    with pytest.raises(Invalid) as refused:
        made(actor("omar"), "robot", actor_type=actor_type)
    assert refused.value.rule == "token_type"


def test_agents_make_and_end_no_tokens() -> None:
    robot = machine("robot", "omar")
    made(actor("omar"), "robot")
    key = ApiToken.objects.get().token_key
    for who in (Actor.of(robot), Actor.of(user("omar"), actor_type="observer_agent"), Actor.system("test")):
        with pytest.raises(Forbidden):
            made(who, "robot")
        with pytest.raises(Forbidden):
            revoke_token(actor=who, key=key, now=database_now())


def test_a_token_makes_none_that_would_outlive_it() -> None:
    by_token = Actor.of(user("omar"), actor_type="human")
    with pytest.raises(Forbidden, match="sign in"):
        made(by_token, "omar")
    machine("robot", "omar")
    assert made(by_token, "robot")


def test_an_inactive_account_gets_none_and_makes_none() -> None:
    machine("robot", "omar")
    stale = actor("lina")
    for name in ("robot", "lina"):
        services.deactivate(actor=actor("adam"), username=name, now=database_now())
    with pytest.raises(Conflict):
        made(actor("omar"), "robot")
    with pytest.raises(Forbidden, match="not active"):
        made(stale, "lina")


@pytest.mark.parametrize(("more", "path"), [({"days": 0}, "days"), ({"days": 91}, "days"), ({"name": " "}, "name")])
def test_bad_input_is_refused(more: dict[str, Any], path: str) -> None:
    asked: dict[str, Any] = {"name": "laptop"} | more
    with pytest.raises(Invalid) as refused:
        make_token(actor=actor("vera"), username="vera", now=database_now(), **asked)
    assert [one.path for one in refused.value.problems] == [path]


def test_a_strangers_token_is_not_there_and_an_administrator_ends_any() -> None:
    made(actor("vera"), "vera")
    key = ApiToken.objects.get().token_key
    with pytest.raises(Missing):
        revoke_token(actor=actor("khalid"), key=key, now=database_now())
    revoke_token(actor=actor("adam"), key=key, now=database_now())
    assert ApiToken.objects.get().revoked_at is not None
