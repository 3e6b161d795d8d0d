"""Decisions as files: MADR 4 and adr-tools, read and written; what is written and read again is the same decision."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.decisions import adr
from metrics.decisions.documents import DecisionSerializer
from tests.metrics.deciding import decision_document

MADR = """\
---
# These are optional elements. Feel free to remove any of them.
status: "superseded by ADR-0012"
date: 2026-01-31
decision-makers: {Huda Saleh, Omar}
consulted: [Legal]
informed: everyone, the board
decides:
  lineage: openlineage
supersedes: [ADR-0001, 4]
tags: lineage
---

# Use OpenLineage for lineage events

## Context and Problem Statement

Where?

---

Status: this line is text.
"""
ADR_TOOLS = """\
# 9. Keep events in one schema registry

Date: 2016-02-12

## Status

Superceded by [12. Another way](0012-another-way.md)

Supercedes [1. Record architecture decisions](0001-record-architecture-decisions.md)

Amends [2. Something](0002-something.md)

## Context

We need to record the decisions.

## Status

Not this one.
"""


def test_a_file_of_madr_4() -> None:
    one = adr.read("0005-use-openlineage.md", MADR.encode())
    assert one.document == {
        "key": "adr-0005",
        "name": "Use OpenLineage for lineage events",
        "date": "2026-01-31",
        "deciders": ["Huda Saleh", "Omar"],
        "consulted": ["Legal"],
        "informed": ["everyone", "the board"],
        "decides": [{"topic": "lineage", "choice": "openlineage"}],
        "supersedes": ["adr-0001", "adr-0004"],
        "text": "## Context and Problem Statement\n\nWhere?\n\n---\n\nStatus: this line is text.\n",
    }
    assert (one.status, one.superseded_by, one.left, one.line) == (
        "superseded", "adr-0012", ["front matter “tags”"], 14,
    )  # fmt: skip


def test_a_file_of_adr_tools() -> None:
    one = adr.read("0009-keep-events.md", ADR_TOOLS.encode())
    assert one.document == {
        "key": "adr-0009",
        "name": "Keep events in one schema registry",
        "date": "2016-02-12",
        "decides": [],
        "supersedes": ["adr-0001"],
        "text": "## Context\n\nWe need to record the decisions.\n\n## Status\n\nNot this one.\n",
    }
    assert (one.status, one.superseded_by) == ("superseded", "adr-0012")
    assert one.left == ["status line “Amends [2. Something](0002-something.md)”"]


@pytest.mark.parametrize(
    ("name", "title", "key", "words"),
    [
        ("0003-a.md", "# A", "adr-0003", "A"), ("0003-a.md", "# 3. A", "adr-0003", "A"),
        ("0003-a.md", "# ADR-0003: A", "adr-0003", "A"), ("a.md", "# ADR 7: A", "adr-0007", "A"),
        ("0003-a.md", "# 10. A", "adr-0003", "10. A"), ("adr-3 a.md", "# A", "adr-0003", "A"),
        ("0000-a.md", "# C#", "adr-0000", "C#"),
    ],
)  # fmt: skip
def test_numbers_stand_in_names_or_titles(name: str, title: str, key: str, words: str) -> None:
    document = adr.read(name, f"{title}\n\nText.\n".encode()).document
    assert (document["key"], document["name"]) == (key, words)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("status: accepted", "accepted"), ("status: Accepted", "accepted"), ("status: rejected", "rejected"),
        ("status: deprecated", "deprecated"), ('status: "{proposed | rejected}"', "proposed"), ("date: 2026-01-31", "proposed"),
        ("status: superseded by [ADR-0005](0005-example.md)", "superseded"), ("status: 1", "proposed"),
    ],
)  # fmt: skip
def test_only_what_says_so_is_accepted(text: str, status: str) -> None:
    assert adr.read("0001-a.md", f"---\n{text}\n---\n# A\n".encode()).status == status


@pytest.mark.parametrize(
    ("name", "raw", "line", "words"),
    [
        ("0001-a.md", b"", 1, "no title"), ("0001-a.md", b"\n\nText first.\n\n# A\n", 3, "no title"),
        ("a.md", b"# A\n", 1, "no number"), ("0001-a.md", b"# \xff\n", 1, "UTF-8"),
        ("0001-a.md", b"---\nstatus: accepted\n# A\n", 1, "no end"),
        ("0001-a.md", b"---\nstatus: [\n---\n# A\n", 3, "no YAML"),
        ("0001-a.md", b"---\n- a\n---\n# A\n", 1, "names and values"),
        ("0001-a.md", b"---\na: &a [x]\nb: *a\n---\n# A\n", 1, "alias"),
        ("0001-a.md", b"---\ndate: [x]\n---\n# A\n", 1, "one value"),
        ("0001-a.md", b"---\ndecides: lineage\n---\n# A\n", 1, "decides"),
        ("0001-a.md", b"---\nsupersedes: [x]\n---\n# A\n", 1, "no number"),
        ("0001-a.md", b"---\n" + b"[" * 5000 + b"\n---\n# A\n", 1, "no YAML"),
        ("0001-a.md", b"# A\n" + b"x" * 300_000, 1, "larger"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_line(name: str, raw: bytes, line: int, words: str) -> None:
    with pytest.raises(adr.Unreadable, match=words) as caught:
        adr.read(name, raw)
    assert words == "no YAML" or caught.value.line == line


line_of_words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=60).filter(
    lambda text: text == text.strip() and text
)
names = st.lists(line_of_words, max_size=3)
documents = st.builds(
    lambda **more: decision_document(1) | more,
    key=st.integers(0, 99_999).map(lambda number: f"adr-{number:04d}"),
    name=line_of_words, deciders=st.lists(line_of_words, min_size=1, max_size=3), consulted=names, informed=names,
    description=st.one_of(st.just(""), line_of_words), description_ar=st.one_of(st.just(""), line_of_words),
    name_ar=st.one_of(st.just(""), line_of_words),
    decides=st.lists(
        st.sampled_from(["lineage", "queue", "on", "null", "1"]).map(lambda word: {"topic": f"t{word}", "choice": word}),
        max_size=3, unique_by=lambda one: one["topic"]),
    supersedes=st.lists(st.sampled_from(["adr-100000", "adr-100001"]), max_size=2, unique=True),
    text=st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=200),
)  # fmt: skip


def clean(document: dict[str, Any]) -> dict[str, Any]:
    serializer = DecisionSerializer(data=document)
    assume(serializer.is_valid())
    found: dict[str, Any] = serializer.to_representation(serializer.validated_data)
    return found


@given(documents, st.sampled_from(adr.FORMATS), st.booleans())
def test_written_and_read_again_is_the_same(document: dict[str, Any], form: str, over: bool) -> None:
    document = clean(document)
    others = {key: decision_document(number) | {"key": key} for number, key in enumerate(["adr-100000", "adr-100001"])}
    # A title that begins with its own number, as people write it, is that number and a title.
    assume(not adr._NUMBERED_TITLE.match(document["name"]))
    newer = "adr-100000" if over else None
    text = adr.write(document, form, newer, others)
    one = adr.read(adr.file_name(document), text.encode())
    lost = {name: document[name] for name in adr.lost(document, form)}
    empty = {"consulted": [], "informed": [], "description": "", "description_ar": ""}
    assert clean(empty | lost | {"owner": "crm-team", "decides": []} | one.document | lost) == document
    assert (one.status, one.superseded_by, one.left) == ("superseded" if over else "accepted", newer, [])
    assert adr.write(clean(empty | one.document | lost | {"owner": document["owner"]}), form, newer, others) == text
