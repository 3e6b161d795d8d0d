"""Reading Great Expectations 1.24: `run_results[*].to_json_dict()`, whole as in files or stripped as `portal_gx` sends them."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from metrics.quality.fields import (
    MOST_CHECKS,
    MOST_LIST,
    MOST_PARTS,
    Unreadable,
    column,
    count,
    exception_name,
    held,
    listed,
    mapping,
    moment,
    name,
    truth,
    type_of,
    weight,
)
from metrics.quality.rules import Check, Definition, Outcome, Part, Run

# They look at no column of a row; whatever else names no column may look at any.
_OF_THE_TABLE = {
    "expect_table_column_count_to_be_between",
    "expect_table_column_count_to_equal",
    "expect_table_row_count_to_be_between",
    "expect_table_row_count_to_equal",
    "expect_table_row_count_to_equal_other_table",
}
# What these found instead are names of columns.
_OF_COLUMNS = {"expect_table_columns_to_match_ordered_list", "expect_table_columns_to_match_set"}
_ONE, _MANY = ("column", "column_A", "column_B"), ("column_list", "column_set")
_QUERIES = ("unexpected_rows_query", "base_query", "comparison_query")
_COUNTS = ("element_count", "unexpected_count", "missing_count")
_MOST_NODES = 2_000


def run_of(body: Mapping[str, Any], now: datetime) -> Run:
    """One run: `run_results`, and where the action sends it `definitions`, as the checkpoint there declares them."""
    found = body.get("run_results")
    results = listed(list(found.values()) if isinstance(found, dict) else found, "run_results", MOST_PARTS)
    declared = []
    for index, one in enumerate(listed(body.get("definitions", []), "definitions", MOST_PARTS)):
        here = f"definitions.{index}"
        given = mapping(one, here)
        declared.append(
            Definition(
                name(given.get("name"), f"{here}.name"),
                name(given.get("suite"), f"{here}.suite", blank=True),
                name(given.get("asset"), f"{here}.asset", blank=True),
            )
        )
    ids = [run_id_of(one, f"run_results.{index}") for index, one in enumerate(results)]
    if "run_id" in body or not results:
        ids.append(_run_id(body.get("run_id"), "run_id"))
    if len(set(ids)) != 1:
        raise Unreadable("run_results", _("The results are of several runs; report each by itself."))
    left = MOST_CHECKS
    parts = []
    for index, one in enumerate(results):
        parts.append(_part(mapping(one, f"run_results.{index}"), f"run_results.{index}", left))
        left -= len(parts[-1].checks)
    run_name, run_time = ids[0]
    return Run(
        f"{run_name} {run_time}".strip(), moment(run_time, "run_id.run_time", now), tuple(parts), tuple(declared)
    )


def run_id_of(result: object, pointer: str) -> tuple[str, str]:
    """Name and time of the run that a result is of; all results of a run have the same."""
    meta = mapping(mapping(result, pointer).get("meta"), f"{pointer}.meta")
    return _run_id(meta.get("run_id"), f"{pointer}.meta.run_id")


def _run_id(value: object, pointer: str) -> tuple[str, str]:
    given = mapping(value, pointer)
    run_name = name(given.get("run_name"), f"{pointer}.run_name", blank=True)
    run_time = name(given.get("run_time"), f"{pointer}.run_time")
    if len(run_name) + len(run_time) >= 200:
        raise Unreadable(pointer, _("The name of the run is too long."))
    return run_name, run_time


def _part(result: Mapping[str, Any], here: str, left: int) -> Part:
    meta = mapping(result.get("meta"), f"{here}.meta")
    batch = mapping(meta.get("active_batch_definition") or {}, f"{here}.meta.active_batch_definition")
    statistics = mapping(result.get("statistics") or {}, f"{here}.statistics")
    checks = listed(result.get("results"), f"{here}.results", max(left, 0))
    return Part(
        definition=name(result.get("definition"), f"{here}.definition", blank=True),
        suite=name(result.get("suite_name"), f"{here}.suite_name"),
        asset=name(batch.get("data_asset_name"), f"{here}.meta.active_batch_definition.data_asset_name", blank=True),
        success=truth(result.get("success"), f"{here}.success"),
        checks=tuple(_check(mapping(one, f"{here}.results"), f"{here}.results.{at}") for at, one in enumerate(checks)),
        evaluated=count(statistics.get("evaluated_expectations")),
        twin=_twin(batch),
    )


def _twin(batch: Mapping[str, Any]) -> str:
    """What tells two batches of one asset apart while a run is read; never kept."""
    try:
        return json.dumps([batch.get("datasource_name"), batch.get("batch_identifiers")], sort_keys=True, default=str)
    except (ValueError, RecursionError):
        return ""


def _check(given: Mapping[str, Any], here: str) -> Check:
    config = mapping(given.get("expectation_config"), f"{here}.expectation_config")
    kwargs = mapping(config.get("kwargs") or {}, f"{here}.expectation_config.kwargs")
    result = held(given.get("result"))
    success = truth(given.get("success"), f"{here}.success")
    raised, exception = _raised(given.get("exception_info"))
    outcome = Outcome.ERROR if raised else Outcome.PASS if success else Outcome.FAIL
    kind = type_of(config.get("type"))
    columns, unknowable = _columns(kind, kwargs, result)
    counts = {one: number for one in _COUNTS if (number := count(result.get(one))) is not None}
    return Check(kind, outcome, weight(config.get("severity")), columns, unknowable, counts, exception)


def _raised(info: object) -> tuple[bool, str]:
    """Whether it raised, and the name of the exception; by metric or alone, whatever the keys are."""
    if not isinstance(info, dict):
        return False, ""
    told = [info] if "raised_exception" in info else [one for one in info.values() if isinstance(one, dict)]
    raised = [one for one in told if one.get("raised_exception") is True]
    names = [type_of(one["exception_type"]) if one.get("exception_type") else exception_name(one.get("exception_traceback"))
             for one in raised]  # fmt: skip
    return bool(raised), next((one for one in names if one), "")


def _columns(kind: str, kwargs: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[tuple[str, ...], bool]:
    """The columns that an expectation looks at, and whether there may be others that nobody can name."""
    found: list[object] = [kwargs[one] for one in _ONE if kwargs.get(one) is not None]
    for one in _MANY:
        value = kwargs.get(one)
        if value is not None:
            found += value[: MOST_LIST + 1] if isinstance(value, list) else [None]
    unknowable = any(kwargs.get(one) is not None for one in _QUERIES)
    condition = kwargs.get("row_condition")
    if condition is not None:
        named, readable = _of_condition(condition)
        found += named
        unknowable = unknowable or not readable
    details = result.get("details")
    if kind in _OF_COLUMNS and isinstance(details, dict):
        found += _texts(details.get("mismatched"))
    names = [column(one) for one in found[:MOST_LIST]]
    unknowable = unknowable or None in names or len(found) > MOST_LIST
    if not found and kind not in _OF_THE_TABLE | _OF_COLUMNS:
        unknowable = True
    return tuple(sorted({one for one in names if one is not None})), unknowable


def _of_condition(condition: object) -> tuple[list[object], bool]:
    """The columns that a row condition names, and whether it can be read at all; written as text it cannot."""
    if not isinstance(condition, dict):
        return [], False
    if condition and set(condition) <= {"columns", "unknowable"}:
        columns = condition.get("columns")
        return (columns if isinstance(columns, list) else []), condition.get("unknowable") is not True
    found: list[object] = []
    readable = True
    waiting, seen = [condition], 0
    while waiting and seen < _MOST_NODES:
        one, seen = held(waiting.pop()), seen + 1
        if one.get("type") in ("and", "or") and isinstance(one.get("conditions"), list):
            waiting += one["conditions"]
        elif one.get("type") in ("comparison", "nullity") and isinstance(one.get("column"), dict):
            found.append(one["column"].get("name"))
        else:
            readable = False
    return found, readable and not waiting


def _texts(value: object) -> Iterator[object]:
    """The texts in lists and values of objects, as far as they are bounded."""
    waiting, seen = [value], 0
    while waiting and seen < _MOST_NODES:
        one, seen = waiting.pop(), seen + 1
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            yield one
