"""The living style page in a real browser: labels, policy, width, clocks, keys. Needs no database."""

import json
import os
import threading
from collections.abc import Iterator
from itertools import product
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test.utils import override_settings
from django.urls import path
from django.utils import timezone
from django.views.i18n import set_language
from playwright.sync_api import Browser, Page, sync_playwright

from portal.web import words
from portal.web.navigation import RAIL
from portal.web.style_preview import sample

pytestmark = pytest.mark.browser


class Amal:
    """Signed in, without a database."""

    is_authenticated = True

    def get_full_name(self) -> str:
        return "Amal Al-Harbi"

    def get_username(self) -> str:
        return "amal"


def frame(request: HttpRequest, user: Any) -> dict[str, Any]:
    counters = {"approvals": 4, "incidents": 7, "v3": 1, "v2": 2}
    theme = request.COOKIES.get("theme", "auto")
    return {
        "user": user,
        "portal": {"mode": "test", "theme": theme, "counters": counters, "rail": RAIL, "now": timezone.now()},
    }


def style(request: HttpRequest) -> HttpResponse:
    return render(request, "style.html", {**sample(timezone.now()), **frame(request, Amal())})


def error(request: HttpRequest, code: str) -> HttpResponse:
    return render(request, f"errors/{code}.html", frame(request, AnonymousUser()))


urlpatterns = [
    path("", style, name="overview"),
    path("errors/<code>/", error),
    path("language/", set_language, name="set_language"),
    *(
        path(f"{name}/", style, name=name)
        for name in ("tools", "incidents", "search", "palette", "views", "settings", "set-theme", "sign-out")
    ),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    templates = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": ["templates"],
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ]
    middleware = [
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "csp.middleware.CSPMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ]
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=middleware, TEMPLATES=templates):
        server = make_server("127.0.0.1", 0, WSGIHandler(), server_class=Threaded, handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def opened(
    browser: Browser,
    address: str,
    *,
    language: str = "en",
    theme: str = "light",
    width: int = 1360,
    scripts: bool = True,
) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    context.add_cookies(
        [
            {"name": "language", "value": language, "url": address},
            {"name": "theme", "value": theme, "url": address},
        ]
    )
    page = context.new_page()
    page.add_init_script(
        "window.refused = [];"
        "document.addEventListener('securitypolicyviolation', event => refused.push(event.violatedDirective))"
    )
    return page


LOOKS = [
    *(("/", *look) for look in product(("en", "ar"), ("light", "dark"), (390, 1360))),
    ("/errors/404/", "en", "light", 390),
    ("/errors/404/", "ar", "dark", 1360),
]


@pytest.mark.parametrize(("where", "language", "theme", "width"), LOOKS)
def test_no_violation_of_labels_contrast_or_policy(
    browser: Browser, address: str, where: str, language: str, theme: str, width: int
) -> None:
    page = opened(browser, address, language=language, theme=theme, width=width)
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(address) else None)
    page.goto(address + where)
    found = Axe().run(page).response["violations"]
    assert found == [], json.dumps([(item["id"], [node["target"] for node in item["nodes"]]) for item in found])
    assert page.evaluate("refused") == []
    assert elsewhere == []
    assert page.get_attribute("html", "dir") == ("rtl" if language == "ar" else "ltr")
    page.context.close()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_is_wider_than_a_small_telephone(browser: Browser, address: str, language: str) -> None:
    page = opened(browser, address, language=language, width=320)
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


def test_the_script_counts_time_by_the_same_words_as_the_server(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    page.goto(address)
    spans = (30, 250, 1200, 5040, 183_600, -45, -5040)
    page.evaluate(
        """spans => spans.forEach(span => {
            const clock = document.createElement("time");
            clock.className = "probe";
            clock.dataset.deadline = Date.now() + span * 1000;
            document.getElementById("main").append(clock);
        })""",
        list(spans),
    )
    page.wait_for_timeout(1100)
    for span, shown in zip(spans, page.locator("time.probe").all_inner_texts(), strict=True):
        verb = "left" if span > 0 else "over"
        assert shown in {f"{words.span_words(span + step)} {verb}" for step in (-2, -1, 0, 1, 2)}
    page.context.close()


def test_an_english_page_loads_no_arabic_font_and_an_arabic_page_does(browser: Browser, address: str) -> None:
    loaded: list[str] = []
    page = opened(browser, address)
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(f"{address}/errors/404/")
    page.wait_for_load_state("networkidle")
    assert not [url for url in loaded if "arabic" in url]
    assert [url for url in loaded if "portal-sans-latin" in url]
    page.context.close()


def test_rows_are_walked_and_pages_reached_by_keys(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    page.goto(address)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("tr.is-current").get_attribute("data-href") == "#RT-002"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(f"{address}/tools/")
    page.context.close()


def test_keys_can_be_switched_off(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    page.goto(address)
    page.evaluate("document.documentElement.dataset.keys = 'off'; document.activeElement.blur()")
    page.keyboard.press("j")
    assert page.locator("tr.is-current").count() == 0
    page.context.close()


def test_a_live_block_renews_itself_and_shows_when_it_cannot(browser: Browser, address: str) -> None:
    page = opened(browser, address)
    page.goto(address)
    first = page.locator("#overview-tiles").get_attribute("data-now")
    with page.expect_response(lambda response: response.request.headers.get("hx-request") == "true"):
        page.evaluate("htmx.trigger('#overview-tiles', 'renew')")
    page.wait_for_timeout(300)
    assert page.locator("#overview-tiles").get_attribute("data-now") != first
    assert page.locator("#overview-tiles").count() == 1
    page.evaluate("document.getElementById('overview-tiles').seen = performance.now() - 46000")
    page.wait_for_timeout(1100)
    assert page.get_by_text("not updating").is_visible()
    page.context.close()


def test_without_scripts_the_page_still_shows_everything(browser: Browser, address: str) -> None:
    page = opened(browser, address, scripts=False)
    page.goto(address)
    assert page.get_by_role("heading", name="HubSpot CRM").first.is_visible()
    assert page.locator("button[name=_add]").is_visible()
    assert page.locator(".copy").first.is_hidden()
    page.context.close()
