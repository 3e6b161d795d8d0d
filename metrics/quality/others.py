"""Reading dbt's `run_results.json`, Soda's scan results, and the portal's own JSON for other tools."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from metrics.quality.fields import (
    MOST_CHECKS,
    MOST_LIST,
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
from metrics.quality.rules import Check, Outcome, Part, Run, Weight

_DBT = {
    "pass": (Outcome.PASS, Weight.CRITICAL),
    "fail": (Outcome.FAIL, Weight.CRITICAL),
    "warn": (Outcome.FAIL, Weight.WARNING),
    "error": (Outcome.ERROR, Weight.CRITICAL),
    "runtime error": (Outcome.ERROR, Weight.CRITICAL),
    "skipped": (Outcome.SKIPPED, Weight.CRITICAL),
}
_SODA = {
    "pass": (Outcome.PASS, Weight.CRITICAL),
    "fail": (Outcome.FAIL, Weight.CRITICAL),
    "warn": (Outcome.FAIL, Weight.WARNING),
}
# The beginning of a generic test's name; what follows it holds arguments.
_DBT_TYPES = ("not_null", "unique", "accepted_values", "relationships")
_SODA_TYPE = re.compile(r"([a-z_]{1,60})\b")


def _sound(checks: Iterable[Check]) -> bool:
    """Whether nothing failed; what was skipped is told by itself."""
    return all(one.outcome in (Outcome.PASS, Outcome.SKIPPED) for one in checks)


def dbt(body: Mapping[str, Any], now: datetime) -> Run:
    """One invocation. Each test is a definition of its own, by its unique id; the columns of a test are not told there.

    The names of generic tests hold their arguments: of a test that the checkpoint does not declare nothing is kept.
    """
    metadata = mapping(body.get("metadata"), "metadata")
    parts = []
    for index, one in enumerate(listed(body.get("results"), "results", MOST_CHECKS)):
        given = mapping(one, f"results.{index}")
        unique = name(given.get("unique_id"), f"results.{index}.unique_id")
        kind, _dot, rest = unique.partition(".")
        if kind not in ("test", "unit_test"):
            continue
        status = given.get("status")
        outcome, severity = _DBT.get(status if isinstance(status, str) else "", (Outcome.ERROR, Weight.CRITICAL))
        short = rest.split(".")[1] if "." in rest else rest
        generic = next((one for one in _DBT_TYPES if short.startswith(f"{one}_")), "test")
        failures = count(given.get("failures"))
        counts = {} if failures is None else {"unexpected_count": failures}
        check = Check(generic, outcome, severity, unknowable=True, counts=counts)
        parts.append(Part("", "", _sound((check,)), (check,), unique))
    key = name(metadata.get("invocation_id"), "metadata.invocation_id")
    return Run(key, moment(metadata.get("generated_at"), "metadata.generated_at", now), tuple(parts), partial=True)


def soda(body: Mapping[str, Any], now: datetime) -> Run:
    """One scan: its definition is the suite, each table an asset. The text of a check holds its threshold and is not kept."""
    suite = name(body.get("definitionName"), "definitionName")
    tables: dict[str, list[Check]] = {}
    for index, one in enumerate(listed(body.get("checks"), "checks", MOST_CHECKS)):
        here = f"checks.{index}"
        given = mapping(one, here)
        told = given.get("outcome")
        outcome, severity = _SODA.get(told if isinstance(told, str) else "", (Outcome.ERROR, Weight.CRITICAL))
        words = given.get("name")
        shape = _SODA_TYPE.match(words) if isinstance(words, str) else None
        named = column(given.get("column")) if given.get("column") is not None else None
        table = name(given.get("table"), f"{here}.table", blank=True)
        check = Check(
            shape[1] if shape and shape[1] in _SODA_METRICS else "check",
            outcome,
            severity,
            (named,) if named is not None else (),
            unknowable=named is None and not (shape and shape[1] == "row_count"),
        )
        tables.setdefault(table, []).append(check)
    errors = body.get("hasErrors", False)
    if truth(errors, "hasErrors"):
        for checks in tables.values():
            checks.append(Check("scan", Outcome.ERROR, unknowable=True))
    parts = [Part(suite, table, _sound(checks), tuple(checks)) for table, checks in tables.items()]
    ended = "scanEndTimestamp" if body.get("scanEndTimestamp") else "dataTimestamp"
    at = moment(body.get(ended), ended, now)
    scan = name(body.get("scanId"), "scanId", blank=True) or f"{suite} {at.isoformat()}"[:200]
    return Run(scan, at, tuple(parts), partial=True)


_SODA_METRICS = {
    "row_count", "missing_count", "missing_percent", "invalid_count", "invalid_percent", "duplicate_count", "duplicate_percent",
    "freshness", "avg", "avg_length", "max", "max_length", "min", "min_length", "sum", "stddev", "variance", "schema",
    "values", "failed", "anomaly", "change", "percentile",
}  # fmt: skip


def generic(body: Mapping[str, Any], now: datetime) -> Run:
    """The portal's own form, for every other tool.

    `{"run_id", "run_at", "checks": [{"definition", "type", "outcome", "severity", "columns", "counts", "exception"}]}`;
    the columns of a check are those it looks at; one without `columns` may look at any.
    """
    parts: dict[tuple[str, str, str], list[Check]] = {}
    for index, one in enumerate(listed(body.get("checks"), "checks", MOST_CHECKS)):
        here = f"checks.{index}"
        given = mapping(one, here)
        told = given.get("outcome")
        if not isinstance(told, str) or told not in Outcome.values:
            raise Unreadable(f"{here}.outcome", "pass, fail, error, skipped")
        columns, unknowable = _named(given.get("columns"), f"{here}.columns")
        counts = held(given.get("counts"))
        at = (
            name(given.get("definition"), f"{here}.definition"),
            name(given.get("suite"), f"{here}.suite", blank=True),
            name(given.get("asset"), f"{here}.asset", blank=True),
        )
        parts.setdefault(at, []).append(
            Check(
                type_of(given.get("type")),
                Outcome(told),
                weight(given.get("severity")),
                columns,
                unknowable,
                {
                    one: number
                    for one in ("element_count", "unexpected_count", "missing_count")
                    if (number := count(counts.get(one))) is not None
                },
                exception_name(given.get("exception")),
            )
        )
    return Run(
        name(body.get("run_id"), "run_id"),
        moment(body.get("run_at"), "run_at", now),
        tuple(
            Part(suite, asset, _sound(checks), tuple(checks), definition)
            for (definition, suite, asset), checks in parts.items()
        ),
    )


def _named(value: object, pointer: str) -> tuple[tuple[str, ...], bool]:
    if value is None:
        return (), True
    names = [column(one) for one in listed(value, pointer, MOST_LIST)]
    return tuple(sorted({one for one in names if one is not None})), None in names
