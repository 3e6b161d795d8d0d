"""The pages of the settings."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.people.models import ApiToken, Team, User
from portal.people.services import digest_of
from portal.roles import Role
from tests.people import machine, team, user

pytestmark = pytest.mark.django_db
PASSWORD = "tall-green-lanterns-9"
OTHER = "small-blue-kettles-4"
ROWS = 52
Browsers = Callable[[str | User], Client]
MANAGED = ("/settings/people/", "/settings/people/new/", "/settings/people/vera/", "/settings/tokens/")


def token_in(answer: Any) -> str:
    found = re.search(r"data-token>(cgp_[0-9a-zA-Z]+)<", answer.content.decode())
    assert found, answer.content
    return found[1]


def works(token: str) -> bool:
    return Client().get("/api/v1/teams/", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_only_administrators_open_the_pages_of_people(client_of: Browsers) -> None:
    user("vera")
    wanted = 403
    for role in sorted(Role, key=lambda role: role == Role.ADMINISTRATOR):
        browser = client_of(user(f"the-{role}", role))
        wanted = 200 if role == Role.ADMINISTRATOR else 403
        for address in MANAGED:
            assert browser.get(address).status_code == wanted, (role, address)
        for address in MANAGED[1:]:
            status = browser.post(address, {"action": "deactivate"}).status_code
            assert (status == 403) == (wanted == 403), (role, address)
    assert wanted == 200, "the administrator came last"
    assert User.objects.filter(username="vera", is_active=False).exists()


def test_everybody_sees_the_own_account_and_the_teams(client_of: Browsers) -> None:
    team().members.add(user("vera"))
    browser = client_of("vera")
    own = browser.get("/settings/")
    assert own.status_code == 200
    assert own["Cache-Control"] == "no-store"
    assert "/settings/teams/crm-team/" in own.content.decode()
    assert "/settings/people/" not in own.content.decode()
    assert browser.get("/settings/teams/").status_code == 200
    assert (
        "action=" not in browser.get("/settings/teams/crm-team/").content.decode().split("<main")[1].split("</main>")[0]
    )
    for posted in ({"action": "rename", "name": "Mine"}, {"remove": "vera"}, {"action": "add", "member": "vera"}):
        assert browser.post("/settings/teams/crm-team/", posted).status_code in (403, 422)
    assert browser.post("/settings/teams/", {"key": "mine", "name": "Mine"}).status_code == 403
    assert Team.objects.get().members.count() == 1


def test_an_administrator_makes_a_person_who_signs_in(client_of: Browsers) -> None:
    adam = client_of("adam")
    posted: dict[str, Any] = {"action": "create", "username": "rana", "actor_type": "human", "password": "short"}
    refused = adam.post("/settings/people/new/", posted)
    assert refused.status_code == 422
    assert "too short" in refused.content.decode()
    assert "short" not in re.findall(r'name="password"[^>]*value="([^"]*)"', refused.content.decode())
    made = adam.post("/settings/people/new/", posted | {"password": PASSWORD, "roles": ["engineer"]})
    assert (made.status_code, made["Location"]) == (302, "/settings/people/rana/")
    assert Client().post("/sign-in/", {"username": "rana", "password": PASSWORD}).status_code == 302


def test_a_machines_account_and_its_tokens(client_of: Browsers) -> None:
    user("omar")
    adam = client_of("adam")
    posted = {"action": "create", "username": "robot", "actor_type": "executor_system", "roles": ["engineer"]}
    assert adam.post("/settings/people/new/", posted).status_code == 422
    assert adam.post("/settings/people/new/", posted | {"accountable": "omar"}).status_code == 302
    asked = {"action": "token", "account": "robot", "name": "release", "days": "30"}
    first = token_in(adam.post("/settings/people/robot/", asked))
    omar = client_of("omar")
    second = token_in(omar.post("/settings/", asked))
    assert works(first)
    assert works(second)
    assert second not in omar.get("/settings/").content.decode()
    key = ApiToken.objects.get(token_key=second[:15]).token_key
    assert omar.post("/settings/", {"revoke": key}).status_code == 302
    assert not works(second)
    assert adam.post("/settings/people/robot/", {"revoke": first[:15]}).status_code == 302
    assert not works(first)
    refused = omar.post("/settings/", asked | {"actor_type": "human"})
    assert refused.status_code == 422
    assert client_of("vera").post("/settings/", asked).status_code == 422


def test_a_change_needs_the_account_as_it_was_looked_at(client_of: Browsers) -> None:
    vera = user("vera")
    adam = client_of("adam")
    posted = {"action": "save", "first_name": "Vera", "last_name": "Haddad", "email": vera.email, "roles": ["lead"],
              "looked_at": digest_of(vera)}  # fmt: skip
    assert adam.post("/settings/people/vera/", posted).status_code == 302
    assert User.objects.get(username="vera").roles == ["lead"]
    late = adam.post("/settings/people/vera/", posted | {"roles": ["executive"]})
    assert late.status_code == 409
    assert "meanwhile" in late.content.decode()
    assert User.objects.get(username="vera").roles == ["lead"]


def test_deactivating_asks_for_a_successor_and_ends_the_session(client_of: Browsers) -> None:
    machine("robot", "omar")
    user("lina")
    adam, omar = client_of("adam"), client_of("omar")
    refused = adam.post("/settings/people/omar/", {"action": "deactivate"})
    assert refused.status_code == 409
    assert "robot" in refused.content.decode()
    assert adam.post("/settings/people/omar/", {"action": "deactivate", "successor": "lina"}).status_code == 302
    assert omar.get("/settings/")["Location"].startswith("/sign-in/")
    assert User.objects.get(username="robot").accountable == user("lina")
    assert adam.post("/settings/people/omar/", {"action": "reactivate"}).status_code == 302
    assert User.objects.get(username="omar").is_active
    assert adam.post("/settings/people/adam/", {"action": "deactivate"}).status_code == 403
    assert adam.post("/settings/people/omar/", {"action": "nonsense"}).status_code == 404


def test_ones_own_password_is_changed_and_only_this_session_goes_on(client_of: Browsers) -> None:
    vera = user("vera")
    vera.set_password(PASSWORD)
    vera.save()
    here, there = client_of("vera"), client_of("vera")
    posted = {"action": "password", "old": "wrong", "new": OTHER}
    assert here.post("/settings/", posted).status_code == 422
    assert here.post("/settings/", posted | {"old": PASSWORD}).status_code == 302
    assert here.get("/settings/").status_code == 200
    assert there.get("/settings/").status_code == 302
    assert User.objects.get(username="vera").check_password(OTHER)


def test_an_administrator_gives_a_new_password_and_not_to_themself(client_of: Browsers) -> None:
    user("vera")
    adam = client_of("adam")
    assert adam.post("/settings/people/vera/", {"action": "password", "password": PASSWORD}).status_code == 302
    assert User.objects.get(username="vera").check_password(PASSWORD)
    assert adam.post("/settings/people/adam/", {"action": "password", "password": PASSWORD}).status_code == 403


def test_teams_are_made_renamed_and_filled(client_of: Browsers) -> None:
    user("vera")
    adam = client_of("adam")
    assert adam.post("/settings/teams/", {"key": "Sales", "name": "Sales"}).status_code == 422
    made = adam.post("/settings/teams/", {"key": "sales", "name": "Sales"})
    assert made["Location"] == "/settings/teams/sales/"
    assert "Nobody active" in adam.get("/settings/teams/sales/").content.decode()
    assert adam.post("/settings/teams/sales/", {"action": "add", "member": "vera"}).status_code == 302
    assert adam.post("/settings/teams/sales/", {"action": "rename", "name": "Sellers"}).status_code == 302
    assert adam.post("/settings/teams/sales/", {"action": "add", "member": "nobody"}).status_code == 422
    assert "Sellers" in adam.get("/settings/teams/").content.decode()
    assert "No active member" not in adam.get("/settings/teams/").content.decode()
    assert adam.post("/settings/teams/sales/", {"remove": "vera"}).status_code == 302
    assert "No active member" in adam.get("/settings/teams/").content.decode()


def test_lists_are_searched_filtered_sorted_and_taken_away(client_of: Browsers, api_of: Callable[..., Any]) -> None:
    machine("robot", "omar")
    api_of(user("amal"))
    adam = client_of("adam")

    def shown(address: str) -> str:
        answer = adam.get(address)
        assert answer.status_code == 200, address
        return answer.content.decode().partition("<table")[2] if "csv" not in address else answer.getvalue().decode()

    assert "robot" in shown("/settings/people/?q=ROBOT")
    assert "amal" not in shown("/settings/people/?actor_type=executor_system")
    people = shown("/settings/people/?sort=-username")
    assert people.index("/people/robot/") < people.index("/people/amal/")
    assert "robot" not in shown("/settings/people/?role=administrator")
    assert "nothing" not in shown("/settings/people/?q=zzz")
    assert shown("/settings/people/?format=csv").splitlines()[0].startswith("\ufeffusername,")
    assert "amal" in shown("/settings/tokens/?state=usable&sort=account")
    assert "amal" not in shown("/settings/tokens/?state=revoked")
    assert shown("/settings/tokens/?format=csv").count("\n") == 2
    assert shown("/settings/teams/?format=csv").startswith("\ufeffkey,")
    assert "@" not in shown("/settings/teams/")


@pytest.mark.parametrize("address", ["people/", "teams/", "tokens/", "", "people/omar/", "teams/crm-team/"])
def test_pages_ask_the_database_the_same_few_times_however_long(
    client_of: Browsers, api_of: Callable[..., Any], django_assert_max_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    for number in range(ROWS):
        robot = machine(f"robot-{number}", "omar")
        team(f"team-{number}").members.add(robot)
        team().members.add(robot)
        api_of(robot)
    user("omar").roles = ["administrator", "lead"]
    User.objects.filter(username="omar").update(roles=["administrator", "lead"])
    browser = client_of("omar")
    with django_assert_max_num_queries(25):
        answer = browser.get(f"/settings/{address}")
    assert answer.status_code == 200
    assert answer.content.count(b"robot-") >= 50 or address == "teams/"


def test_addresses_that_are_not_there(client_of: Browsers) -> None:
    adam = client_of("adam")
    for address in ("people/nobody/", "teams/nowhere/", "teams/A/"):
        assert adam.get(f"/settings/{address}").status_code == 404
    assert adam.post("/settings/", {"revoke": "cgp_nothing"}).status_code == 404
    assert adam.post("/settings/tokens/", {"revoke": "x\x00"}).status_code == 404
    team()
    assert adam.post("/settings/teams/crm-team/", {"remove": "x\x00"}).status_code == 422
