"""People, teams and tokens by API."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from portal.audit.models import AuditLine
from portal.operations.models import IdempotencyRecord
from portal.people.models import ApiToken, Team, User
from portal.roles import ActorType, Role
from tests.api.problems import paths, problem
from tests.people import machine, team, user

pytestmark = pytest.mark.django_db
PASSWORD = "tall-green-lanterns-9"
ROWS = 30
Clients = Callable[..., APIClient]


def test_a_person_is_made_changed_and_deactivated(api_of: Clients) -> None:
    adam = api_of("adam")
    made = adam.post("/api/v1/people/", {"username": "rana", "roles": ["engineer"], "email": "rana@portal.example"})
    assert made.status_code == 201, made.content
    assert made["Location"] == "/api/v1/people/rana/"
    assert made.json()["roles"] == ["engineer"]
    rana = "/api/v1/people/rana/"
    assert adam.post(f"{rana}password/", {"password": PASSWORD}).status_code == 200
    assert User.objects.get(username="rana").check_password(PASSWORD)
    assert adam.patch(rana, {"roles": ["lead", "engineer"]}).json()["roles"] == ["engineer", "lead"]
    assert adam.post(f"{rana}deactivate/").json()["active"] is False
    assert [one["username"] for one in adam.get("/api/v1/people/?state=inactive").json()["results"]] == ["rana"]
    assert adam.post(f"{rana}reactivate/").json()["active"] is True
    assert list(AuditLine.objects.filter(object_key="rana").order_by("id").values_list("action", flat=True)) == [
        "user.create", "user.password", "user.change", "user.deactivate", "user.reactivate"]  # fmt: skip


def test_bad_input_names_its_field(api_of: Clients) -> None:
    adam = api_of("adam")
    for body, path in (
        ({"username": "two words"}, "username"),
        ({"username": "adam"}, "username"),
        ({"username": "rana", "roles": ["king"]}, "roles"),
        ({"username": "rana", "roles": 5}, "roles"),
        ({"username": "rana", "actor_type": "executor_system"}, "accountable"),
        ({"username": "rana", "password": PASSWORD}, "password"),
        ({"username": "rana", "email": "nowhere"}, "email"),
    ):
        answer = adam.post("/api/v1/people/", body)
        assert answer.status_code == 422, (body, answer.content)
        assert any(found.startswith(path) for found in paths(answer.json())), (body, answer.content)
    problem(adam.get("/api/v1/people/nobody/"), 404, "no_such_person")
    problem(adam.patch("/api/v1/people/nobody/", {"first_name": "No"}), 404, "no_such_person")
    assert adam.get("/api/v1/people/a%00b/").status_code == 400
    problem(adam.patch("/api/v1/people/adam/", {"roles": ["viewer"]}), 403, "own_role")
    problem(adam.post("/api/v1/people/adam/deactivate/"), 403, "own_account")


def test_an_account_with_machines_is_not_left_without_anybody(api_of: Clients) -> None:
    machine("robot", "omar")
    user("lina")
    adam = api_of("adam")
    problem(adam.post("/api/v1/people/omar/deactivate/"), 409, "answers_for_accounts")
    assert adam.post("/api/v1/people/omar/deactivate/", {"successor": "lina"}).status_code == 200
    assert adam.get("/api/v1/people/robot/").json()["accountable"] == "lina"


DOORS = [
    ("get", "people/", {}),
    ("get", "people/vera/", {}),
    ("post", "people/", {"username": "rana"}),
    ("patch", "people/vera/", {"roles": ["executive"]}),
    ("post", "people/vera/deactivate/", {}),
    ("post", "people/vera/reactivate/", {}),
    ("post", "people/vera/password/", {"password": PASSWORD}),
    ("post", "teams/", {"key": "sales", "name": "Sales"}),
    ("patch", "teams/crm-team/", {"name": "Customers"}),
    ("post", "teams/crm-team/add/", {"members": ["vera"]}),
    ("post", "teams/crm-team/remove/", {"members": ["vera"]}),
]


@pytest.mark.parametrize(("method", "address", "body"), DOORS)
def test_only_administrators_as_humans_manage_people(
    api_of: Clients, method: str, address: str, body: dict[str, Any]
) -> None:
    team()
    user("vera")

    def status(client: APIClient) -> int:
        return int(getattr(client, method)(f"/api/v1/{address}", body).status_code)

    for role in set(Role) - {Role.ADMINISTRATOR}:
        assert status(api_of(user(f"the-{role}", role))) == 403, role
    for actor_type in set(ActorType) - {ActorType.HUMAN}:
        assert status(api_of("adam", actor_type)) == 403, actor_type
    assert status(APIClient()) == 401
    assert status(api_of("adam")) < 300


def test_teams_are_seen_by_everybody_and_changed_with_their_members(api_of: Clients) -> None:
    adam, vera = api_of("adam"), api_of("vera")
    made = adam.post("/api/v1/teams/", {"key": "sales", "name": "Sales", "members": ["vera"]})
    assert made.status_code == 201, made.content
    assert vera.get("/api/v1/teams/sales/").json()["members"] == ["vera"]
    assert adam.patch("/api/v1/teams/sales/", {"name": "Sellers"}).json()["name"] == "Sellers"
    assert adam.post("/api/v1/teams/sales/add/", {"members": ["adam"]}).json()["members"] == ["adam", "vera"]
    assert adam.post("/api/v1/teams/sales/remove/", {"members": ["adam"]}).json()["active_members"] == 1
    adam.post("/api/v1/people/vera/deactivate/")
    (deserted,) = adam.get("/api/v1/teams/?deserted=true").json()["results"]
    assert (deserted["key"], deserted["active_members"]) == ("sales", 0)
    problem(adam.post("/api/v1/teams/sales/add/", {"members": ["nobody"]}), 422, "no_such_person")
    problem(adam.patch("/api/v1/teams/nowhere/", {"name": "No"}), 404, "no_such_team")
    problem(adam.post("/api/v1/teams/", {"key": "sales", "name": "Again"}), 422, "invalid")
    assert Team.objects.count() == 1


def test_a_machines_token_is_made_once_works_and_is_ended(api_of: Clients) -> None:
    machine("robot", "omar")
    omar = api_of("omar")
    made = omar.post("/api/v1/tokens/", {"account": "robot", "name": "release"})
    assert made.status_code == 201, made.content
    assert made["Cache-Control"] == "no-store"
    told = made.json()
    assert told["actor_type"] == "executor_system"
    robot = APIClient(headers={"Authorization": f"Bearer {told['token']}"})
    assert robot.get("/api/v1/teams/").status_code == 200
    assert "token" not in omar.get(made["Location"]).json()
    assert omar.post(f"{made['Location']}revoke/").json()["state"] == "revoked"
    problem(robot.get("/api/v1/teams/"), 401, "authentication_failed")


def test_no_secret_is_kept_for_a_repeat(api_of: Clients) -> None:
    machine("robot", "omar")
    adam = api_of("adam")
    for address, body in (
        ("tokens/", {"account": "robot", "name": "release"}),
        ("people/omar/password/", {"password": PASSWORD}),
    ):
        answer = adam.post(f"/api/v1/{address}", body, headers={"Idempotency-Key": "one"})
        problem(answer, 422, "idempotency_key")
    assert not IdempotencyRecord.objects.exists()
    assert not ApiToken.objects.filter(user__username="robot").exists()


def test_a_signed_in_human_makes_own_tokens_by_session_and_a_token_does_not(
    api_of: Clients, client_of: Callable[..., Any]
) -> None:
    browser = client_of("vera")
    made = browser.post("/api/v1/tokens/", {"name": "laptop"}, content_type="application/json")
    assert made.status_code == 201, made.content
    by_token = APIClient(headers={"Authorization": f"Bearer {made.json()['token']}"})
    problem(by_token.post("/api/v1/tokens/", {"name": "heir"}), 403, "sign_in")
    problem(by_token.post("/api/v1/tokens/", {"name": "heir", "actor_type": "observer_agent"}), 403, "sign_in")


def test_tokens_of_others_are_not_seen(api_of: Clients) -> None:
    machine("robot", "omar")
    api_of(machine("robot"))
    api_of("amal")
    omar = api_of("omar")

    def accounts(client: APIClient) -> set[str]:
        return {one["account"] for one in client.get("/api/v1/tokens/").json()["results"]}

    assert accounts(omar) == {"omar", "robot"}
    assert accounts(api_of("adam")) == {"omar", "robot", "amal", "adam"}
    assert accounts(api_of(machine("robot"))) == {"robot"}
    assert accounts(api_of("omar", "observer_agent")) == {"omar"}
    theirs = ApiToken.objects.filter(user__username="amal").first()
    assert theirs is not None
    problem(omar.get(f"/api/v1/tokens/{theirs.token_key}/"), 404, "no_such_token")
    problem(omar.post(f"/api/v1/tokens/{theirs.token_key}/revoke/"), 404, "no_such_token")
    assert not [field for field in omar.get("/api/v1/tokens/").json()["results"][0] if field in ("digest", "token")]


@pytest.mark.parametrize("address", ["people", "teams", "tokens"])
def test_lists_ask_the_database_the_same_few_times_however_long(
    api_of: Clients, django_assert_max_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    for number in range(ROWS):
        robot = machine(f"robot-{number}", "omar")
        team(f"team-{number}").members.add(robot)
        api_of(robot)
    adam = api_of("adam")
    with django_assert_max_num_queries(7):
        found = adam.get(f"/api/v1/{address}/?limit={ROWS}").json()["results"]
    assert len(found) == ROWS


def test_tokens_come_page_by_page_and_each_once(api_of: Clients) -> None:
    machine("robot", "omar")
    for _number in range(5):
        api_of(machine("robot"))
    adam = api_of("adam")
    for ordering in ("", "name", "-account"):
        seen: list[str] = []
        link = f"/api/v1/tokens/?limit=2&ordering={ordering}"
        while link:
            page = adam.get(link).json()
            seen += [one["key"] for one in page["results"]]
            link = page["next"]
        assert len(seen) == len(set(seen)) == 6, ordering
