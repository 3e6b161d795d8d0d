"""How tools that are seen stand to the pins."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.models import ToolState
from connectors.tools.comparing import Standing, compare, differences, pins_of
from connectors.tools.fingerprints import ASPECTS, UNREADABLE, Fingerprints, fingerprints
from tests.connectors.tools.world import LOOKUP, UPDATE, pin, tool

A, B = fingerprints(LOOKUP), fingerprints(UPDATE)
_DIGESTS = st.sampled_from(["1" * 64, "2" * 64])
_PRINTS = st.builds(Fingerprints, _DIGESTS, _DIGESTS, _DIGESTS, _DIGESTS) | st.just(UNREADABLE)
_PINS = st.builds(Fingerprints, _DIGESTS, *[_DIGESTS | st.just("")] * 3)
_NAMES = st.sampled_from(["a", "b", "c", "d"])


def test_nothing_seen_yet_says_nothing_of_the_tools() -> None:
    assert compare({"lookup": A}, None, {"lookup"}) == {"lookup": Standing(ToolState.UNSEEN)}


def test_every_way_to_stand() -> None:
    changed = fingerprints(tool(title="Other", annotations={}))
    assert compare(
        {"same": A, "changed": A, "gone": B}, {"same": A, "changed": changed, "new": A, "left": B}, {"left"}
    ) == {
        "same": Standing(ToolState.PINNED),
        "changed": Standing(ToolState.CHANGED, ("prose", "annotations")),
        "gone": Standing(ToolState.RENAMED, ("renamed",), "left"),
        "new": Standing(ToolState.NEW, ("added",)),
        "left": Standing(ToolState.UNPINNED),
    }
    assert compare({"gone": B}, {}, {"gone"}) == {"gone": Standing(ToolState.GONE, ("removed",))}


def test_a_renamed_tool_is_guessed_by_its_prose_and_schemas_or_by_its_schemas_alone_if_only_one_fits() -> None:
    twin = fingerprints(tool(description="Finds it."))
    assert compare({"old": A}, {"x": twin, "y": A}, ())["old"].renamed_to == "y"
    assert compare({"old": A}, {"x": twin}, ())["old"].renamed_to == "x"
    assert compare({"old": A}, {"x": twin, "z": twin}, ())["old"].state == ToolState.GONE
    assert compare({"one": A, "two": A}, {"x": A}, ())["two"].state == ToolState.GONE, "it became one of them only"


def test_an_aspect_that_was_not_pinned_is_not_compared() -> None:
    old = pins_of({"runtime_tool": {"tool_pins": [pin(LOOKUP, without=("output", "prose", "annotations"))]}})
    other = fingerprints(tool(description="Other", outputSchema={}, annotations={}))
    assert compare(old, {"lookup_customer": other}, ())["lookup_customer"].state == ToolState.PINNED
    assert compare(old, {"lookup_customer": UNREADABLE}, ())["lookup_customer"].differs == ("input",)


@given(st.dictionaries(_NAMES, _PINS), st.dictionaries(_NAMES, _PRINTS), st.sets(_NAMES))
def test_a_pinned_tool_may_be_called_only_if_it_is_seen_with_every_pinned_aspect(
    pins: Any, seen: Any, named: Any
) -> None:
    found = compare(pins, seen, named)
    assert set(found) == set(pins) | set(seen)
    for name, standing in found.items():
        as_approved = name in pins and name in seen and not differences(pins[name], seen[name])
        assert (standing.state == ToolState.PINNED) == as_approved
        assert standing.quarantined == (name in pins and not as_approved)
        if as_approved:
            assert all(getattr(pins[name], one) in ("", getattr(seen[name], one)) for one in ASPECTS)
    renamed = [one.renamed_to for one in found.values() if one.renamed_to]
    assert len(renamed) == len(set(renamed))
    assert all(name in seen and name not in pins for name in renamed)
