"""The nine facets and the rules of the domain."""

from typing import Any

import pytest

from portal.refusals import Problem
from portal.registry import kinds
from portal.registry.documents import canonical, digest
from tests.documents import data_movement_document, put, runtime_tool_document, without, write_operation
from tests.people import team

pytestmark = pytest.mark.django_db
OPERATIONS = "facets.contract.operations"
NO_KEY = {"location": "not_applicable", "name": "", "derivation": "", "dedupe_window_seconds": 0}


@pytest.fixture(autouse=True)
def _crm_team() -> None:
    team("crm-team")


def problems_of(document: dict[str, Any], kind: str = "runtime_tool") -> list[Problem]:
    return kinds.get(kind).check(document)[1]


def codes(document: dict[str, Any], kind: str = "runtime_tool") -> set[tuple[str, str]]:
    return {(problem.path, problem.code) for problem in problems_of(document, kind)}


def test_a_whole_document_of_each_kind_has_no_problems_and_stays_as_it_is() -> None:
    for kind, document in (
        ("runtime_tool", runtime_tool_document()),
        ("data_movement", data_movement_document()),
    ):
        clean, problems = kinds.get(kind).check(document)
        assert problems == []
        assert clean == document
        assert digest(clean) == digest(document)


def test_a_facet_that_is_missing_is_named_and_the_rest_counts() -> None:
    kind = kinds.get("runtime_tool")
    assert len(kind.facets) == 9
    for facet in kind.facets:
        found = problems_of(without(runtime_tool_document(), f"facets.{facet}"))
        assert (f"facets.{facet}", "required") in {(problem.path, problem.code) for problem in found}
        counted = kind.completeness(found)
        assert (len(counted.filled), counted.missing, counted.total) == (8, (facet,), 9)


def test_an_empty_document_is_zero_of_nine() -> None:
    kind = kinds.get("data_movement")
    assert kind.completeness(kind.check({})[1]).filled == ()


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"facets.timeout.total_seconds": 9.9}, "facets.timeout.total_seconds", "total"),
        ({"facets.retry.max_delay_seconds": 0.1}, "facets.retry.max_delay_seconds", "invalid"),
        ({"facets.retry.retried_on": []}, "facets.retry.retried_on", "invalid"),
        ({"facets.retry.max_attempts": 0}, "facets.retry.max_attempts", "min_value"),
        ({"facets.retry.backoff": "none"}, "facets.retry.backoff", "invalid"),
        ({"facets.version.number": "1.0"}, "facets.version.number", "semver"),
        ({"facets.idempotency_key.name": ""}, "facets.idempotency_key.name", "required"),
        ({"facets.approval_policy_hook.reversibility_class": "R4"},
         "facets.approval_policy_hook.reversibility_class", "invalid_choice"),
        ({"facets.audit_field_mapping.trace_id": ""}, "facets.audit_field_mapping.trace_id", "blank"),
        ({"facets.observability_hooks.carried_ids": ["trace_id"]}, "facets.observability_hooks.carried_ids", "ids"),
        ({"facets.observability_hooks.metric_names": []}, "facets.observability_hooks.metric_names", "empty"),
        ({"facets.rollback_notes.notes": "  "}, "facets.rollback_notes.notes", "blank"),
        ({f"{OPERATIONS}.0.input_schema": {"type": "nonsense"}}, f"{OPERATIONS}.0.input_schema", "schema"),
        ({f"{OPERATIONS}.0.input_schema": {"$ref": "https://example.com/s"}}, f"{OPERATIONS}.0.input_schema",
         "schema"),
        ({f"{OPERATIONS}.0.external_side_effect": True}, f"{OPERATIONS}.0.external_side_effect",
         "read_with_side_effect"),
        ({OPERATIONS: []}, OPERATIONS, "min_length"),
        ({"facets.contract.colour": "red"}, "facets.contract.colour", "unknown_key"),
        ({"facets.tenth": {}}, "facets.tenth", "unknown_key"),
        ({"owner": "nobody"}, "owner", "unknown_team"),
        ({"key": "Not A Key"}, "key", "invalid"),
        ({"runtime_tool.endpoint": "ftp://example.com"}, "runtime_tool.endpoint", "endpoint"),
        ({"runtime_tool.endpoint": "http://10.0.0.1/mcp"}, "runtime_tool.endpoint", "endpoint"),
        ({"runtime_tool.credential_ref": "hunter2"}, "runtime_tool.credential_ref", "invalid"),
        ({"runtime_tool.task_sla.start_seconds": 901}, "runtime_tool.task_sla.start_seconds",
         "start_after_deadline"),
        ({"data_movement": {}}, "data_movement", "unknown_key"),
    ],
)  # fmt: skip
def test_a_broken_rule_of_a_runtime_tool_is_told_with_its_path(changes: dict[str, Any], path: str, code: str) -> None:
    assert (path, code) in codes(runtime_tool_document(changes=changes))


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"data_movement.schedule": "every day"}, "data_movement.schedule", "cron"),
        ({"data_movement.schedule": "0 0 * * * *"}, "data_movement.schedule", "cron"),
        ({"data_movement.time_zone": "Mars/Base"}, "data_movement.time_zone", "time_zone"),
        ({"data_movement.freshness_seconds": 0}, "data_movement.freshness_seconds", "min_value"),
        ({"data_movement.backfill_runbook.steps": []}, "data_movement.backfill_runbook.steps", "empty"),
        ({"runtime_tool": {}}, "runtime_tool", "unknown_key"),
    ],
)
def test_a_broken_rule_of_a_data_movement_is_told_with_its_path(changes: dict[str, Any], path: str, code: str) -> None:
    assert (path, code) in codes(data_movement_document(changes=changes), "data_movement")


