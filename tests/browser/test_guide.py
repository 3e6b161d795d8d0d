"""The pictures of the guides (docs/guide/), made of the portal as it is. GUIDE=1 writes them there."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import Visitor
from tests.browser.everything import every_page

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
PLACE = GUIDE if os.environ.get("GUIDE") else ROOT / "test-artifacts" / "guide"
# (name of the picture, who looks, the page by the name of its URL and a part of its address, language, words for the palette).
PICTURES = [
    ("overview", "omar", "overview", "", "en", ""),
    ("register", "amal", "register", "", "en", ""),
    ("form", "amal", "change-edit", "check=1", "en", ""),
    ("approvals", "omar", "approvals", "", "en", ""),
    ("review", "omar", "change", "tab=diff", "en", ""),
    ("tool", "amal", "entry", "tools/crm-lookup/?tab=", "en", ""),
    ("drift", "amal", "entry", "odd-tool/?tab=tools", "en", ""),
    ("sla", "yusuf", "sla", "", "en", ""),
    ("incidents", "yusuf", "incidents", "", "en", ""),
    ("incident", "yusuf", "incident", "", "en", ""),
    ("release", "amal", "entry", "/releases/r-2026.12/", "en", ""),
    ("palette", "amal", "tools", "", "en", "crm"),
    ("arabic", "omar", "overview", "", "ar", ""),
    ("routes", "adam", "routes", "", "en", ""),
    ("deliveries", "adam", "deliveries", "", "en", ""),
]


def test_the_guides_show_the_portal_as_it_is(committed: None, visitor: Callable[..., Visitor]) -> None:
    pages = every_page()
    for name, who, page, part, language, words in PICTURES:
        address = next(path for known, by, path in pages if known == page and by == who and part in path)
        window = visitor(who, language=language)
        shown = window.go(address)
        if words:
            shown.keyboard.press("Control+k")
            shown.keyboard.type(words)
            shown.locator("a[role=option] .kind").first.wait_for()
        shown.screenshot(path=PLACE / f"{name}.jpg", type="jpeg", quality=70)
        window.context.close()
        assert (PLACE / f"{name}.jpg").stat().st_size > 10_000


def test_every_picture_of_the_guides_is_made_here() -> None:
    shown = {name for text in GUIDE.glob("*.md") for name in re.findall(r"\]\(([a-z]+)\.jpg\)", text.read_text())}
    assert shown == {name for name, *_rest in PICTURES}
    assert {one.stem for one in GUIDE.glob("*.jpg")} == shown
