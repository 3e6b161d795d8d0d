"""The look, held by rules: contrast, direction, policy, fonts, weight."""

import gzip
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from django.template import Context, Engine
from django.template.loader import get_template

from portal.web import marks, words

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "portal" / "web" / "static" / "portal"
TEMPLATES = ROOT / "templates"
SHEETS = sorted(STATIC.glob("*.css"))
SCRIPTS = sorted(STATIC.glob("*.js"))
PAGES = sorted(TEMPLATES.rglob("*.html"))
TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
TOKENS = {name: (light, dark) for name, light, dark in TOKEN.findall((STATIC / "tokens.css").read_text())}

GROUNDS = ("page", "surface", "sunken")
TEXT_PAIRS = [
    *((text, ground) for text in ("text", "text2", "text3", "accent-text") for ground in GROUNDS),
    ("accent-text", "accent-soft"),
    ("accent-on", "accent"),
    *((f"v{level}-text", f"v{level}-soft") for level in range(4)),
    *((f"v{level}-on", f"v{level}") for level in range(4)),
    *((f"{tone}-text", f"{tone}-soft") for tone in ("ok", "risk", "na", "tool", "sync")),
    *(("v3-text", ground) for ground in GROUNDS),
    *(("risk-text", ground) for ground in GROUNDS),
]
SHAPE_PAIRS = [
    *((shape, ground) for shape in ("control", "focus", "accent") for ground in ("page", "surface")),
    *((shape, ground) for shape in ("tool", "sync", "v3", "v2", "v0", "ok", "risk", "na") for ground in GROUNDS),
    *(("v1-edge", ground) for ground in GROUNDS),
    *((f"{tone}", f"{tone}-soft") for tone in ("ok", "risk", "na", "tool", "sync", "v3", "v2", "v0")),
    ("v1-edge", "v1-soft"),
]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb by WCAG 2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_formula_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_can_be_read_on_its_ground(text: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_shapes_and_borders_stand_out_from_their_ground(shape: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[shape][theme], TOKENS[ground][theme]) >= 3


def test_colours_are_named_in_the_token_file_only() -> None:
    for sheet in SHEETS:
        if sheet.name != "tokens.css":
            found = re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])", sheet.read_text())
            assert set(found) <= {"#000000"}, f"{sheet.name}: {found}"


PHYSICAL = re.compile(
    r"(?<![\w-])(left|right|top|bottom|(?:margin|padding|border|inset)-(?:left|right|top|bottom)[\w-]*"
    r"|width|height|(?:min|max)-(?:width|height))\s*:|(?:float|clear|text-align)\s*:\s*(?:left|right)"
)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_style_sheets_know_no_left_and_no_right(sheet: Path) -> None:
    assert PHYSICAL.findall(sheet.read_text()) == []


@pytest.mark.parametrize("rule", ["margin-left: 1px", "left: 0", "text-align: right", "max-width: 3rem"])
def test_the_direction_rule_would_notice(rule: str) -> None:
    assert PHYSICAL.search(f".a {{ {rule}; }}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TEMPLATES)))
def test_templates_hold_no_inline_style_or_script(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert not re.search(r"<style|javascript:|hx-on|<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TEMPLATES)))
def test_every_template_compiles_and_says_what_it_takes(page: Path) -> None:
    name = str(page.relative_to(TEMPLATES))
    get_template(name)
    if name.startswith("parts/"):
        assert "Context:" in page.read_text() or "Made by" in page.read_text() or "Inner part" in page.read_text()


@pytest.mark.urls("tests.web.test_ui_tags")
@pytest.mark.parametrize("code", ["400", "403", "404", "409", "500", "csrf"])
def test_error_pages_stand_without_any_context(code: str) -> None:
    page = Engine.get_default().get_template(f"errors/{code}.html").render(Context({}))
    assert "<h1>" in page
    assert "data-theme" not in page


def test_every_icon_that_is_named_is_drawn() -> None:
    drawn = set(re.findall(r'symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    named = {shape for page in PAGES for shape in re.findall(r'{% icon "([\w-]+)"', page.read_text())}
    badges = (*words.STATES.values(), *words.KINDS.values(), *words.GATES.values())
    named |= {badge.shape for badge in badges} | {level.lower() for level in words.SEVERITIES} | marks.DIRECTIONAL
    assert named <= drawn


FONTS = json.loads((STATIC / "fonts" / "fonts.json").read_text())


@pytest.mark.parametrize("font", FONTS["fonts"], ids=lambda font: font["file"])
def test_fonts_are_what_their_list_says(font: dict[str, str]) -> None:
    assert hashlib.sha256((STATIC / "fonts" / font["file"]).read_bytes()).hexdigest() == font["sha256"]
    assert font["version"]
    assert font["package"].startswith("npm @fontsource")
    assert font["recipe"] or font["sha256"] == font["source_sha256"]


def test_no_font_is_unlisted_and_the_licence_is_beside_them() -> None:
    listed = {font["file"] for font in FONTS["fonts"]}
    assert {path.name for path in (STATIC / "fonts").glob("*.woff*")} == listed
    assert "SIL Open Font License" in (STATIC / "fonts" / FONTS["licence_file"]).read_text()


def weight(path: Path) -> int:
    """Bytes on the wire: fonts are packed already, the rest travels gzipped."""
    data = path.read_bytes()
    return len(data) if path.suffix == ".woff2" else len(gzip.compress(data, 9))


def test_a_first_visit_leaves_room_for_its_page() -> None:
    htmx = Path(str(files("django_htmx"))) / "static" / "django_htmx" / "htmx-2.min.js"
    shared = [*SHEETS, *SCRIPTS, STATIC / "icons.svg", STATIC / "favicon.svg", htmx]
    english = sum(map(weight, [*shared, *(STATIC / "fonts").glob("portal-*.woff2")]))
    arabic = english + sum(map(weight, (STATIC / "fonts").glob("*arabic*.woff2")))
    assert english <= 78_000
    assert arabic <= 168_000


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script_stays_small_and_never_evaluates_text(file: Path) -> None:
    script = file.read_text()
    assert len(script.encode()) <= 6 * 1024
    assert not re.search(r"\beval\b|new Function|innerHTML|document\.write", script)