def test_a_write_needs_an_idempotency_key_above_all_where_it_is_retried() -> None:
    document = runtime_tool_document(changes={"facets.idempotency_key": dict(NO_KEY)})
    assert codes(document) == set()
    document["facets"]["contract"]["operations"].append(write_operation())
    assert codes(document) == {
        ("facets.idempotency_key.location", "idempotency_needed"),
        ("facets.retry.max_attempts", "retry_without_key"),
    }


def test_what_does_not_undo_itself_needs_notes_that_say_how() -> None:
    document = runtime_tool_document(changes={"facets.rollback_notes.notes": "Undo it."})
    assert codes(document) == set()
    put(document, "facets.approval_policy_hook.reversibility_class", "R1")
    assert codes(document) == {("facets.rollback_notes.notes", "trivial_notes")}
    put(document, "facets.approval_policy_hook.reversibility_class", "R0")
    document["facets"]["contract"]["operations"].append(write_operation(external=True))
    assert codes(document) == {("facets.rollback_notes.notes", "trivial_notes")}


@pytest.mark.parametrize(
    ("reversibility", "sensitivity", "writes", "external", "least"),
    [
        ("R0", "S0", True, False, "A0"),
        ("R0", "S1", False, False, "A0"),
        ("R0", "S1", True, False, "A1"),
        ("R0", "S2", False, False, "A1"),
        ("R0", "S3", False, False, "A2"),
        ("R1", "S0", False, False, "A1"),
        ("R2", "S1", False, False, "A2"),
        ("R3", "S0", True, False, "A3"),
        ("R1", "S3", True, False, "A2"),
        ("R0", "S0", True, True, "A1"),
    ],
)
def test_the_hook_may_not_ask_for_less_than_the_least_class(
    reversibility: str, sensitivity: str, writes: bool, external: bool, least: str
) -> None:
    document = runtime_tool_document()
    hook = document["facets"]["approval_policy_hook"]
    hook |= {"reversibility_class": reversibility, "sensitivity_class": sensitivity, "approval_class": least}
    if writes:
        document["facets"]["contract"]["operations"].append(write_operation(external=external))
    assert codes(document) == set()
    if least != "A0":
        hook["approval_class"] = f"A{int(least[1]) - 1}"
        assert codes(document) == {("facets.approval_policy_hook.approval_class", "approval_below_minimum")}


def test_an_operation_named_twice_and_an_allowed_one_outside_the_contract_are_refused() -> None:
    document = runtime_tool_document()
    document["facets"]["contract"]["operations"] *= 2
    assert (OPERATIONS, "twice") in codes(document)
    document = runtime_tool_document(changes={"runtime_tool.allowlist.0.operations": ["drop_tables"]})
    assert {path for path, _code in codes(document)} == {"runtime_tool.allowlist.0.operations"}


def test_a_document_too_large_too_deep_or_with_a_nul_is_refused() -> None:
    deep: Any = {}
    for _level in range(80):
        deep = {"a": deep}
    for value, code in (("x" * 600_000, "too_large"), (deep, "too_deep"), ("a\0b", "nul_character")):
        assert codes({"name": value}) == {("", code)}
    assert canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
