"""The version rule: how far the contract version must move."""

from copy import deepcopy
from typing import Any

import pytest

from connectors.rules import transition_problems
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


CASES = [
    (add_operation, "1.1.0"),
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
