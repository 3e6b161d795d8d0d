"""The version rule: how far the contract version must move."""

from copy import deepcopy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from semver import Version

from connectors.rules import transition_problems
from connectors.versions import Bump, enough, least, moved, needed, reasons
from tests.documents import put, runtime_tool_document, without, write_operation

OPERATION = "facets.contract.operations.0"
Document = dict[str, Any]


def add_operation(document: Document) -> None:
    document["facets"]["contract"]["operations"].append(write_operation("new_one"))


def remove_operation(document: Document) -> None:
    document["facets"]["contract"]["operations"][0]["name"] = "another"


def add_optional(document: Document) -> None:
    put(document, f"{OPERATION}.input_schema.properties.city", {"type": "string"})


def require_more(document: Document) -> None:
    add_optional(document)
    put(document, f"{OPERATION}.input_schema.required", ["customer_id", "city"])


def narrow_input(document: Document) -> None:
    put(document, f"{OPERATION}.input_schema.properties.customer_id.pattern", "^C-")


def widen_output(document: Document) -> None:
    put(document, f"{OPERATION}.output_schema", {"type": ["object", "null"]})


def turn_to_write(document: Document) -> None:
    put(document, f"{OPERATION}.effect", "write")


def describe_anew(document: Document) -> None:
    put(document, f"{OPERATION}.description", "Finds it.")


def wait_longer(document: Document) -> None:
    put(document, "facets.timeout.total_seconds", 40.0)


def feel_outside(document: Document) -> None:
    turn_to_write(document)
    put(document, f"{OPERATION}.external_side_effect", True)


def fail_anew(document: Document) -> None:
    document["facets"]["contract"]["operations"][0]["errors"].append(
        {"code": "too_many", "meaning": "Ask again later.", "retryable": True}
    )


def fail_otherwise(document: Document) -> None:
    put(document, f"{OPERATION}.errors.0.meaning", "Nobody has this number.")


def say_otherwise(document: Document) -> None:
    put(document, f"{OPERATION}.input_schema.description", "Whom to look for.")


def answer_less(document: Document) -> None:
    put(document, f"{OPERATION}.output_schema", {"type": "object", "required": ["id"]})


CASES = [
    (add_operation, "1.1.0"),
    (feel_outside, "2.0.0"),
    (fail_anew, "1.1.0"),
    (fail_otherwise, "1.0.1"),
    (say_otherwise, "1.0.1"),
    (answer_less, "1.1.0"),
    (remove_operation, "2.0.0"),
    (require_more, "2.0.0"),
    (narrow_input, "2.0.0"),
    (widen_output, "2.0.0"),
    (turn_to_write, "2.0.0"),
    (describe_anew, "1.0.1"),
    (wait_longer, "1.0.1"),
]


@pytest.mark.parametrize(("edit", "least"), CASES, ids=[edit.__name__ for edit, _least in CASES])
def test_an_edit_needs_its_bump_and_no_more(edit: Any, least: str) -> None:
    before = runtime_tool_document()
    after = deepcopy(before)
    edit(after)
    too_small = {"1.0.1": "1.0.0", "1.1.0": "1.0.9", "2.0.0": "1.9.9"}[least]
    put(after, "facets.version.number", too_small)
    (problem,) = transition_problems(before, after)
    assert (problem.path, problem.code) == ("facets.version.number", "version_bump")
    assert least in problem.message
    put(after, "facets.version.number", least)
    assert transition_problems(before, after) == []


def test_an_optional_field_of_a_closed_schema_is_a_minor_bump() -> None:
    before = runtime_tool_document()
    put(before, f"{OPERATION}.input_schema.additionalProperties", False)
    after = deepcopy(before)
    add_optional(after)
    (problem,) = transition_problems(before, after)
    assert "1.1.0" in problem.message
    put(after, "facets.version.number", "1.1.0")
    assert transition_problems(before, after) == []


def test_a_version_never_goes_back_and_stays_where_no_facet_changes() -> None:
    before = runtime_tool_document(changes={"facets.version.number": "2.0.0"})
    after = deepcopy(before)
    put(after, "runtime_tool.allowlist", [])
    assert transition_problems(before, after) == []
    put(after, "facets.version.number", "1.9.0")
    assert [problem.code for problem in transition_problems(before, after)] == ["version_back"]


def test_a_first_version_is_free() -> None:
    assert transition_problems(None, without(runtime_tool_document(), "description")) == []


