"""Journeys of deciding in a real browser: amend, reject and propose again, conflict and rebase, emergency, several at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from connectors.models import Connector
from portal.changes.models import ChangeRequest, ChangeState
from severity import sweep
from severity.models import Incident
from tests.browser.conftest import Visitor
from tests.documents import runtime_tool_document
from tests.people import user
from tests.registering import apply_connector, approved, submitted

pytestmark = pytest.mark.browser
VisitorOf = Callable[..., Visitor]
PASSWORD = "a long walk by the harbour"


def again(change: ChangeRequest) -> ChangeRequest:
    return ChangeRequest.objects.get(pk=change.pk)


def test_omar_amends_a_change_and_lina_signs_it(visitor: VisitorOf) -> None:
    user("lina")
    change = submitted(runtime_tool_document(), summary="Register the lookup")
    omar = visitor("omar")
    page = omar.go(change.get_absolute_url())
    page.get_by_role("link", name="Amend").click()
    page.get_by_label("Attempts at most").fill("2")
    page.get_by_label("Why you amend it").fill("Three tries are too many for this CRM.")
    page.get_by_role("button", name="Amend").click()
    expect(page.get_by_text("somebody else must sign it now")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    amended = again(change)
    assert (amended.state, amended.proposal_number) == (ChangeState.IN_REVIEW, 2)
    assert change.proposals.get(number=1).document["facets"]["retry"]["max_attempts"] == 3
    page = visitor("lina").go(change.get_absolute_url())
    expect(page.get_by_text("Amended by")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("applied as version 1")).to_be_visible()
    assert Connector.objects.get().document["facets"]["retry"]["max_attempts"] == 2
    assert omar.page.evaluate("window.refused") == []


def test_a_rejected_change_is_proposed_again(visitor: VisitorOf) -> None:
    change = submitted(runtime_tool_document(), summary="Register the lookup")
    page = visitor("omar").go(change.get_absolute_url())
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert")).to_contain_text("needs a reason")
    page.get_by_label("Reason").fill("Which team answers at night?")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("You rejected")).to_be_visible()
    page = visitor("amal").go(change.get_absolute_url())
    expect(page.get_by_text("Which team answers at night?").first).to_be_visible()
    page.get_by_role("button", name="Propose it again").click()
    page.wait_for_url(lambda url: change.human_id not in url)
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_text("is now in review")).to_be_visible()
    newer = ChangeRequest.objects.latest("pk")
    assert (newer.replaces_id, newer.state, newer.document) == (change.pk, ChangeState.IN_REVIEW, change.document)
    assert again(change).state == ChangeState.REJECTED


def test_amal_rebases_a_change_that_came_apart(visitor: VisitorOf) -> None:
    tool = apply_connector(runtime_tool_document())
    mine = {"facets.retry.max_attempts": 7, "description": "Asks the CRM.", "facets.version.number": "1.0.2"}
    change = submitted(runtime_tool_document(tool.key, mine), summary="Retry most")
    theirs = {"facets.retry.max_attempts": 2, "facets.version.number": "1.0.1"}
    page = visitor("omar").go(change.get_absolute_url())
    expect(page.get_by_role("button", name="Approve")).to_be_enabled()
    # Meanwhile its object moves on: the page that is open still does not know.
    approved(submitted(runtime_tool_document(tool.key, theirs), summary="Retry least"), "omar")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("rebase it")
    expect(page.get_by_role("heading", name="What came apart")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    page = visitor("amal").go(change.get_absolute_url())
    page.get_by_role("button", name="Rebase onto what stands").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a side")
    page.get_by_role("group", name="facets.retry.max_attempts").get_by_label("what stands").check()
    page.get_by_role("group", name="facets.version.number").get_by_label("what is proposed").check()
    page.get_by_role("button", name="Rebase onto what stands").click()
    expect(page.get_by_text("is made from the version that stands now")).to_be_visible()
    rebased = again(change)
    assert (rebased.base_version, rebased.document["facets"]["retry"]["max_attempts"]) == (2, 2)
    assert (rebased.document["description"], rebased.proposal_number) == ("Asks the CRM.", 2)
    page = visitor("omar").go(change.get_absolute_url())
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("applied as version 3")).to_be_visible()


def test_khalid_applies_in_an_emergency_after_signing_in_again_and_two_review_it(visitor: VisitorOf) -> None:
    khalid = user("khalid")
    khalid.set_password(PASSWORD)
    khalid.save()
    change = submitted(runtime_tool_document(), summary="Register the lookup")
    page = visitor("khalid").go(change.get_absolute_url())

    def emergency() -> None:
        page.get_by_text("Emergency", exact=True).click()
        page.get_by_label("Reason").fill("The CRM is down.")
        page.get_by_role("button", name="Apply in an emergency").click()

    # This session has not given the password of late.
    emergency()
    page.wait_for_url("**/sign-in/again/**")
    page.get_by_label("Password").fill("something else")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This is not your password")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{change.get_absolute_url()}")
    emergency()
    expect(page.get_by_text("two others must review it").first).to_be_visible()
    sweep.tick()
    assert Incident.objects.get().state == "open"
    for name in ("omar", "huda"):
        page = visitor(name).go("/approvals/")
        page.get_by_role("link", name="Register the lookup").first.click()
        page.get_by_role("button", name="I have reviewed it").click()
        expect(page.get_by_text("You reviewed")).to_be_visible()
    sweep.tick()
    assert Incident.objects.get().state == "resolved"
    assert again(change).reviewed_at is not None


def test_omar_signs_several_at_once_and_those_of_another_row_are_refused(visitor: VisitorOf) -> None:
    tools = [submitted(runtime_tool_document(f"tool-{number}"), summary=f"Tool {number}") for number in range(3)]
    own = submitted(runtime_tool_document("own-tool"), by="omar", summary="Of Omar")
    strict = {
        "facets.approval_policy_hook.approval_class": "A2",
        "facets.approval_policy_hook.reversibility_class": "R2",
    }
    other = submitted(runtime_tool_document("strict-tool", strict), summary="Strict")
    page = visitor("omar").go("/approvals/?tab=review")
    expect(page.get_by_label(f"Choose {own.human_id}")).to_have_count(0)
    for change in (*tools[:2], other):
        page.get_by_label(f"Choose {change.human_id}").check()
    page.get_by_label("Reason", exact=True).fill("Looked at each.")
    page.get_by_role("button", name="Approve those chosen").click()
    expect(page.get_by_text("under one policy row only")).to_be_visible()
    assert {again(change).state for change in tools} == {ChangeState.IN_REVIEW}
    for change in tools[:2]:
        page.get_by_label(f"Choose {change.human_id}").check()
    page.get_by_label("Reason", exact=True).fill("Looked at each.")
    page.get_by_role("button", name="Approve those chosen").click()
    expect(page.get_by_text("You signed 2 changes")).to_be_visible()
    assert [again(change).state for change in tools] == ["applied", "applied", "in_review"]
    assert again(own).state == ChangeState.IN_REVIEW
