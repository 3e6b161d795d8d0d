"""Reading what tools report: dbt, Soda, the portal's own form, and anything at all."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portal_gx import stripped

from metrics.quality.fields import Unreadable
from metrics.quality.reading import READERS, digest, read, reports_of
from metrics.quality.rules import Definition, Judged, circumstance, covers, judge, verdict_now

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
AT = "2026-11-25T03:00:00Z"
TEST = "test.shop.not_null_orders_email.0a1b2c"
VALUES = "test.shop.accepted_values_orders_status__planted__secret.9f8e"


def judged(tool: str, body: Any, *declared: Definition) -> Judged:
    return judge(read(tool, body, NOW), declared)


def dbt(*results: tuple[str, str]) -> dict[str, Any]:
    """A run_results.json, with what must not be kept."""
    told = [
        {
            "unique_id": unique,
            "status": status,
            "failures": 2 if status in ("fail", "warn") else None,
            "message": "Got 2 results, planted@secret.example",
            "compiled_code": "select 'planted@secret.example'",
        }
        for unique, status in results
    ]
    return {"metadata": {"invocation_id": "0191-run", "generated_at": "2026-11-25T03:00:00.123456Z"}, "results": told}


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([(TEST, "pass")], "pass"),
        ([(TEST, "fail")], "fail"),
        ([(TEST, "warn")], "fail"),
        ([(TEST, "error")], "error"),
        ([(TEST, "no-such-status")], "error"),
        ([(TEST, "skipped")], "incomplete"),
        ([], "incomplete"),
        ([("model.shop.orders", "success")], "incomplete"),
        ([(TEST, "pass"), (VALUES, "fail"), ("model.shop.orders", "success")], "pass"),
    ],
)
def test_dbt(results: list[tuple[str, str]], verdict: str) -> None:
    found = judged("dbt", dbt(*results), Definition(TEST))
    assert (found.verdict, found.unknowable) == (verdict, verdict in ("fail", "error"))
    assert "planted" not in json.dumps(found.results) + found.told


def test_a_dbt_test_whose_name_holds_values_is_kept_only_where_it_is_declared() -> None:
    found = judged("dbt", dbt((VALUES, "fail")), Definition(VALUES))
    assert (found.verdict, found.results[0]["failing"][0]["type"]) == ("fail", "accepted_values")
    assert found.results[0]["failing"][0]["counts"] == {"unexpected_count": 2}


def soda(*checks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"definitionName": "nightly", "scanEndTimestamp": "2026-11-25T03:00:00+00:00", "hasErrors": False,
            "checks": list(checks)} | more  # fmt: skip


def one_of(outcome: str | None, name: str = "invalid_count(email) = 0", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "outcome": outcome,
        "table": "orders",
        "column": "email",
        "diagnostics": {"value": "planted"},
    } | more


@pytest.mark.parametrize(
    ("body", "verdict", "columns", "unknowable"),
    [
        (soda(one_of("pass")), "pass", [], False),
        (soda(one_of("fail")), "fail", ["email"], False),
        (soda(one_of("warn")), "fail", ["email"], False),
        (soda(one_of(None)), "error", ["email"], False),
        (soda(one_of("fail", "row_count > 0", column=None)), "fail", [], False),
        (soda(one_of("fail", "planted secret", column=None)), "fail", [], True),
        (soda(one_of("pass"), hasErrors=True), "error", [], True),
        (soda(one_of("pass", table="invoices")), "incomplete", [], False),
        (soda(), "incomplete", [], False),
    ],
)
def test_soda(body: dict[str, Any], verdict: str, columns: list[str], unknowable: bool) -> None:
    found = judged("soda", body, Definition("orders", "nightly", "orders"))
    assert (found.verdict, found.columns, found.unknowable) == (verdict, columns, unknowable)
    assert "planted" not in json.dumps(found.results) + found.told


def generic(*checks: dict[str, Any]) -> dict[str, Any]:
    return {"run_id": "r", "run_at": AT, "checks": list(checks)}


def one(outcome: str, definition: str = "orders", **more: Any) -> dict[str, Any]:
    return {"definition": definition, "type": "not_null", "outcome": outcome, "columns": ["total"]} | more


@pytest.mark.parametrize(
    ("checks", "verdict"),
    [
        ([one("pass")], "pass"),
        ([one("pass"), one("fail", severity="info")], "pass"),
        ([one("pass"), one("fail", severity="INFO")], "fail"),
        ([one("pass"), one("error", severity="info")], "error"),
        ([one("pass"), one("skipped")], "incomplete"),
        ([one("fail"), one("error"), one("skipped")], "fail"),
        ([one("pass"), one("fail", "elsewhere")], "fail"),
        ([one("pass", "elsewhere")], "incomplete"),
        ([], "incomplete"),
    ],
)
def test_the_worst_decides(checks: list[dict[str, Any]], verdict: str) -> None:
    assert judged("generic", generic(*checks), Definition("orders")).verdict == verdict


def test_names_that_are_none_are_not_kept() -> None:
    body = generic(
        one("fail", type="x" * 121, columns=["a\x00b", 7, None, "y" * 201, "total"], exception="ValueError: planted")
    )
    found = judged("generic", body, Definition("orders"))
    assert (found.columns, found.unknowable) == (["7", "total"], True)
    failing = found.results[0]["failing"][0]
    assert (failing["type"], failing["exception"]) == ("unknown", "ValueError")


def test_files_of_great_expectations_are_gathered_by_run() -> None:
    def result(at: str, suite: str) -> dict[str, Any]:
        return {
            "success": True,
            "suite_name": suite,
            "results": [],
            "meta": {"run_id": {"run_name": None, "run_time": at}},
        }

    files = [
        result(AT, "a"),
        [result(AT, "b"), result("2026-11-24T03:00:00Z", "a")],
        {"run_results": {"x": result(AT, "c")}},
    ]
    assert [len(one["run_results"]) for one in reports_of("gx", files)] == [3, 1]
    with pytest.raises(Unreadable, match="several runs"):
        read("gx", {"run_results": [result(AT, "a"), result("2026-11-24T03:00:00Z", "a")]}, NOW)
    for wrong in ({"run_results": 7}, [7], "text", None, [result(AT, "a")] * 501):
        with pytest.raises(Unreadable):
            reports_of("gx", [wrong])


def test_the_clock_makes_everything_stale_but_what_was_never_seen() -> None:
    for verdict, later in (("pass", "stale"), ("fail", "stale"), ("unknown", "unknown")):
        assert verdict_now(verdict, NOW, datetime(2026, 11, 25, 3, 59, tzinfo=UTC)) == verdict
        assert verdict_now(verdict, NOW, NOW) == later


def test_what_a_run_covers() -> None:
    found = judged("generic", generic(one("pass", suite="s", asset="a")), Definition("orders"))
    assert covers(found.results, [Definition("orders", "s")])
    assert not covers(found.results, [Definition("orders", "t")])
    assert not covers(found.results, [Definition("orders"), Definition("more")])


# Anything at all, and what is nearly sound: a verdict or a reason, and never a pass that was not told whole.
_TEXTS = st.text(max_size=8) | st.sampled_from(
    ["pass", "fail", "error", "orders", "totals", "info", AT, "success", TEST]
)
_KEYS = st.sampled_from(
    ["run_results", "results", "meta", "run_id", "run_name", "run_time", "success", "suite_name", "expectation_config", "kwargs",
     "type", "column", "row_condition", "exception_info", "checks", "definition", "outcome", "columns", "run_at", "metadata",
     "invocation_id", "generated_at", "unique_id", "status", "definitionName", "table", "name", "definitions", "statistics",
     "details", "mismatched", "result", "raised_exception", "conditions", "severity"]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=6),
    max_leaves=30,
)


@given(tool=st.sampled_from(sorted(READERS)), body=_JSON)
@settings(max_examples=300, deadline=None)
def test_anything_is_a_verdict_or_unreadable(tool: str, body: Any) -> None:
    try:
        run = read(tool, body, NOW)
    except Unreadable:
        return
    found = judge(run, [Definition("orders")])
    assert len(digest(run)) == 64
    assert circumstance({"columns": [], "consumers": []}, found.columns, unknowable=found.unknowable) in (
        "plain",
        "regulated",
    )
    if found.verdict == "pass":
        told = [part for part in run.parts if part.of(Definition("orders"))]
        assert told
        assert all(not check.bad and check.outcome != "skipped" for part in told for check in part.checks)


@given(body=st.dictionaries(_KEYS, _JSON, max_size=6))
@settings(max_examples=200, deadline=None)
def test_whatever_is_stripped_strips_to_json(body: Any) -> None:
    json.dumps(stripped(body))


_ONE = st.tuples(
    st.sampled_from(["orders", "totals", "other"]), st.sampled_from(["pass", "fail", "error", "skipped"]),
    st.sampled_from(["critical", "warning", "info", "odd"]),
)  # fmt: skip


@given(checks=st.lists(_ONE, max_size=8), declared=st.sets(st.sampled_from(["orders", "totals"]), min_size=1))
@settings(max_examples=300, deadline=None)
def test_a_pass_is_everything_declared_and_everything_passed(
    checks: list[tuple[str, str, str]], declared: set[str]
) -> None:
    """Told again in plain words, independently."""
    body = generic(*(one(outcome, name, severity=severity) for name, outcome, severity in checks))
    found = judged("generic", body, *(Definition(name) for name in sorted(declared)))
    seen = {name for name, _outcome, _severity in checks}
    harmless = all(outcome == "pass" or (outcome == "fail" and severity == "info") for _n, outcome, severity in checks)
    assert (found.verdict == "pass") == (declared <= seen and harmless)