def test_every_reason_is_told_with_its_path_and_how_far_it_goes() -> None:
    before = runtime_tool_document(
        changes={"facets.contract.operations": [*runtime_tool_document()["facets"]["contract"]["operations"],
                                                write_operation("gone")]}
    )  # fmt: skip
    after = deepcopy(before)
    del after["facets"]["contract"]["operations"][1]
    for edit in (add_operation, require_more, turn_to_write, fail_anew, describe_anew, wait_longer):
        edit(after)
    found = [(one.level.told, one.path) for one in reasons(before, after)]
    here = "facets.contract.operations"
    assert found == [
        ("major", f"{here}[gone]"),
        ("major", f"{here}[lookup_customer].effect"),
        ("major", f"{here}[lookup_customer].input_schema"),
        ("minor", f"{here}[lookup_customer].errors[too_many]"),
        ("minor", f"{here}[new_one]"),
        ("patch", f"{here}[lookup_customer].description"),
        ("patch", "facets.timeout"),
    ]
    (problem,) = transition_problems(before, after)
    for words in ("gone is removed", "from read into write", "refuses input"):
        assert words in problem.message


@pytest.mark.parametrize(
    ("old", "new", "bump", "right"),
    [
        ("1.0.0", "1.0.0", Bump.NONE, True), ("1.0.0", "1.0.0", Bump.PATCH, False), ("1.0.0", "1.0.0+b2", Bump.PATCH, False),
        ("1.0.0", "1.0.1-rc.1", Bump.PATCH, True), ("1.0.0", "1.0.1-rc.1", Bump.MINOR, False),
        ("1.0.0", "1.1.0-rc.1", Bump.MINOR, True), ("1.1.0-rc.1", "1.1.0-rc.2", Bump.MINOR, True),
        ("1.1.0-rc.1", "1.1.0", Bump.MINOR, True), ("1.1.0-rc.1", "1.1.0", Bump.MAJOR, False),
        ("1.1.0-rc.1", "2.0.0-rc.1", Bump.MAJOR, True), ("2.0.0-rc.1", "2.0.0-rc.2", Bump.MAJOR, True),
        ("2.0.0-rc.1", "2.0.0-rc.1", Bump.PATCH, False), ("1.0.1-rc.1", "1.0.1", Bump.MINOR, False),
        ("0.3.0", "0.4.0", Bump.MAJOR, False), ("0.3.0", "1.0.0", Bump.MAJOR, True), ("0.3.0", "0.4.0", Bump.MINOR, True),
        ("2.0.0", "1.9.9", Bump.NONE, False), ("1.9.9", "3.0.0", Bump.PATCH, True),
    ],
)  # fmt: skip
def test_a_pre_release_counts_by_the_release_that_it_is_of(old: str, new: str, bump: Bump, right: bool) -> None:
    assert enough(Version.parse(old), Version.parse(new), bump) is right


UNHURRIED = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
NUMBERS = st.tuples(*(st.integers(0, 3) for _ in range(3)), st.sampled_from([None, "a.1", "a.2", "b"])).map(
    lambda parts: Version(*parts)
)


@UNHURRIED
@given(NUMBERS, NUMBERS, st.sampled_from(Bump))
def test_more_is_never_enough_where_less_is_not(old: Version, new: Version, bump: Bump) -> None:
    if enough(old, new, bump):
        assert new >= old
        assert all(enough(old, new, less) for less in Bump if less <= bump)
        if bump and not old.prerelease:
            assert moved(old, new) >= bump
    if bump:
        assert enough(old, least(old, bump), bump)


SCHEMAS = st.sampled_from(
    [
        {"type": "string"}, {"type": ["string", "null"]}, {"type": "object"}, {"type": "string", "maxLength": 5},
        {"type": "object", "required": ["a"]}, {"type": "object", "properties": {"a": {"type": "string"}}}, True, False,
        {"type": "integer"}, {"type": "number"}, {"enum": ["a", "b"]}, {"enum": ["a"]},
    ]
)  # fmt: skip
VALUES: list[Any] = ["a", "b", "abcdefgh", None, {}, {"a": "x"}, {"a": 5}, 1, 1.5, [], True]


@UNHURRIED
@given(SCHEMAS, SCHEMAS, st.sampled_from(["input_schema", "output_schema"]))
def test_no_value_that_shows_a_break_goes_by_with_less_than_a_major_bump(old: Any, new: Any, side: str) -> None:
    before = runtime_tool_document(changes={f"{OPERATION}.{side}": old})
    after = runtime_tool_document(changes={f"{OPERATION}.{side}": new})
    wider, narrower = (new, old) if side == "input_schema" else (old, new)
    broken = any(
        jsonschema_rs.is_valid(narrower, value) and not jsonschema_rs.is_valid(wider, value) for value in VALUES
    )
    bump = needed(reasons(before, after))
    if broken:
        assert bump == Bump.MAJOR
    if old == new:
        assert bump == Bump.NONE


OPERATIONS = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1, max_size=3)


@UNHURRIED
@given(OPERATIONS, OPERATIONS)
def test_operations_that_go_break_and_those_that_come_add_in_any_order(old: list[str], new: list[str]) -> None:
    def with_operations(names: list[str]) -> Document:
        return runtime_tool_document(changes={"facets.contract.operations": [write_operation(name) for name in names]})

    bump = needed(reasons(with_operations(old), with_operations(new)))
    assert bump == (Bump.MAJOR if set(old) - set(new) else Bump.MINOR if set(new) - set(old) else Bump.NONE)
