"""Every page in every look: labels and contrast, content policy, no third party, no sideways scrolling; and what each costs."""

import gzip
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.browser.conftest import Visitor
from tests.browser.everything import Asked, every_page

pytestmark = pytest.mark.browser
# What answers to a button, not to an address; not drawn by this portal; or answers a fragment.
NO_PAGES = {"sign-out", "set-theme", "set-keys", "set_language", "entry-check", "entry-restore", "healthz", "readyz",
            "backfill-work", "release-promote", "release-ask", "release-matrix", "release-written", "tool-probe",
            "tool-repin", "syncs-pause", "hook-task", "hook-beat", "hook-beat-done", "hook-beat-failed",
            "chosen-owner", "chosen-export", "tools-probe", "palette"}  # fmt: skip
NOT_OURS = ("api/v1/",)
# So many tests share the pages of a look, each of a few minutes at most.
PARTS = 4
# Each language, theme and width every time; the other pairs of them under chaos.
LOOKS = [
    ("en", "light", 1360),
    ("ar", "dark", 390),
    pytest.param("en", "dark", 390, marks=pytest.mark.chaos),
    pytest.param("ar", "light", 1360, marks=pytest.mark.chaos),
]
NARROW = 320
RUN = {"resultTypes": ["violations"]}
MOST_QUERIES = 25
MOST_BYTES = 40 * 1024
PICTURES = Path(__file__).resolve().parents[2] / "test-artifacts" / "pages"


@pytest.fixture
def pages(committed: None) -> list[Asked]:
    """Every page, with something on each."""
    return every_page()


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """The names of every address of the portal's own pages."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if str(pattern.pattern) not in NOT_OURS:
                yield from names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def nested(html: str) -> bool:
    """Whether a form stands within a form: browsers end the outer one there, and what comes after is never sent."""
    inside = 0
    for tag in re.findall(r"<(/?)form\b", html):
        inside += -1 if tag else 1
        if inside > 1:
            return True
    return False


def test_no_page_is_forgotten_here_and_each_keeps_its_budget(
    pages: list[Asked], client_of: Callable[[str], Client]
) -> None:
    assert set(names(get_resolver().url_patterns)) - NO_PAGES == {name for name, _who, _path in pages}
    over: list[str] = []
    for _name, who, path in pages:
        client = client_of(who) if who else Client()
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        weight = len(gzip.compress(answer.content, compresslevel=6))
        if len(asked) > MOST_QUERIES or weight > MOST_BYTES:
            over.append(f"{path} ({who}): {len(asked)} queries, {weight} bytes")
        if nested(answer.content.decode()):
            over.append(f"{path} ({who}): a form within a form")
    assert over == [], "\n".join(over)


def picture(visitor: Visitor, look: str, path: str, who: str) -> None:
    """Keep how it looks, for people to look at: test-artifacts/pages/LOOK/."""
    name = "".join(sign if sign.isalnum() else "_" for sign in path.strip("/"))[:100] or "overview"
    visitor.page.screenshot(
        path=PICTURES / look / f"{name}-{who or 'nobody'}.jpg", type="jpeg", quality=60, full_page=True
    )


def wrongs(visitor: Visitor, path: str, width: int, look: str, who: str) -> Iterator[str]:
    """What is wrong with a page at this width, and whether it fits a small telephone."""
    visitor.page.set_viewport_size({"width": width, "height": 900})
    page = visitor.go(path)
    if not os.environ.get("NO_PICTURES"):
        picture(visitor, look, path, who)
    for found in Axe().run(page, options=RUN).response["violations"]:
        yield f"{found['id']} at {[node['target'] for node in found['nodes']][:4]}"
    page.set_viewport_size({"width": NARROW, "height": 900})
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > NARROW:
        yield f"{wide} px wide in a window of {NARROW}"
    yield from (f"refused by policy: {what}" for what in page.evaluate("refused"))
    yield from (f"asked elsewhere: {what}" for what in visitor.elsewhere)
    visitor.elsewhere.clear()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_every_page_is_sound(
    visitor: Callable[..., Visitor], pages: list[Asked], language: str, theme: str, width: int, part: int
) -> None:
    # The first is of amal, whose window tells the look.
    pages = [("overview", "amal", reverse("overview")), *pages[part::PARTS]]
    windows = {who: visitor(who, language=language, theme=theme) for who in {who for _name, who, _path in pages}}
    found = {
        f"{path} ({who})": list(wrongs(windows[who], path, width, f"{language}-{theme}-{width}", who))
        for _name, who, path in pages
    }
    html = windows["amal"].page.locator("html")
    assert html.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert html.get_attribute("data-theme") == theme
    assert {where: what for where, what in found.items() if what} == {}
