"""What docs/allowlist.md tells is what there is."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from portal_allowlist.client import SKEW
from rest_framework.test import APIClient

from connectors.allowlist.bundle import TYPE
from connectors.allowlist.counting import KEPT
from connectors.allowlist.deciding import CallAnswer
from connectors.allowlist.reasons import REASONS, WARNINGS
from tests.connectors.allowlist.world import document, line, tool

TEXT = (Path(__file__).parents[3] / "docs" / "allowlist.md").read_text()


@pytest.mark.django_db
def test_the_call_that_is_shown_is_answered_as_it_is_shown(api_of: Callable[..., APIClient]) -> None:
    (sent,) = re.findall(r"-d '(\{.*?\})'\n", TEXT, re.DOTALL)
    (shown,) = re.findall(r'^(\{"allowed".*?"correlation_id": "…"\})$', TEXT, re.DOTALL | re.MULTILINE)
    tool(document(allowlist=[line("lookup_customer", environments=("dev",))]))
    answer = api_of("vera").post("/api/v1/allowlist/decide", json.loads(sent), format="json").json()
    told = json.loads(shown)
    assert list(answer) == list(told) == list(CallAnswer.__annotations__)
    assert list(answer["pin"]) == list(told["pin"])
    assert json.dumps(answer["reasons"]).replace("Crm Team", "CRM") == json.dumps(told["reasons"])


def test_every_reason_is_told_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", TEXT, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)} == set(REASONS)
    assert all(f"`{code}`" in TEXT for code in WARNINGS)


def test_the_numbers_that_are_told() -> None:
    for words in (
        f"{KEPT.days} days",
        f"{settings.ALLOWLIST_SECONDS // 60} minutes",
        f"by {SKEW:g} seconds",
        f"`{TYPE}`",
    ):
        assert words in TEXT, words
