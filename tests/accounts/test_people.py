"""What administrators may do to accounts, and what nobody may."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.audit.models import AuditLine
from portal.operations.services import database_now
from portal.people import services
from portal.people.actors import Actor
from portal.people.models import ApiToken, User
from portal.people.services import Person, digest_of
from portal.people.tokens import create_token, find_token
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.roles import ActorType, Role
from tests.people import actor, machine, user

pytestmark = pytest.mark.django_db
PASSWORD = "tall-green-lanterns-9"
OTHER = "small-blue-kettles-4"


def told(name: str = "adam") -> dict[str, Any]:
    return {"actor": actor(name), "now": database_now()}


def second_administrator() -> User:
    return user("salma", Role.ADMINISTRATOR)


def test_an_administrator_makes_a_person_who_can_sign_in() -> None:
    person = Person(first_name="Rana", email="rana@portal.example", roles=["engineer"])
    rana = services.create_person(username="rana", person=person, password=PASSWORD, **told())
    assert rana.check_password(PASSWORD)
    line = AuditLine.objects.get(action="user.create")
    assert (line.actor_name, line.object_key, line.before_digest, line.after_digest) == (
        "adam", "rana", "", digest_of(rana))  # fmt: skip
    assert PASSWORD not in line.detail


def test_a_person_without_a_password_cannot_sign_in() -> None:
    assert not services.create_person(username="rana", person=Person(), **told()).has_usable_password()


def test_a_machine_has_a_human_who_answers_and_no_password() -> None:
    user("omar")
    made: dict[str, Any] = {"username": "robot", "actor_type": ActorType.EXECUTOR_SYSTEM}
    with pytest.raises(Invalid, match="needs an accountable human"):
        services.create_person(person=Person(), **made, **told())
    with pytest.raises(Invalid, match="no password"):
        services.create_person(person=Person(accountable="omar"), password=PASSWORD, **made, **told())
    with pytest.raises(Invalid, match="Only a human can be"):
        services.create_person(person=Person(accountable="omar", roles=["administrator"]), **made, **told())
    robot = services.create_person(person=Person(accountable="omar"), **made, **told())
    assert robot.accountable == user("omar")
    with pytest.raises(Invalid, match="no password"):
        services.set_password(username="robot", password=PASSWORD, **told())
    with pytest.raises(Invalid, match="not an active human"):
        services.create_person(
            username="second", person=Person(accountable="robot"), actor_type=ActorType.OBSERVER_AGENT, **told()
        )


@pytest.mark.parametrize(
    ("username", "person", "password", "path"),
    [
        ("", Person(), "", "username"),
        ("two words", Person(), "", "username"),
        ("..", Person(), "", "username"),
        ("new", Person(), "", "username"),
        ("аmal", Person(), "", "username"),  # the first letter is Cyrillic
        ("ADAM", Person(), "", "username"),
        ("x" * 101, Person(), "", "username"),
        ("rana", Person(email="nowhere"), "", "email"),
        ("rana", Person(first_name="x" * 151), "", "first_name"),
        ("rana", Person(roles=["king"]), "", "roles"),
        ("rana", Person(), "short", "password"),
        ("rana", Person(accountable="adam"), "", "accountable"),
    ],
)
def test_bad_input_is_refused_with_its_field(username: str, person: Person, password: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.create_person(username=username, person=person, password=password, **told())
    assert path in {one.path for one in refused.value.problems}
    assert list(User.objects.values_list("username", flat=True)) == ["adam"]
    assert not AuditLine.objects.exists()


def test_a_change_is_noted_with_what_it_changed_and_none_if_nothing_did() -> None:
    amal = user("amal")
    before = digest_of(amal)
    changed = services.change_person(
        username="amal", person=Person(first_name="Amal", last_name="Harbi", roles=["engineer", "lead"]), **told()
    )
    line = AuditLine.objects.get(action="user.change")
    assert line.detail == "last_name; roles: engineer → engineer, lead"
    assert (line.before_digest, line.after_digest) == (before, digest_of(changed))
    services.change_person(username="amal", person=Person(last_name="Harbi", roles=["lead", "engineer"]), **told())
    assert AuditLine.objects.filter(action="user.change").count() == 1


def test_who_looked_at_an_older_account_does_not_overwrite_it() -> None:
    seen = digest_of(user("amal"))
    services.change_person(username="amal", person=Person(last_name="Harbi"), looked_at=seen, **told())
    with pytest.raises(Conflict, match="meanwhile"):
        services.change_person(username="amal", person=Person(last_name="Nasser"), looked_at=seen, **told())


CALLS: dict[str, Callable[..., Any]] = {
    "create": lambda **who: services.create_person(username="rana", person=Person(), **who),
    "change": lambda **who: services.change_person(username="vera", person=Person(roles=["lead"]), **who),
    "deactivate": lambda **who: services.deactivate(username="vera", **who),
    "reactivate": lambda **who: services.reactivate(username="vera", **who),
    "password": lambda **who: services.set_password(username="vera", password=PASSWORD, **who),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_only_human_administrators_change_people(call: Callable[..., Any]) -> None:
    user("vera")
    for role in set(Role) - {Role.ADMINISTRATOR}:
        with pytest.raises(Forbidden):
            call(actor=Actor.of(user(f"the-{role}", role)), now=database_now())
    for actor_type in set(ActorType) - {ActorType.HUMAN}:
        with pytest.raises(Forbidden):
            call(actor=Actor.of(user("adam"), actor_type=actor_type), now=database_now())
    assert not AuditLine.objects.exists()
    call(**told())


def test_who_is_no_administrator_any_more_changes_nobody() -> None:
    stale = actor("salma", Role.ADMINISTRATOR)
    services.deactivate(username="salma", **told())
    with pytest.raises(Forbidden, match="no longer"):
        services.deactivate(actor=stale, username="adam", now=database_now())


def test_nobody_locks_themself_out() -> None:
    second_administrator()
    with pytest.raises(Forbidden, match="deactivate yourself"):
        services.deactivate(username="adam", **told())
    with pytest.raises(Forbidden, match="from yourself"):
        services.change_person(username="adam", person=Person(roles=["viewer"]), **told())
    with pytest.raises(Forbidden, match="old one"):
        services.set_password(username="adam", password=PASSWORD, **told())
    services.change_person(username="adam", person=Person(roles=["viewer", "administrator"]), **told())


def test_the_last_administrator_stays_though_the_portal_itself_asks() -> None:
    system = Actor("portal:test", ActorType.HUMAN, (Role.ADMINISTRATOR,))
    user("adam")
    User.objects.create(username="gone", roles=["administrator"], is_active=False)
    with pytest.raises(Conflict, match="last active administrator"):
        services.deactivate(actor=system, username="adam", now=database_now())
    with pytest.raises(Conflict, match="last active administrator"):
        services.change_person(actor=system, username="adam", person=Person(roles=[]), now=database_now())
    second_administrator()
    services.deactivate(actor=system, username="adam", now=database_now())


def test_who_answers_for_machines_goes_only_when_somebody_else_does() -> None:
    machine("robot", "omar")
    with pytest.raises(Conflict, match="robot"):
        services.deactivate(username="omar", **told())
    with pytest.raises(Invalid, match="somebody else"):
        services.deactivate(username="omar", successor="omar", **told())
    with pytest.raises(Missing):
        services.deactivate(username="omar", successor="nobody", **told())
    with pytest.raises(Invalid, match="not an active human"):
        services.deactivate(username="omar", successor="robot", **told())
    user("lina")
    services.deactivate(username="omar", successor="lina", **told())
    assert User.objects.get(username="robot").accountable == user("lina")
    line = AuditLine.objects.get(object_key="robot")
    assert line.detail == "accountable: omar → lina"
    assert line.before_digest != line.after_digest


def test_a_machine_comes_back_only_while_its_human_is_active() -> None:
    machine("robot", "omar")
    services.deactivate(username="robot", **told())
    services.deactivate(username="omar", **told())
    with pytest.raises(Invalid, match="not an active human"):
        services.reactivate(username="robot", **told())
    services.reactivate(username="omar", **told())
    assert services.reactivate(username="robot", **told()).is_active


def test_tokens_of_a_deactivated_account_stop_and_come_back_with_it() -> None:
    token = create_token(actor=actor("amal"), user=user("amal"), actor_type="human", name="t", now=database_now())
    services.deactivate(username="amal", **told())
    assert find_token(token, now=database_now()) is None
    assert ApiToken.objects.get().revoked_at is None
    services.reactivate(username="amal", **told())
    assert find_token(token, now=database_now()) is not None


def test_sessions_end_with_the_account_and_with_a_new_password(client_of: Callable[..., Any]) -> None:
    browser = client_of("amal")
    assert browser.get("/").status_code == 200
    services.deactivate(username="amal", **told())
    assert browser.get("/").status_code == 302
    services.reactivate(username="amal", **told())
    browser = client_of(User.objects.get(username="amal"))
    services.set_password(username="amal", password=PASSWORD, **told())
    assert browser.get("/").status_code == 302


def test_ones_own_password_needs_the_old_one_and_a_sign_in() -> None:
    amal = user("amal")
    amal.set_password(PASSWORD)
    amal.save()
    with pytest.raises(Invalid, match="not your password"):
        services.change_own_password(old="wrong", new=OTHER, **told("amal"))
    with pytest.raises(Invalid, match="too short"):
        services.change_own_password(old=PASSWORD, new="short", **told("amal"))
    with pytest.raises(Forbidden, match="Sign in"):
        services.change_own_password(actor=Actor.of(amal), old=PASSWORD, new=OTHER, now=database_now())
    assert services.change_own_password(old=PASSWORD, new=OTHER, **told("amal")).check_password(OTHER)
    assert AuditLine.objects.get().action == "user.password"
