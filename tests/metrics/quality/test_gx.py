"""What real Great Expectations tells (tests/gx/golden, made by `make gx`), whole and stripped, and what is made of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from portal_gx import report_of, stripped

from metrics.models import CheckpointRun
from metrics.quality.reading import digest, read
from metrics.quality.rules import Definition, Judged, circumstance, judge
from metrics.quality.taking import Report, take
from portal.operations.services import database_now
from tests.metrics.quality.checking import checkpoint, stored
from tests.people import actor, machine

GOLDEN = Path(__file__).parents[2] / "gx" / "golden"
NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
CLASSES = {"order_id": "internal", "total": "public", "email": "personal", "national_id": "regulated"}
DATASET: dict[str, Any] = {
    "columns": [{"name": name, "classification": one, "description": ""} for name, one in CLASSES.items()],
    "consumers": [],
}
CONSUMED = DATASET | {"consumers": [{"kind": "downstream_model", "name": "Forecast", "address": ""}]}
ORDERS = [Definition("orders", "orders-suite", "orders")]
# Scenario → verdict, columns of what failed, unknowable, circumstance without and with consumers.
EXPECTED = {
    "pass": ("pass", [], False, "plain", "customer"),
    "fail": ("fail", ["total"], False, "plain", "customer"),
    "warning": ("fail", ["total"], False, "plain", "customer"),
    "rows": ("fail", [], False, "plain", "customer"),
    "personal": ("fail", ["email"], False, "regulated", "regulated"),
    "regulated": ("fail", ["national_id"], False, "regulated", "regulated"),
    "new_column": ("fail", ["email", "national_id", "order_id", "total"], False, "regulated", "regulated"),
    "moved_columns": ("fail", ["email", "national_id", "order_id", "total"], False, "regulated", "regulated"),
    "mostly": ("pass", [], False, "plain", "customer"),
    "info": ("pass", [], False, "plain", "customer"),
    "empty": ("empty", [], False, "plain", "customer"),
    "dropped_table": ("error", ["order_id", "total"], False, "plain", "customer"),
    "sql": ("fail", [], True, "regulated", "regulated"),
    "pair": ("fail", ["order_id", "total"], False, "plain", "customer"),
    "row_condition": ("fail", ["email", "order_id", "total"], False, "regulated", "regulated"),
    "two_suites": ("pass", [], False, "plain", "customer"),
    "overwritten": ("incomplete", [], False, "plain", "customer"),
}


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return found


def judged(body: Any, declared: list[Definition] | None = None) -> Judged:
    return judge(read("gx", body, NOW), ORDERS if declared is None else declared)


def declared_by(name: str) -> list[Definition]:
    return [Definition(one["name"], one["suite"], one["asset"]) for one in golden(name)["report"]["definitions"]]


def test_every_golden_result_has_an_expectation() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("form", ["report", "whole"])
def test_what_is_made_of_it(name: str, form: str) -> None:
    body = golden(name)["report"] if form == "report" else {"run_results": golden(name)["whole"]}
    verdict, columns, unknowable, alone, consumed = EXPECTED[name]
    found = judged(body, declared_by(name))
    assert (found.verdict, found.columns, found.unknowable) == (verdict, columns, unknowable), found.told
    for document, expected in ((DATASET, alone), (CONSUMED, consumed)):
        assert circumstance(document, found.columns, unknowable=found.unknowable) == expected


def test_a_column_that_nobody_classified_counts_as_regulated() -> None:
    fewer = DATASET | {"columns": [one for one in DATASET["columns"] if one["name"] != "total"]}
    found = judged(golden("fail")["report"])
    assert circumstance(fewer, found.columns, unknowable=False) == "regulated"
    assert circumstance({"columns": [], "consumers": []}, found.columns, unknowable=False) == "regulated"


def test_two_definitions_on_one_batch_block_whatever_the_portal_knows_of_them() -> None:
    """Great Expectations tells one result for both; the action says that there were two."""
    body = golden("overwritten")["report"]
    assert [one["name"] for one in body["definitions"]] == ["orders", "same-again"]
    assert [one["definition"] for one in body["run_results"]] == ["same-again"]
    for known in (ORDERS, declared_by("overwritten"), [Definition("same-again")]):
        assert judged(body, known).verdict == "incomplete"
    # Of a file, which names no definition, only the portal's own declaration tells.
    assert (
        judged({"run_results": golden("overwritten")["whole"] * 2}, declared_by("overwritten")).verdict == "incomplete"
    )


def test_a_failure_for_information_only_is_counted_and_told() -> None:
    found = judged(golden("info")["report"])
    assert found.told == "1 failed for information only."
    assert (found.results[0]["noted"], found.results[0]["checks"]) == (1, 2)
    body = golden("info")["report"]
    for one in body["run_results"][0]["results"]:
        one["expectation_config"]["severity"] = "harmless"
    assert judged(body).verdict == "fail", "a severity that is not known counts as critical"


def test_another_suite_or_asset_than_declared_is_not_what_was_declared() -> None:
    for one in (Definition("orders", "strict-suite"), Definition("orders", "orders-suite", "invoices")):
        found = judged(golden("pass")["report"], [one])
        assert (found.verdict, found.results[0]["received"]) == ("incomplete", False)


def test_a_suite_that_says_it_failed_and_not_why_is_an_error_of_unknown_reach() -> None:
    body = golden("pass")["report"]
    body["run_results"][0]["success"] = False
    found = judged(body)
    assert (found.verdict, found.unknowable) == ("error", True)


def test_results_that_were_cut_off_are_incomplete() -> None:
    body = golden("pass")["report"]
    body["run_results"][0]["results"].pop()
    assert judged(body).verdict == "incomplete"


@pytest.mark.parametrize(
    ("condition", "columns", "unknowable"),
    [
        (None, ["total"], False),
        ("email == 'planted@secret.example'", ["total"], True),
        ({"type": "pass_through", "pass_through_filter": "email IS NULL"}, ["total"], True),
        ({"type": "nullity", "column": {"name": "email"}, "is_null": True}, ["email", "total"], False),
        ({"type": "or", "conditions": [{"type": "comparison", "column": {"name": "email"}, "operator": "==", "parameter": 1},
                                       {"type": "magic"}]}, ["email", "total"], True),
        ({}, ["total"], True),
        (7, ["total"], True),
    ],
)  # fmt: skip
def test_columns_of_row_conditions(condition: Any, columns: list[str], unknowable: bool) -> None:
    whole = golden("fail")["whole"]
    whole[0]["results"][0]["expectation_config"]["kwargs"]["row_condition"] = condition
    for body in ({"run_results": whole}, {"run_results": [stripped(whole[0])]}):
        found = judged(body)
        assert (found.columns, found.unknowable) == (columns, unknowable)
    assert "planted" not in json.dumps(stripped(whole[0]))


@pytest.mark.parametrize(
    ("kind", "kwargs", "columns", "unknowable"),
    [
        ("expect_no_bad_rows", {"column": "total", "unexpected_rows_query": "SELECT email"}, ["total"], True),
        ("expect_column_max_to_be_between", {"column": "total", "base_query": "SELECT 1"}, ["total"], True),
        ("expect_column_max_to_be_between", {"column": "total", "comparison_query": "SELECT 1"}, ["total"], True),
        ("expect_something_of_ours", {}, [], True),
        ("expect_something_of_ours", {"column": "total"}, ["total"], False),
        ("expect_table_row_count_to_equal", {"value": 3}, [], False),
        ("expect_compound_columns_to_be_unique", {"column_list": ["order_id", "total"]}, ["order_id", "total"], False),
        ("expect_compound_columns_to_be_unique", {"column_list": "order_id"}, [], True),
        ("expect_column_values_to_not_be_null", {"column": 3}, ["3"], False),
        ("expect_column_values_to_not_be_null", {"column": {"planted": 1}}, [], True),
    ],
)
def test_columns_of_expectations(kind: str, kwargs: Any, columns: list[str], unknowable: bool) -> None:
    whole = golden("fail")["whole"]
    whole[0]["results"][0]["expectation_config"] |= {"type": kind, "kwargs": kwargs}
    for body in ({"run_results": whole}, {"run_results": [stripped(whole[0])]}):
        found = judged(body)
        assert (found.verdict, found.columns, found.unknowable) == ("fail", columns, unknowable)


@pytest.mark.parametrize("name", EXPECTED)
def test_stripping_keeps_names_and_counts_alone(name: str) -> None:
    whole = golden(name)["whole"]
    told = json.dumps([stripped(one) for one in whole])
    for secret in (
        "planted",
        "b@example.com",
        "1029384756",
        "-3",
        "no such table",
        "Traceback",
        "LIKE",
        "partial_unexpected",
    ):
        assert secret not in told
    again = report_of(
        whole, checkpoint="orders-daily", declared=golden(name)["report"]["definitions"], names={},
        run_id=golden(name)["report"]["run_id"],
    )  # fmt: skip
    named = golden(name)["report"]
    for one in named["run_results"]:
        one.pop("definition", None)
    assert json.loads(json.dumps(again)) == named


def test_the_golden_results_hold_what_must_not_pass() -> None:
    """Or else the tests above would show nothing."""
    assert "planted@secret.example" in json.dumps(golden("personal")["whole"])
    assert "no such table" in json.dumps(golden("dropped_table")["whole"])
    assert "LIKE" in json.dumps(golden("sql")["whole"])


def long_traceback() -> list[Any]:
    """The dropped table with a traceback of 156 kB, as Great Expectations tells it."""
    whole = golden("dropped_table")["whole"]
    lines = "".join(
        f'  File "/srv/app/engine.py", line {number}, in run\n    run({number})\n' for number in range(3_000)
    )
    for result in whole[0]["results"]:
        for one in result["exception_info"].values():
            one["exception_traceback"] = (
                f"Traceback (most recent call last):\n{lines}"[:156_000]
                + "\nsqlalchemy.exc.OperationalError: (planted@secret.example) no such table\n"
            )
    return list(whole)


@pytest.mark.django_db
def test_a_traceback_of_156_kb_is_taken_and_dropped() -> None:
    stored()
    checkpoint(tool="gx")
    body = {"run_results": long_traceback()}
    assert len(json.dumps(body)) > 2 * 156_000
    body["run_results"][0]["meta"]["run_id"]["run_time"] = database_now().isoformat()
    machine("prober")
    taken = take(actor=actor("prober"), report=Report("orders-daily", "gx", body), now=database_now())
    assert taken.verdict == "error"
    kept = json.dumps(CheckpointRun.objects.get().results)
    assert len(kept) < 2_000
    assert "OperationalError" in kept
    assert "planted" not in kept
    assert len(json.dumps(stripped(body["run_results"][0]))) < 3_000


def test_the_same_told_twice_has_one_digest_and_anything_else_another() -> None:
    body = golden("fail")["report"]
    first = digest(read("gx", body, NOW))
    assert digest(read("gx", golden("fail")["report"], NOW)) == first
    body["run_results"][0]["results"][0]["result"]["unexpected_count"] += 1
    assert digest(read("gx", body, NOW)) != first
