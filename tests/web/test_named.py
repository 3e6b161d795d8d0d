"""People are named on pages by their names, also where a record keeps their account."""

from collections.abc import Callable

import pytest
from django.test import Client

from portal.people.models import User
from portal.people.names import names_of
from severity.rules import Level
from tests.documents import runtime_tool_document
from tests.people import user
from tests.registering import apply_connector, approved, submitted
from tests.severity.incidents.making import act, declared

pytestmark = pytest.mark.django_db
Of = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _surnames() -> None:
    for name, surname in (("amal", "Haddad"), ("omar", "Nasser"), ("yusuf", "Karim")):
        User.objects.filter(pk=user(name).pk).update(last_name=surname)


def told(client: Client, address: str) -> str:
    """The content of a page, without the bar, where people see their own account."""
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode()).partition("<main")[2]


def test_who_asked_and_who_signed_is_told_in_one_way(client_of: Of) -> None:
    change = approved(submitted(runtime_tool_document()), "omar")
    page = told(client_of("vera"), change.get_absolute_url())
    assert "<bdi>Amal Haddad</bdi>" in page
    assert "<bdi>Omar Nasser</bdi>: " in page
    assert "<bdi>Omar Nasser</bdi> <span" in page
    assert "<bdi>omar</bdi>" not in page


def test_versions_name_who_asked_and_who_applied(client_of: Of) -> None:
    entry = apply_connector(runtime_tool_document())
    page = told(client_of("vera"), f"{entry.get_absolute_url()}?tab=versions")
    assert "<td><bdi>Amal Haddad</bdi></td>" in page
    assert "<bdi>amal</bdi>" not in page


def test_the_timeline_and_the_lists_of_incidents_name_people(client_of: Of) -> None:
    incident = declared(Level.V1, by="yusuf")
    act("acknowledge", incident, by="yusuf")
    for address in (incident.get_absolute_url(), "/incidents/", "/incidents/?view=list"):
        page = told(client_of("vera"), address)
        assert "Yusuf Karim" in page
        assert "<bdi>yusuf</bdi>" not in page


def test_an_account_that_is_nobodys_stands_for_itself(django_assert_num_queries: Callable[[int], object]) -> None:
    assert names_of(["gone", "omar", ""]) == {"gone": "gone", "omar": "Omar Nasser", "": ""}
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        assert names_of([""]) == {"": ""}
