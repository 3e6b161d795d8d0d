"""A real Chromium before a live portal, and people who use it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.people import user

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000
WATCH = (
    "window.refused = [];"
    "document.addEventListener('securitypolicyviolation', event =>"
    " refused.push(event.violatedDirective + ' ' + event.blockedURI))"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module; not for the run, as its API keeps an event loop on this thread.

    Django takes what runs under that loop for asynchronous code, and gives it connections of its own: those of
    outside are closed before, and those of inside after, or the test database could not be dropped.
    """
    connections.close_all()
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=SWITCHES
        )
        yield browser
        browser.close()
        connections.close_all()


@dataclass
class Visitor:
    """Somebody's browser window before the portal."""

    context: BrowserContext
    page: Page
    address: str
    elsewhere: list[str] = field(default_factory=list)

    def watch(self, request: Request) -> None:
        """Note every request that leaves the portal."""
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def go(self, path: str) -> Page:
        """Open a page of the portal; it must answer 200."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status == 200, f"{path} answered {answer.status}"
        return self.page


@pytest.fixture
def visitor(committed: None, served: LiveServer, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visitor("amal", language="ar", theme="dark", width=390)`: a window in which amal is signed in; "" is nobody."""
    contexts: list[BrowserContext] = []

    def make(
        name: str, *, language: str = "en", theme: str = "light", width: int = 1360, scripts: bool = True
    ) -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, service_workers="block", java_script_enabled=scripts
        )
        contexts.append(context)
        cookies = {"language": language, "theme": theme}
        if name:
            client = Client()
            client.force_login(user(name))
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        for key, value in cookies.items():
            context.add_cookies([{"name": key, "value": value, "url": served.url}])
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.add_init_script(WATCH)
        made = Visitor(context, page, served.url)
        context.on("request", made.watch)
        return made

    yield make
    for context in contexts:
        context.close()
