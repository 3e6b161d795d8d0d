"""The approvals inbox and the summary of what is wrong, in people's words."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connectors.models import ConnectorKind
from portal.changes import services
from portal.changes.filters import ChangeFilter
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from portal.people.models import User
from portal.refusals import Problem
from portal.registry import kinds
from portal.roles import Role
from portal.web.document_form import summary_of
from portal.web.labels import label_of
from tests.documents import runtime_tool_document
from tests.people import actor
from tests.registering import submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def change() -> ChangeRequest:
    return services.propose(
        actor=actor("amal"), kind_name=ConnectorKind.RUNTIME_TOOL, key="crm-contacts", base_version=0,
        draft=Draft(document={"key": "crm-contacts", "name": "Contacts of the CRM"}), now=database_now(),
    )  # fmt: skip


def test_a_row_shows_the_name_that_is_proposed_beside_the_key(
    change: ChangeRequest, client_of: Callable[[str], Client]
) -> None:
    page = client_of("amal").get("/approvals/?tab=mine").content.decode()
    assert "<bdi>Contacts of the CRM</bdi>" in page
    assert "crm-contacts" in page


def test_tabs_whose_rows_are_all_in_one_state_have_no_filter_of_it(
    change: ChangeRequest, client_of: Callable[[str], Client]
) -> None:
    for tab, offered in (("", False), ("review", False), ("mine", True)):
        page = client_of("omar").get(f"/approvals/?tab={tab}&q=nothing").content.decode()
        assert ('name="q"' in page, 'name="state"' in page) == (True, offered), tab


def test_kinds_are_chosen_among_those_there_are() -> None:
    field = ChangeFilter({}, queryset=ChangeRequest.objects.all()).form.fields["kind"]
    assert {value for value, _label in field.choices if value} == {kind.name for kind in kinds.all_kinds()}
    assert not ChangeFilter({"kind": "nonsense"}, queryset=ChangeRequest.objects.all()).is_valid()


def test_what_is_wrong_is_told_under_the_label_of_its_field() -> None:
    kind = kinds.get(ConnectorKind.RUNTIME_TOOL)
    labels = {
        "owner": "Owner team",
        "runtime_tool.credential_ref": "Credential reference",
        "facets.contract.operations.0.name": "1 › ",
        "nothing.known": "nothing › known",
    }
    for path, words in labels.items():
        assert words in label_of(kind, path), label_of(kind, path)
    problems = [Problem("facets.retry.max_attempts", "Needed."), Problem("", "All wrong.")]
    (one, whole) = summary_of(kind, problems)
    assert one["message"] == "Retry › Attempts at most: Needed."
    assert (whole["message"], whole["href"]) == ("All wrong.", "")


def test_an_author_who_lost_the_role_has_no_form(client_of: Callable[[str], Client], change: ChangeRequest) -> None:
    client = client_of("amal")
    assert client.get(f"{change.get_absolute_url()}edit/").status_code == 200
    User.objects.filter(username="amal").update(roles=[Role.VIEWER])
    assert client.get(f"{change.get_absolute_url()}edit/").status_code == 403


def test_lists_of_what_is_on_its_way_and_the_search_read_no_whole_documents(
    client_of: Callable[[str], Client], change: ChangeRequest, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of("amal")
    for address in ("/tools/", "/search/?q=register"):
        with django_assert_max_num_queries(25) as caught:
            assert change.get_absolute_url() in client.get(address).content.decode()
        wide = [one["sql"] for one in caught if re.search(r'"document"(?! ->)', one["sql"].split(" FROM ")[0])]
        assert wide == [], address


def test_a_row_says_whose_signature_is_missing_and_the_tab_how_many_wait(client_of: Callable[[str], Client]) -> None:
    submitted(runtime_tool_document(), summary="Register the lookup")
    page = client_of("omar").get("/approvals/").content.decode()
    assert "one signature by a lead or higher" in page.partition("<tbody")[2]
    tabs = page.partition('class="tabs"')[2].partition("</nav>")[0]
    assert tabs.count('class="count"') == 1
    assert '<span class="count">1</span>' in tabs
    # Who signs nothing has nothing waiting.
    vera = client_of("vera").get("/approvals/").content.decode()
    assert 'class="count"' not in vera.partition('class="tabs"')[2].partition("</nav>")[0]
