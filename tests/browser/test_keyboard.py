"""Without a mouse, and without scripts: the palette, the way to what a page is for, and what works by forms alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from connectors.models import Connector
from portal.changes.models import ChangeRequest
from portal.saved.models import SavedView
from severity import sweep
from severity.models import Incident
from tests.browser.conftest import Visitor
from tests.documents import data_movement_document, runtime_tool_document
from tests.registering import apply_connector, submitted
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.browser
VisitorOf = Callable[..., Visitor]
MOST_STOPS = 15


@pytest.fixture
def filled(committed: None) -> tuple[Connector, ChangeRequest]:
    tool = apply_connector(runtime_tool_document())
    apply_connector(data_movement_document("crm-warehouse", {"name": "Crm warehouse"}))
    running(deadline=PASSED)
    sweep.tick()
    return tool, submitted(runtime_tool_document("waiting"), summary="Register the waiting one")


def test_the_palette_opens_is_asked_and_goes(visitor: VisitorOf, filled: tuple[Connector, ChangeRequest]) -> None:
    tool, change = filled
    page = visitor("amal").go("/incidents/")
    page.keyboard.press("Control+k")
    field = page.locator("#palette-words")
    expect(field).to_be_focused()
    # Without words it offers the pages.
    expect(page.get_by_role("option", name="SLA watch")).to_be_visible()
    page.keyboard.type("crm")
    expect(page.locator("a[role=option][href='/syncs/crm-warehouse/']")).to_be_visible()
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_contain_text("Crm Lookup")
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("Crm warehouse")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{tool.get_absolute_url()}")
    # An id names one thing, and Enter goes there.
    page.keyboard.press("Control+k")
    page.keyboard.type(change.human_id)
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{change.get_absolute_url()}")
    # Escape closes it, and the focus is back where it was.
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    # Enter before any answer has come asks the page of results, which jumps as well.
    page.route("**/palette/**", lambda route: route.abort())
    page.keyboard.press("Control+k")
    page.keyboard.type("crm-lookup")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{tool.get_absolute_url()}")


def stops_to(page: Page, name: str) -> int:
    """How many stops of the Tab key from the top of the page, over the skip link, to a link or button of this name."""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for stop in range(2, 60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText.trim()") == name:
            return stop
    raise AssertionError(f"{name} is not reached")


@pytest.mark.parametrize(
    ("who", "path", "name"),
    [
        ("amal", "/", "Register connector"),
        ("amal", "/tools/", "Register"),
        ("amal", "/syncs/", "Register"),
        ("amal", "/metrics/", "Register"),
        ("omar", "/approvals/", "Review next"),
        ("yusuf", "/incidents/", "Declare incident"),
        ("adam", "/settings/people/", "New account"),
        ("amal", "/tools/crm-lookup/", "Propose change"),
    ],
)
def test_the_keyboard_is_soon_at_what_a_page_is_for(
    visitor: VisitorOf, filled: tuple[Connector, ChangeRequest], who: str, path: str, name: str
) -> None:
    assert stops_to(visitor(who).go(path), name) < MOST_STOPS


def test_rows_are_walked_and_opened_by_keys(visitor: VisitorOf, filled: tuple[Connector, ChangeRequest]) -> None:
    page = visitor("amal").go("/tools/")
    page.keyboard.press("j")
    expect(page.locator("tr.is-current")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/tools/crm-lookup/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/incidents/")


def test_a_row_is_chosen_and_one_is_added_by_keys(visitor: VisitorOf, filled: tuple[Connector, ChangeRequest]) -> None:
    page = visitor("amal").go("/tools/")
    page.keyboard.press("x")
    expect(page.locator("[name=chosen]:checked")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[name=chosen]:checked")).to_have_count(1)
    page.keyboard.press("c")
    page.wait_for_url("**/tools/new/")
    # In a field it is a letter.
    page.get_by_label("Name", exact=True).first.press_sequentially("cancan")
    expect(page.get_by_label("Name", exact=True).first).to_have_value("cancan")


def test_changes_are_reviewed_one_after_the_other_by_keys(
    visitor: VisitorOf, filled: tuple[Connector, ChangeRequest]
) -> None:
    _tool, change = filled
    other = submitted(runtime_tool_document("later"), summary="Register the later one")
    page = visitor("omar").go("/approvals/")
    page.keyboard.press("n")
    page.wait_for_url(f"**{change.get_absolute_url()}")
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Reject")).to_be_focused()
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve")).to_be_focused()
    # The keys decide nothing.
    change.refresh_from_db()
    assert change.state == "in_review"
    page.keyboard.press("n")
    page.wait_for_url(f"**{other.get_absolute_url()}")


def test_without_scripts_everything_is_done_by_forms(
    visitor: VisitorOf, filled: tuple[Connector, ChangeRequest]
) -> None:
    _tool, change = filled
    amal = visitor("amal", scripts=False)
    page = amal.go("/tools/")
    page.get_by_label("Search", exact=True).fill("lookup")
    page.get_by_role("button", name="Filter").click()
    assert "q=lookup" in page.url
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("link", name="Owner shown: hide it").click()
    expect(page.get_by_role("columnheader", name="Owner")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="Name")).to_have_count(1)
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Save this view as").fill("Lookups")
    page.get_by_label("Pin it").check()
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Lookups")).to_be_visible()
    assert SavedView.objects.get().query.startswith("q=lookup")
    page.get_by_role("searchbox", name="Search or jump to").fill(change.human_id)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{change.get_absolute_url()}")
    page = visitor("omar", scripts=False).go(change.get_absolute_url())
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("applied as version 1")).to_be_visible()
    page = visitor("yusuf", scripts=False).go(Incident.objects.get().get_absolute_url())
    page.get_by_role("button", name="Acknowledge").first.click()
    assert Incident.objects.get().state == "acknowledged"
