"""Run by the Python of Great Expectations' own environment: small checkpoints over a table of synthetic orders.

`scenarios.py golden DIRECTORY` writes what Great Expectations tells of each, whole and as `portal_gx` reports it;
`scenarios.py run NAME --url … --spool …` runs one with the real action, the token in PORTAL_TOKEN, and prints what became of it.
"""

import argparse
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.expectations.row_conditions import Column
from portal_gx.action import PortalAction
from portal_gx.stripping import report_of

E = gx.expectations
PLANTED = "planted@secret.example"
TABLE = f"""
CREATE TABLE orders (order_id INTEGER, email TEXT, national_id TEXT, total REAL);
INSERT INTO orders VALUES (1, '{PLANTED}', '1029384756', 5), (2, 'b@example.com', '2', 7), (3, NULL, NULL, -3);
"""
Suites = dict[str, list[Any]]
# Definition → its expectations; what is named twice is one suite on one batch.
SCENARIOS: dict[str, Callable[[], Suites]] = {
    "pass": lambda: {
        "orders": [E.ExpectColumnValuesToNotBeNull(column="order_id"), E.ExpectTableRowCountToEqual(value=3)]
    },
    "fail": lambda: {"orders": [E.ExpectColumnValuesToBeBetween(column="total", min_value=0)]},
    "warning": lambda: {"orders": [E.ExpectColumnValuesToBeBetween(column="total", min_value=0, severity="warning")]},
    "rows": lambda: {"orders": [E.ExpectTableRowCountToEqual(value=4)]},
    "personal": lambda: {"orders": [E.ExpectColumnValuesToBeInSet(column="email", value_set=["b@example.com"])]},
    "regulated": lambda: {"orders": [E.ExpectColumnValuesToNotBeNull(column="national_id")]},
    "new_column": lambda: {"orders": [E.ExpectTableColumnsToMatchSet(column_set=["order_id", "total", "email"])]},
    "moved_columns": lambda: {"orders": [E.ExpectTableColumnsToMatchOrderedList(column_list=["order_id", "total"])]},
    "mostly": lambda: {"orders": [E.ExpectColumnValuesToBeBetween(column="total", min_value=0, mostly=0.6)]},
    "info": lambda: {
        "orders": [
            E.ExpectColumnValuesToNotBeNull(column="order_id"),
            E.ExpectColumnValuesToNotBeNull(column="email", severity="info"),
        ]
    },
    "empty": lambda: {"orders": []},
    "dropped_table": lambda: {
        "orders": [
            E.ExpectColumnValuesToNotBeNull(column="order_id"),
            E.ExpectColumnValuesToBeBetween(column="total", min_value=0),
        ]
    },
    "sql": lambda: {
        "orders": [
            E.UnexpectedRowsExpectation(unexpected_rows_query="SELECT email FROM {batch} WHERE email LIKE 'planted%'")
        ]
    },
    "pair": lambda: {"orders": [E.ExpectColumnPairValuesToBeEqual(column_A="order_id", column_B="total")]},
    "row_condition": lambda: {
        "orders": [
            E.ExpectColumnValuesToBeBetween(
                column="total", min_value=6, row_condition=(Column("email") == PLANTED) & (Column("order_id") > 0)
            )
        ]
    },
    "two_suites": lambda: {
        "orders": [E.ExpectColumnValuesToNotBeNull(column="order_id")],
        "totals": [E.ExpectColumnValuesToNotBeNull(column="total")],
    },
    "overwritten": lambda: {"orders": [E.ExpectColumnValuesToNotBeNull(column="order_id")], "same-again": []},
}
RUN = RunIdentifier(run_name="nightly", run_time=datetime(2026, 11, 25, 3, 0, tzinfo=UTC))


def checkpoint_of(name: str, place: Path, actions: list[Any]) -> Any:
    """The checkpoint of a scenario, over a table of its own."""
    file = place / f"{name}.db"
    with sqlite3.connect(file) as database:
        database.executescript(TABLE)
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_sqlite("shop", connection_string=f"sqlite:///{file}")
    batch = source.add_table_asset("orders", table_name="orders").add_batch_definition_whole_table("whole")
    definitions, first = [], None
    for label, expectations in SCENARIOS[name]().items():
        suite = first
        if suite is None or label != "same-again":
            suite = context.suites.add(gx.ExpectationSuite(name=f"{label}-suite", expectations=expectations))
        first = first or suite
        definition = gx.ValidationDefinition(name=label, data=batch, suite=suite)
        definitions.append(context.validation_definitions.add(definition))
    if name == "dropped_table":
        with sqlite3.connect(file) as database:
            database.execute("DROP TABLE orders")
    return context.checkpoints.add(gx.Checkpoint(name=name, validation_definitions=definitions, actions=actions))


def golden(into: Path) -> None:
    """Write what is told of each scenario."""
    with tempfile.TemporaryDirectory() as place:
        for name in SCENARIOS:
            checkpoint = checkpoint_of(name, Path(place), [])
            result = checkpoint.run(run_id=RUN)
            whole = [one.to_json_dict() for one in result.run_results.values()]
            report = report_of(
                whole,
                checkpoint="orders-daily",
                declared=[
                    {"name": one.name, "suite": one.suite.name, "asset": one.asset.name}
                    for one in checkpoint.validation_definitions
                ],
                names={str(one.id): one.name for one in checkpoint.validation_definitions},
                run_id=result.run_id.to_json_dict(),
            )
            told = {"whole": [settled(one) for one in whole], "report": settled(report)}
            text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
            (into / f"{name}.json").write_text(text, encoding="utf-8")


def settled(value: Any, key: str = "") -> Any:
    """The same without random ids, times of this run and places of this machine; tracebacks keep their first and last line."""
    if isinstance(value, dict):
        if "raised_exception" in value or key != "exception_info":
            return {name: settled(one, name) for name, one in value.items()}
        return {f"metric {number}": settled(one) for number, one in enumerate(value.values())}
    if isinstance(value, list):
        found = [settled(one) for one in value]
        return (
            sorted(found, key=lambda one: json.dumps(one, sort_keys=True))
            if key in ("results", "column_set")
            else found
        )
    if key in ("id", "validation_id", "checkpoint_id") and isinstance(value, str):
        return "00000000-0000-4000-8000-000000000000"
    if key in ("ge_load_time", "great_expectations_version"):
        return ""
    if key == "exception_message" and isinstance(value, str):
        return value.splitlines()[0][:100]
    if key == "exception_traceback" and isinstance(value, str):
        lines = value.strip().splitlines()
        last = next((line for line in reversed(lines) if "Error" in line.split(":")[0] and line[:1].strip()), lines[-1])
        return f"{lines[0]}\n  …\n{last}\n"
    return value


def run(name: str, url: str, spool: str) -> None:
    """Run a scenario with the real action, and print what became of it."""
    action = PortalAction(name="portal", checkpoint="orders-daily", portal_url=url, spool_dir=spool, timeout=5)
    told: list[dict[str, Any]] = []
    plain = PortalAction.run

    def kept(self: Any, *args: Any, **more: Any) -> dict[str, Any]:
        told.append(plain(self, *args, **more))
        return told[-1]

    PortalAction.run = kept  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as place:
        success = checkpoint_of(name, Path(place), [action]).run().success
    sys.stdout.write(json.dumps({"success": success} | told[0]) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["golden", "run"])
    parser.add_argument("name")
    parser.add_argument("--url", default="")
    parser.add_argument("--spool", default="")
    given = parser.parse_args()
    if given.what == "golden":
        golden(Path(given.name))
    else:
        run(given.name, given.url, given.spool)
