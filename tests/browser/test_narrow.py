"""On a telephone: a row is a card that names its columns, filters are folded, and what is current is in sight."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from severity import sweep
from tests.browser.conftest import Visitor
from tests.documents import runtime_tool_document
from tests.registering import apply_connector, submitted
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.browser
VisitorOf = Callable[..., Visitor]
WIDTH = 390
_LABEL = "node => getComputedStyle(node, '::before').content"


@pytest.fixture
def slipped(committed: None) -> None:
    apply_connector(runtime_tool_document())
    running(deadline=PASSED)
    sweep.tick()


def is_in_sight(node: Locator) -> bool:
    """Whether it lies between the sides of the window."""
    box = node.bounding_box()
    assert box is not None
    return box["x"] >= 0 and box["x"] + box["width"] <= WIDTH


@pytest.mark.usefixtures("slipped")
@pytest.mark.parametrize(("language", "severity"), [("en", "Severity"), ("ar", "الخطورة")])
def test_a_row_is_a_card_that_names_its_columns(visitor: VisitorOf, language: str, severity: str) -> None:
    page = visitor("amal", language=language, width=WIDTH).go("/incidents/")
    row = page.get_by_role("row").filter(has=page.locator("th[scope=row]"))
    cells = row.get_by_role("cell")
    assert all(is_in_sight(cell) for cell in cells.all() if cell.is_visible())
    assert cells.nth(0).evaluate(_LABEL) == f'"{severity}"'
    expect(row.get_by_role("rowheader")).to_be_visible()
    # What it is sorted by can be chosen still.
    assert is_in_sight(page.locator("thead .sort").first)
    # A wider window has the table again.
    page.set_viewport_size({"width": 1000, "height": 900})
    assert cells.nth(0).evaluate(_LABEL) == "none"


@pytest.mark.usefixtures("slipped")
def test_filters_are_folded_until_they_are_asked_for_or_in_force(visitor: VisitorOf) -> None:
    page = visitor("amal", width=WIDTH).go("/incidents/")
    button, field = page.get_by_role("button", name="Filters"), page.get_by_role("group", name="Severity")
    expect(field).to_be_hidden()
    button.click()
    expect(field).to_be_visible()
    assert button.get_attribute("aria-expanded") == "true"
    # A telephone is turned and turned back: one press still does one thing.
    for width in (WIDTH, 1000, WIDTH):
        page.set_viewport_size({"width": width, "height": 900})
    expect(field).to_be_hidden()
    button.click()
    expect(field).to_be_visible()
    button.click()
    expect(field).to_be_hidden()
    page.goto(f"{page.url}?severity=V3")
    expect(field).to_be_visible()
    page.set_viewport_size({"width": 1000, "height": 900})
    expect(button).to_be_hidden()


@pytest.mark.usefixtures("slipped")
def test_what_is_current_is_in_sight(visitor: VisitorOf) -> None:
    page = visitor("amal", width=WIDTH).go("/tools/crm-lookup/?tab=activity")
    assert is_in_sight(page.locator(".rail [aria-current]"))
    assert is_in_sight(page.locator(".tabs [aria-current]"))


def test_what_a_change_does_stands_beside_its_approval(visitor: VisitorOf) -> None:
    apply_connector(runtime_tool_document())
    told = "Looks a customer up by their number, and tells nothing else. " * 3
    change = submitted(runtime_tool_document("crm-lookup", {"description": told}))
    page = visitor("omar", width=WIDTH).go(change.get_absolute_url())
    after = page.locator("ins", has_text="Looks a customer up by their number").first
    assert is_in_sight(after)
    assert is_in_sight(page.get_by_role("button", name="Approve"))


@pytest.mark.usefixtures("slipped")
def test_without_scripts_it_is_a_table_that_scrolls(visitor: VisitorOf) -> None:
    page = visitor("amal", width=WIDTH, scripts=False).go("/incidents/")
    expect(page.get_by_role("button", name="Filters")).to_be_hidden()
    expect(page.get_by_role("group", name="Severity")).to_be_visible()
    box = page.locator(".scroller").first
    assert box.evaluate("node => node.scrollWidth > node.clientWidth")
