"""The gate speaks the language of whoever asks; what is frozen is English, whoever promotes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import escape

from severity.gate.answers import digest_of, matrix_answer
from severity.gate.services import evaluate
from severity.models import Promotion
from severity.rules import Level
from tests.releases import world

pytestmark = pytest.mark.django_db
ENGLISH = re.compile(r"\b(is|the|by|of|has|not|no|nobody|whoever)\b", re.IGNORECASE)


def sentences(to: str = "prod") -> list[str]:
    """All that the gate says now, without what people wrote."""
    found = evaluate("r-2026.12", to)
    said = [text for one in (*found.blocked, *found.warnings) for text in (one.what, one.who)]
    return [re.sub(r"r-2026\.12|CRM team|Crm Team|crm-team", "", text) for text in [*said, found.note]]


def test_nothing_that_the_gate_itself_says_is_left_in_english() -> None:
    world.release()
    world.trouble(Level.V3)
    world.trouble(Level.V2, key="trouble:2")
    world.trouble(Level.V1, key="trouble:3")
    with translation.override("ar"):
        found = sentences()
    assert len(found) > 20
    assert [text for text in found if not re.search(r"[\u0600-\u06ff]", text)] == []
    assert [text for text in found if ENGLISH.search(text.partition(": ")[0])] == []


def test_the_page_says_of_each_reason_who_can_lift_it(client_of: Callable[[str], Client]) -> None:
    world.release()
    page = client_of("amal").get("/releases/r-2026.12/").content.decode()
    listed = page.partition('<ul class="plain-list">')[2].partition("</ul>")[0]
    first = evaluate("r-2026.12", "staging").blocked[:6]
    assert listed.count("<li>") == len(first)
    assert all(escape(one.who) in listed for one in first)


def test_what_is_frozen_is_english_whoever_promotes() -> None:
    world.well()
    with translation.override("ar"):
        world.promoted(to="staging")
        here: Any = matrix_answer(evaluate("r-2026.12", "canary"))
    kept = Promotion.objects.latest("id")
    assert "signed by a key" in str(kept.matrix["rows"])
    assert not re.search(r"[\u0600-\u06ff]", str(kept.matrix))
    assert digest_of(kept.matrix) == kept.digest
    assert re.search(r"[\u0600-\u06ff]", str(here))
