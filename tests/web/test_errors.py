"""Error pages hold when what they report is the database itself."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.servers.demo import ROOT

PROGRAM = """
import django
django.setup()
from django.test import Client
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "a" * 32
client.cookies["theme"] = "dark"
for path in ("/", "/tasks/", "/api/v1/tasks/"):
    answer = client.get(path, headers={"Accept": "text/html"})
    text = answer.content.decode()
    print(path, answer.status_code, answer["Content-Type"].split(";")[0],
          "Something broke on our side" in text, 'data-theme="dark"' in text, "Sign out" in text)
"""


def test_the_page_of_a_500_renders_while_the_database_cannot_be_reached(closed_port: int) -> None:
    environment = os.environ | {
        "PORTAL_MODE": "test",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{closed_port}/none",
    }
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.stdout.splitlines() == [
        "/ 500 text/html True True False",
        "/tasks/ 500 text/html True True False",
        "/api/v1/tasks/ 500 application/problem+json False False False",
    ], told.stderr[-3000:]


@pytest.mark.django_db
def test_a_missing_page_says_so_once(client_of) -> None:  # type: ignore[no-untyped-def]
    page = client_of("amal").get("/nowhere/")
    assert page.status_code == 404
    assert page.content.decode().count("There is nothing at this address") == 2, "in its title and as its heading"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/events/a%00b/", "/changes/?q=%00", "/api/v1/event-families/a%00b/", "/%00"])
def test_an_address_with_a_nul_character_is_refused_and_no_error_of_ours(client_of: Any, address: str) -> None:
    answer = client_of("vera").get(address)
    assert answer.status_code == 400
    assert b"NUL" in answer.content
