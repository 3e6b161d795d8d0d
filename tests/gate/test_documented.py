"""What docs/releases.md shows is what there is."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from severity.exceptions.judging import LONGEST
from severity.gate.answers import GateAnswer, GateReasonAnswer
from severity.gate.rules import WATCH_SECONDS
from severity.gate.services import KEPT_DAYS, REASONS
from severity.readiness import BY_PEOPLE, COMPUTED
from severity.table.rules import STALE_DAYS
from tests.gate.asking import run
from tests.people import machine, team
from tests.releases import world

TEXT = (Path(__file__).parents[2] / "docs" / "releases.md").read_text()


@pytest.mark.django_db
def test_the_call_of_ci_registers_a_candidate(api_of: Callable[..., APIClient]) -> None:
    team("crm-team")
    (shown,) = re.findall(r"-d '(\{.*?\})'\n", TEXT, re.DOTALL)
    body = json.loads(shown) | {"attestation": world.provenance()}
    made = api_of(machine("ci")).post("/api/v1/import/releases/", body, format="json")
    assert (made.status_code, made.json()["stage"]) == (201, "dev"), made.json()


def test_the_answer_that_is_shown_has_the_fields_of_the_gate() -> None:
    (shown,) = re.findall(r'^(\{"release".*?"digest": "…"\})$', TEXT, re.DOTALL | re.MULTILINE)
    answer = json.loads(shown)
    assert list(answer) == list(GateAnswer.__annotations__)
    assert list(answer["blocked_reasons"][0]) == list(GateReasonAnswer.__annotations__)


def test_every_option_of_the_script_is_told_and_no_other() -> None:
    section = TEXT.partition("## The script for CI")[2]
    told = set(re.findall(r"--[a-z][a-z-]*", section))
    assert told == set(re.findall(r"--[a-z][a-z-]*", run("--help").out))


def test_the_numbers_and_rows_that_are_told() -> None:
    for words in (
        f"older than {STALE_DAYS} days",
        f"not looked for {WATCH_SECONDS:g} seconds",
        f"at most {LONGEST.days} days ahead",
        f"**logged** for {KEPT_DAYS} days",
        f"its first {REASONS} reasons",
        f"| {', '.join(str(one.label) for one in COMPUTED)} | the portal",
        f"| {', '.join(str(one.label).lower() for one in BY_PEOPLE)} | people",
    ):
        assert words.lower() in TEXT.lower(), words
