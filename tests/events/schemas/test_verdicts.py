"""Verdicts over every keyword: never compatible when an event shows otherwise, and decided where it matters."""

from typing import Any

import jsonschema
import pytest

from events.schemas.containment import Answer, Shown, covers
from events.schemas.walking import DRAFT_07, DRAFT_2020
from tests.events.schemas.ladders import SAME, pairs, placed

PAIRS = pairs()


def accepts(schema: dict[str, Any], event: Any) -> bool:
    """The second opinion: another validator, written by other people."""
    chosen = jsonschema.Draft7Validator if schema["$schema"] == DRAFT_07 else jsonschema.Draft202012Validator
    return bool(chosen(schema).is_valid(event))


def sound(shown: Shown, wider: dict[str, Any], narrower: dict[str, Any]) -> None:
    if shown.event is not None:
        assert shown.answer is Answer.NO
        assert accepts(narrower, shown.event), shown.event
        assert not accepts(wider, shown.event), shown.event


def test_there_are_cases_enough() -> None:
    assert 2 * len(PAIRS) > 600
    assert len({label for label, _wider, _narrower in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize(("label", "wider", "narrower"), PAIRS, ids=[one[0] for one in PAIRS])
def test_a_step_of_a_ladder(label: str, wider: dict[str, Any], narrower: dict[str, Any]) -> None:
    down = covers(narrower, wider)
    assert down.answer is not Answer.YES, "never compatible when it is not"
    sound(down, narrower, wider)
    up = covers(wider, narrower)
    assert up.answer is not Answer.NO, up
    assert up.event is None


def test_nearly_all_steps_are_decided_and_shown_by_an_event() -> None:
    down = [covers(narrower, wider) for _label, wider, narrower in PAIRS]
    up = [covers(wider, narrower) for _label, wider, narrower in PAIRS]
    undecided = [label for (label, _w, _n), shown in zip(PAIRS, up, strict=True) if shown.answer is not Answer.YES]
    unshown = [label for (label, _w, _n), shown in zip(PAIRS, down, strict=True) if shown.event is None]
    assert len(undecided) <= 0.05 * len(PAIRS), undecided
    assert len(unshown) <= 0.02 * len(PAIRS), unshown


@pytest.mark.parametrize("name", SAME)
def test_the_same_in_other_words_is_compatible_both_ways(name: str) -> None:
    dialects, one, other = SAME[name]
    for dialect in dialects:
        first, second = placed(dialect, one, "field"), placed(dialect, other, "field")
        assert (covers(first, second).answer, covers(second, first).answer) == (Answer.YES, Answer.YES), dialect


def test_the_dialects_differ_where_they_differ() -> None:
    for dialect, closed in ((DRAFT_2020, {"prefixItems": [{"type": "string"}], "items": False}),
                            (DRAFT_07, {"items": [{"type": "string"}], "additionalItems": False})):  # fmt: skip
        wide, narrow = placed(dialect, {"type": "array"}, "field"), placed(dialect, {"type": "array"} | closed, "field")
        assert covers(wide, narrow).answer is Answer.YES
        shown = covers(narrow, wide)
        assert shown.answer is Answer.NO
        sound(shown, narrow, wide)
