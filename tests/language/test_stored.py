"""What the portal wrote and keeps in English is read in the language of the page."""

import re
import time
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils.translation import override

import severity
from connectors.backfills import wording
from metrics.quality.wording import TOLD
from portal.language.stored import Sayings
from severity import watching
from severity.rules import PART_SILENT, RULES
from severity.wording import told_words


def test_it_is_english_for_those_who_read_english() -> None:
    assert wording.LOG.words("Paused: It is noon.") == "Paused: It is noon."


@pytest.mark.parametrize(
    ("kept", "begins", "keeps"),
    [
        (wording.PAUSED % {"why": "It is noon. Go on."}, "أُوقفت مؤقتًا: ", "It is noon. Go on."),
        (
            wording.TAKEN % {"number": 4, "worker": "w-1", "attempt": 2} + " " + wording.LEASE_OVER % {"worker": "w-0"},
            "الجزء",
            "w-0",
        ),
        (wording.FAILED % {"number": 2, "worker": "w-1", "note": ""}, "الجزء", "w-1"),
        ("What somebody typed.", "What somebody typed.", ""),
        ("", "", ""),
    ],
)
def test_lines_of_backfills(kept: str, begins: str, keeps: str) -> None:
    with override("ar"):
        words = wording.LOG.words(kept)
    assert keeps in words
    assert "was over" not in words
    assert "failed" not in words
    assert begins in words[: len(begins) + 12]


def test_several_sentences_follow_one_another() -> None:
    kept = "2 of 9 checks did not hold: not_null (a, b), unique and 3 more. Not every check that ran is told."
    with override("ar"):
        words = TOLD.words(kept)
        assert "not_null (a, b), unique and 3 more" in words
        assert "checks" not in words
        assert told_words(f"{PART_SILENT.told} beat: expected every 5 s, silent for 61 s.").count("expected") == 0
        # What people wrote after what the portal says stays as they wrote it.
        told = told_words("No sync succeeded within the freshness SLA. None has succeeded yet. Ask Lina.")
    assert told.endswith(" Ask Lina.")
    assert "succeeded" not in told


def test_what_every_rule_tells_is_read_in_arabic() -> None:
    with override("ar"):
        assert [rule.told for rule in RULES.values() if told_words(rule.told) == rule.told] == []
        assert told_words("contradicts: No payment.") == "يناقض: No payment."


def test_holes_take_what_looks_like_a_text_and_a_pattern() -> None:
    sayings = Sayings(("Paused: %(why)s", "Resumed."))
    with override("ar"):
        assert sayings.words("Paused: (.*) %s %(why)s \\1").endswith("\u2068(.*) %s %(why)s \\1\u2069")


def test_no_text_takes_long() -> None:
    # Everything but the last words of a text with four holes, over and over.
    hostile = "9 wait, the longest for 9 s, of x" * 3000
    started = time.process_time()
    with override("ar"):
        assert told_words(hostile) == hostile
    assert time.process_time() - started < 2


def test_every_whole_sentence_that_the_statements_write_is_read_in_arabic() -> None:
    places = [*Path(severity.__path__[0]).glob("*statements.py"), Path(watching.__file__)]
    # Quoted once: what is quoted three times is for readers of the code.
    quoted = re.compile(r"""(?<!['"])['"]\s?([A-Z][a-z]+ [^'"{}|]*\.)['"](?!['"])""")
    said = {one for place in places for one in quoted.findall(place.read_text())}
    assert len(said) > 15
    with override("ar"):
        assert [one for one in sorted(said) if told_words(one) == one] == []


def test_numbers_have_a_point_in_both_languages() -> None:
    page = Template("{{ number }} {{ number|floatformat:1 }}")
    for language in ("en", "ar"):
        with override(language):
            assert page.render(Context({"number": 478.29})) == "478.29 478.3"
