"""What pages offer is what may be done, and what they say of one thing is the same everywhere."""

from collections.abc import Callable

import pytest
from django.test import Client

from portal.changes import decisions
from portal.operations.services import database_now
from portal.refusals import Conflict
from severity import sweep
from severity.models import Incident
from tests.documents import runtime_tool_document
from tests.people import actor
from tests.registering import apply_connector, approved, proposed, submitted
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.django_db
Of = Callable[[str], Client]


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def button(page: str, name: str) -> str:
    """The tag of the button whose word this is."""
    return page.rpartition(f">{name}</button>")[0].rpartition("<button")[2]


def test_a_draft_that_would_be_refused_cannot_be_submitted(client_of: Of) -> None:
    half = proposed({"key": "half", "name": "Half"})
    page = shown(client_of("amal"), half.get_absolute_url())
    assert "It cannot be submitted yet:" in page
    assert "disabled" in button(page, "Submit for approval")
    whole = proposed(runtime_tool_document())
    assert "disabled" not in button(shown(client_of("amal"), whole.get_absolute_url()), "Submit for approval")


def test_a_change_whose_entry_has_moved_on_is_rejected_but_not_signed(client_of: Of) -> None:
    apply_connector(runtime_tool_document())
    left = submitted(
        runtime_tool_document("crm-lookup", {"facets.retry.max_attempts": 7, "facets.version.number": "1.0.2"})
    )
    ahead = submitted(
        runtime_tool_document("crm-lookup", {"facets.retry.max_attempts": 2, "facets.version.number": "1.0.3"})
    )
    assert "disabled" not in button(shown(client_of("omar"), left.get_absolute_url()), "Approve")
    approved(ahead, "omar")
    page = shown(client_of("omar"), left.get_absolute_url())
    assert "disabled" in button(page, "Approve")
    assert "once its author has made it from the version that stands" in page
    assert "disabled" not in button(page, "Reject")
    with pytest.raises(Conflict):
        decisions.approve(actor=actor("omar"), change_id=left.pk, digest=left.digest, now=database_now())


def test_nothing_is_repinned_where_nothing_can_be_chosen(client_of: Of) -> None:
    tool = apply_connector(runtime_tool_document())
    assert "Propose to re-pin" not in shown(client_of("amal"), f"{tool.get_absolute_url()}?tab=tools")


def test_what_is_empty_and_need_not_be_filled_is_optional(client_of: Of) -> None:
    page = shown(client_of("amal"), "/decisions/new/")
    ruling = page.partition('id="ruling-title"')[2].partition("</div>")[0]
    assert "Optional" in ruling
    assert "Filled" not in ruling


@pytest.mark.parametrize("address", ["/policies/", "/severity-table/"])
def test_what_is_built_in_is_no_empty_place(client_of: Of, address: str) -> None:
    page = shown(client_of("adam"), address)
    assert "The built-in one is in force" in page
    assert "Register one of your own" in page
    assert "Register one of your own" not in shown(client_of("vera"), address)


def test_the_rail_counts_what_the_list_shows(client_of: Of) -> None:
    apply_connector(runtime_tool_document())
    running(deadline=PASSED)
    sweep.tick()
    Incident.objects.update(severity=0, escalate_at=None)
    page = shown(client_of("yusuf"), "/incidents/")
    assert "1 of 1" in page
    rail = page.partition('href="/incidents/"')[2].partition("</a>")[0]
    assert ">1<" in rail.replace(" ", "").replace("\n", "")


def test_an_emergency_to_be_reviewed_waits_for_approvers_on_the_overview(client_of: Of) -> None:
    change = submitted(runtime_tool_document(), summary="Register the lookup")
    khalid = actor("khalid")
    decisions.apply_in_emergency(
        actor=khalid, change_id=change.pk, digest=change.digest, reason="Everything is down.", now=database_now()
    )
    assert "emergency to be reviewed" in shown(client_of("omar"), "/")
    assert "emergency to be reviewed" not in shown(client_of("vera"), "/")
