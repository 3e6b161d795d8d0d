"""What leaves the machine: names, counts and outcomes by an allow-list. Everything else is dropped before it is sent or spooled.

Never: values, observed values, arguments of expectations, row conditions, messages, tracebacks. What is kept stays where Great
Expectations puts it, so that the portal reads a stripped result and a whole one alike.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ONE, _MANY = ("column", "column_A", "column_B"), ("column_list", "column_set")
_QUERIES = ("unexpected_rows_query", "base_query", "comparison_query")
_COUNTS = ("element_count", "unexpected_count", "missing_count")
_STATISTICS = ("evaluated_expectations", "successful_expectations", "unsuccessful_expectations")
# What these found instead are names of columns; of all others, details may be values.
_OF_COLUMNS = ("expect_table_columns_to_match_ordered_list", "expect_table_columns_to_match_set")
_EXCEPTION = re.compile(
    r"^(?:[A-Za-z_]\w{0,60}\.){0,10}([A-Za-z_]\w{0,60}(?:Error|Exception|Warning|Interrupt|Exit))(?=:|\s*$)", re.M
)
MOST_NAMES, MOST_NODES = 1_000, 2_000


def report_of(
    results: Iterable[Mapping[str, Any]],
    *,
    checkpoint: str,
    declared: Sequence[Mapping[str, str]],
    names: Mapping[str, str],
    run_id: Mapping[str, Any],
) -> dict[str, Any]:
    """The report of a run: its results stripped, each under the name of its definition (`names`: validation id → name)."""
    kept = []
    for result in results:
        one = stripped(result)
        named = names.get(str(_held(result.get("meta")).get("validation_id")))
        kept.append(one | ({"definition": named} if named else {}))
    return {
        "tool": "gx",
        "checkpoint": checkpoint,
        "run_id": {"run_name": run_id.get("run_name"), "run_time": run_id.get("run_time")},
        "definitions": [{name: one.get(name, "") for name in ("name", "suite", "asset")} for one in declared],
        "run_results": kept,
    }


def stripped(result: Mapping[str, Any]) -> dict[str, Any]:
    """One `to_json_dict()` of a validation result, as far as it leaves the machine."""
    meta, told = _held(result.get("meta")), result.get("results")
    batch, run_id = _held(meta.get("active_batch_definition")), _held(meta.get("run_id"))
    return {
        "success": result.get("success") is True,
        "suite_name": result.get("suite_name"),
        "statistics": {name: _held(result.get("statistics")).get(name) for name in _STATISTICS},
        "meta": {
            "run_id": {"run_name": run_id.get("run_name"), "run_time": run_id.get("run_time")},
            "active_batch_definition": {name: batch.get(name) for name in ("datasource_name", "data_asset_name")},
        },
        "results": [_expectation(_held(one)) for one in told] if isinstance(told, list) else [],
    }


def _expectation(given: Mapping[str, Any]) -> dict[str, Any]:
    config, result = _held(given.get("expectation_config")), _held(given.get("result"))
    kind, kwargs = config.get("type"), _held(config.get("kwargs"))
    kept: dict[str, Any] = {name: _name(kwargs[name]) for name in _ONE if kwargs.get(name) is not None}
    for name in _MANY:
        if kwargs.get(name) is not None:
            kept[name] = _names(kwargs[name])
    kept |= {name: True for name in _QUERIES if kwargs.get(name) is not None}
    if kwargs.get("row_condition") is not None:
        kept["row_condition"] = _condition(kwargs["row_condition"])
    counts: dict[str, Any] = {name: result[name] for name in _COUNTS if type(result.get(name)) is int}
    mismatched = _held(result.get("details")).get("mismatched")
    if kind in _OF_COLUMNS and mismatched:
        counts["details"] = {"mismatched": _texts(mismatched)}
    return {
        "success": given.get("success") is True,
        "expectation_config": {"type": kind, "severity": _severity(config.get("severity")), "kwargs": kept},
        "result": counts,
        "exception_info": _exception(given.get("exception_info")),
    }


def _severity(value: object) -> object:
    return str(getattr(value, "value", value)) if value is not None else None


def _held(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _name(value: object) -> str | int | None:
    return value if isinstance(value, str) or type(value) is int else None


def _names(value: object) -> list[str | int | None] | None:
    if not isinstance(value, list | tuple | set | frozenset):
        return None
    return [_name(one) for one in value]


def _texts(value: object) -> list[str]:
    found, waiting, seen = [], [value], 0
    while waiting and seen < MOST_NODES:
        one, seen = waiting.pop(), seen + 1
        if isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, str):
            found.append(one)
    return sorted(set(found))


def _condition(condition: object) -> dict[str, Any]:
    """The columns that a row condition names, never what it compares them with; as text it cannot be read."""
    found: set[str] = set()
    readable = True
    waiting, seen = [condition], 0
    while waiting and seen < MOST_NODES:
        one, seen = _held(waiting.pop()), seen + 1
        column = _held(one.get("column")).get("name")
        if one.get("type") in ("and", "or") and isinstance(one.get("conditions"), list):
            waiting += one["conditions"]
        elif one.get("type") in ("comparison", "nullity") and isinstance(column, str):
            found.add(column)
        else:
            readable = False
    return {"columns": sorted(found)} | ({} if readable and not waiting else {"unknowable": True})


def _exception(info: object) -> dict[str, Any]:
    """Whether it raised, and the name of the exception; its keys, message and traceback may hold values."""
    given = _held(info)
    told = [given] if "raised_exception" in given else [_held(one) for one in given.values()]
    raised = [one for one in told if one.get("raised_exception") is True]
    names = [name for one in raised if (name := exception_name(one.get("exception_traceback")))]
    return {"raised_exception": bool(raised), "exception_type": names[0] if names else ""}


def exception_name(traceback: object) -> str:
    """The name of the exception at the end of a traceback, or nothing."""
    found = _EXCEPTION.findall(traceback[-4_000:]) if isinstance(traceback, str) else []
    return str(found[-1]) if found else ""
