"""Three versions of one document, key by key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.changes.merging import ABSENT, CURRENT, PROPOSED, merged, three_way, unresolved

VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.text("abc", max_size=3)
NAMED = st.lists(
    st.fixed_dictionaries({"name": st.text("ab", min_size=1, max_size=2)}, optional={"value": VALUES}),
    max_size=3,
    unique_by=lambda row: row["name"],
)
DOCUMENTS = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), VALUES | NAMED | st.lists(VALUES, max_size=2), max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), VALUES | inner, max_size=4),
    max_leaves=6,
)


def parts(base: Any, current: Any, proposed: Any) -> list[tuple[str, bool, str]]:
    return [(part.path, part.conflict, part.side) for part in three_way(base, current, proposed)]


def test_a_key_that_one_side_changed_is_taken_from_that_side_without_being_asked() -> None:
    base = {"name": "CRM", "description": "Old", "facets": {"retry": {"max": 3}, "timeout": {"total": 30}}}
    current = {"name": "CRM", "description": "New", "facets": {"retry": {"max": 5}, "timeout": {"total": 30}}}
    proposed = {"name": "Customers", "description": "Old", "facets": {"retry": {"max": 3}, "timeout": {"total": 60}}}
    assert parts(base, current, proposed) == [
        ("name", False, PROPOSED),
        ("description", False, CURRENT),
        ("facets.retry.max", False, CURRENT),
        ("facets.timeout.total", False, PROPOSED),
    ]
    assert merged(base, current, proposed, {}) == {
        "name": "Customers",
        "description": "New",
        "facets": {"retry": {"max": 5}, "timeout": {"total": 60}},
    }


@pytest.mark.parametrize(("choice", "taken"), [(CURRENT, "B"), (PROPOSED, "C")])
def test_a_key_that_both_changed_differently_is_chosen(choice: str, taken: str) -> None:
    base, current, proposed = {"a": "A", "b": 1}, {"a": "B", "b": 1}, {"a": "C", "b": 2}
    found = three_way(base, current, proposed)
    assert unresolved(found, {}) == ["a"]
    assert unresolved(found, {"a": "both"}) == ["a"]
    assert unresolved(found, {"a": choice}) == []
    assert merged(base, current, proposed, {"a": choice}) == {"a": taken, "b": 2}


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    assert parts({"a": 1}, {"a": 2}, {"a": 2}) == [("a", False, PROPOSED)]
    assert merged({"a": 1}, {"a": 2}, {"a": 2}, {}) == {"a": 2}


def test_rows_with_names_are_compared_by_name() -> None:
    base = {"operations": [{"name": "read", "effect": "read"}, {"name": "drop", "effect": "write"}]}
    current = {"operations": [{"name": "read", "effect": "read", "note": "x"}, {"name": "drop", "effect": "write"}]}
    proposed = {"operations": [{"name": "new", "effect": "read"}, {"name": "read", "effect": "read"}]}
    assert parts(base, current, proposed) == [
        ("operations[read].note", False, CURRENT),
        ("operations[drop]", False, PROPOSED),
        ("operations[new]", False, PROPOSED),
    ]
    (rows,) = merged(base, current, proposed, {}).values()
    assert sorted(row["name"] for row in rows) == ["new", "read"]
    assert {"name": "read", "effect": "read", "note": "x"} in rows


def test_rows_of_agents_and_of_errors_have_names_too() -> None:
    for name in ("agent", "tool", "code"):
        sides = [{"rows": [{name: "one", "value": value}]} for value in (1, 2, 3)]
        assert parts(*sides) == [("rows[one].value", True, PROPOSED)]


def test_rows_without_one_name_are_compared_as_a_whole() -> None:
    twice = [{"name": "a"}, {"name": "a"}]
    assert parts({"l": twice}, {"l": [{"name": "a"}]}, {"l": []}) == [("l", True, PROPOSED)]
    assert parts({"l": [1, 2]}, {"l": [1, 2, 3]}, {"l": [0, 1, 2]}) == [("l", True, PROPOSED)]
    mixed = [{"name": "a"}, "b"]
    assert parts({"l": []}, {"l": mixed}, {"l": [{"name": "a"}]}) == [("l", True, PROPOSED)]


def test_a_key_that_is_absent_is_told_from_one_that_is_null() -> None:
    (part,) = three_way({"a": None}, {}, {"a": 1})
    assert (part.base, part.current, part.proposed, part.conflict) == (None, ABSENT, 1, True)
    assert merged({"a": None}, {}, {"a": 1}, {"a": CURRENT}) == {}
    assert merged({"a": None}, {}, {"a": None}, {}) == {}
    assert merged({}, {"a": None}, {}, {}) == {"a": None}


def test_removed_on_one_side_and_changed_on_the_other_is_a_conflict() -> None:
    base = {"rows": [{"name": "a", "v": 1}, {"name": "b", "v": 1}]}
    current = {"rows": [{"name": "b", "v": 1}]}
    proposed = {"rows": [{"name": "a", "v": 2}, {"name": "b", "v": 1}]}
    assert parts(base, current, proposed) == [("rows[a]", True, PROPOSED)]
    assert merged(base, current, proposed, {"rows[a]": CURRENT}) == current


@given(DOCUMENTS, DOCUMENTS)
def test_what_only_one_side_changed_is_what_that_side_says(base: Any, other: Any) -> None:
    assert merged(base, base, other, {}) == other
    assert merged(base, other, base, {}) == other
    assert all(not part.conflict for part in three_way(base, base, other))


@given(DOCUMENTS, DOCUMENTS)
def test_a_document_is_not_in_conflict_with_its_like(base: Any, other: Any) -> None:
    assert merged(base, other, other, {}) == other
    assert unresolved(three_way(base, other, other), {}) == []


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_with_every_conflict_chosen_each_part_reads_as_it_was_chosen(base: Any, current: Any, proposed: Any) -> None:
    found = three_way(base, current, proposed)
    for side in (CURRENT, PROPOSED):
        made = merged(base, current, proposed, {part.path: side for part in found if part.conflict})
        # Seen from the result, no part is left that differs from the side it was taken from.
        again = {part.path: part for part in three_way(base, made, proposed if side == PROPOSED else current)}
        assert not [path for path, part in again.items() if part.conflict], again


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_without_a_conflict_the_merge_takes_both_sides(base: Any, current: Any, proposed: Any) -> None:
    found = three_way(base, current, proposed)
    if any(part.conflict for part in found):
        return
    made = merged(base, current, proposed, {})
    assert all(part.current == part.base or part.proposed in (part.base, part.current) for part in found)
    # What each side changed is in it: merging it once more with either side changes nothing.
    assert _same(merged(base, made, proposed, {}), made)
    assert _same(merged(base, current, made, {}), made)


def _same(one: Any, other: Any) -> bool:
    """Equal, whatever the order of named rows."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return bool(one == other)
