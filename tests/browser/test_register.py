"""Journey in a real browser: a runtime tool from a form at 8 of 9 facets to version 1."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from connectors.models import Connector
from portal.changes.models import ChangeRequest, ChangeState
from tests.browser.conftest import Visitor
from tests.documents import data_movement_document, runtime_tool_document, without
from tests.people import team, user
from tests.registering import EVIDENCE, proposed

pytestmark = pytest.mark.browser
VisitorOf = Callable[..., Visitor]
PASSWORD = "a long walk by the harbour"
NOTES = "Reads only; there is nothing to undo, and a call can be repeated at any time."


def test_amal_registers_a_tool_is_refused_at_eight_facets_and_omar_makes_it_version_1(visitor: VisitorOf) -> None:
    draft = proposed(without(runtime_tool_document(), "facets.rollback_notes"), summary="Register the lookup")
    amal = visitor("amal")
    page = amal.go(f"/changes/{draft.human_id}/edit/")
    expect(page.get_by_text("8 of 9 facets").first).to_be_visible()

    page.get_by_role("button", name="Submit for approval").click()
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("to put right")
    expect(refusal).to_be_focused()
    assert ChangeRequest.objects.get(pk=draft.pk).state == ChangeState.DRAFT

    refusal.get_by_role("link").first.click()
    page.get_by_role("textbox", name="Rollback notes").fill(NOTES)
    page.get_by_label("What changes and why").click()
    expect(page.get_by_text("9 of 9 facets").first).to_be_visible()
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_url(f"**{draft.get_absolute_url()}")
    sent = ChangeRequest.objects.get(pk=draft.pk)
    assert sent.state == ChangeState.IN_REVIEW
    assert sent.document["facets"]["rollback_notes"] == {"notes": NOTES}
    assert sent.document == runtime_tool_document()

    own = page.get_by_role("button", name="Approve")
    expect(own).to_be_disabled()
    reason = page.locator(f"#{own.get_attribute('aria-describedby')}")
    expect(reason).to_be_visible()
    expect(reason).to_contain_text("somebody else must sign it")

    omar = visitor("omar")
    page = omar.go("/approvals/")
    page.get_by_role("link", name="Register the lookup").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("applied as version 1")).to_be_visible()
    tool = Connector.objects.get(key="crm-lookup")
    assert (tool.state, tool.version) == ("active", 1)

    page = amal.go("/tools/")
    page.get_by_role("link", name="Crm Lookup").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Crm Lookup")
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_text("Version 1").first).to_be_visible()
    expect(amal.go("/syncs/").get_by_text("Crm Lookup")).to_have_count(0)
    assert amal.elsewhere == []


def test_amal_signs_in_and_fills_a_blank_form_by_its_labels(visitor: VisitorOf) -> None:
    team()
    amal = user("amal")
    amal.set_password(PASSWORD)
    amal.save()
    window = visitor("")
    page = window.go("/tools/new/")
    assert "/sign-in/" in page.url
    page.locator("input[name=username]").fill("amal")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/tools/new/")
    page.locator("[name=key]").fill("crm-search")
    page.locator("[name=name]").fill("CRM search")
    page.get_by_label("What changes and why").fill("Support looks customers up by name.")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/changes/CHG-*/edit/")
    draft = ChangeRequest.objects.get(key="crm-search")
    assert (draft.state, draft.author, draft.document["name"]) == (ChangeState.DRAFT, amal, "CRM search")
    assert draft.summary == "Support looks customers up by name."
    page = window.go(f"/changes/{draft.human_id}/edit/")
    expect(page.locator("[name=key]")).to_have_value("crm-search")
    expect(page.get_by_text("0 of 9 facets").first).to_be_visible()


def fill(page: Page, value: Any, path: str = "") -> None:
    """Put a document into the form as a person would: rows by their Add button, then every field."""
    if isinstance(value, dict) and page.locator(f"[name='{path}']").count() == 0:
        for name, inner in value.items():
            fill(page, inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and page.locator(f"[name='{path}']").count() == 0:
        for number, row in enumerate(value):
            page.locator(f"button[name=_add][value='{path}']").click()
            expect(page.locator(f"[name^='{path}.{number}']").first).to_be_visible()
            fill(page, row, f"{path}.{number}")
    else:
        field = page.locator(f"[name='{path}']:not([type=hidden])")
        if isinstance(value, bool):
            field.set_checked(value)
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(str(value))
        elif isinstance(value, dict):
            field.fill(json.dumps(value))
        else:
            field.fill("\n".join(value) if isinstance(value, list) else str(value))


@pytest.mark.parametrize(
    ("pages", "document"),
    [("tools", runtime_tool_document("crm-lookup")), ("syncs", data_movement_document("crm-warehouse"))],
    ids=["runtime tool", "data sync"],
)
def test_amal_fills_all_nine_facets_by_hand(visitor: VisitorOf, pages: str, document: dict[str, Any]) -> None:
    team()
    amal = visitor("amal")
    page = amal.go(f"/{pages}/new/")
    expect(page.get_by_text("0 of 9 facets").first).to_be_visible()
    fill(page, document)
    fill(page, EVIDENCE, "evidence")
    page.get_by_label("What changes and why").fill("Support needs it.")
    expect(page.get_by_text("9 of 9 facets").first).to_be_visible()
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_url("**/changes/CHG-*/")
    sent = ChangeRequest.objects.get(key=document["key"])
    assert sent.state == ChangeState.IN_REVIEW
    assert sent.document == document
    assert page.evaluate("window.refused") == []
