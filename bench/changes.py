"""Changes and versions: the cost of propose, sign and apply; the page of versions; the list as it stood, beside the list now.

The raw side of a change writes the same rows (change, proposal, decision, entry, history, audit, notice) with plain SQL in three
transactions. Past and present lists are asked of the same portal, in turn, so their ratio is what matters.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg

from bench.scratch import scratch_database

# What one applied change leaves behind, copied from one that the portal applied; the keys are made anew.
_COPIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "changes_changerequest",
        "id",
        {"applied_version": "NULL", "applied_at": "NULL", "state": "'rejected'", "reason": "'x'"},
    ),
    ("changes_proposal", "id", {"number": "number + %(n)s"}),
    ("audit_auditline", "id", {}),
    ("outbox_outboxevent", "id", {"dedup_key": "dedup_key || %(n)s"}),
    ("connectors_historicalconnector", "history_id", {"version": "version + %(n)s"}),
)
_VERSIONS = """
INSERT INTO connectors_historicalconnector ({names})
SELECT {values} FROM connectors_historicalconnector h CROSS JOIN generate_series(2, %s) AS n
WHERE h.version = 1 AND h.key <> 'crm-lookup'
"""


def _median_ms(call: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent) * 1000


def _columns(raw: psycopg.Connection[Any], table: str) -> list[str]:
    rows = raw.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'", [table]
    )
    return [name for (name,) in rows.fetchall()]


def _raw_change(raw: psycopg.Connection[Any]) -> Callable[[], None]:
    """One round of plain inserts of the same size, in three transactions, one of them with the update of the entry."""
    statements = []
    for table, key, own in _COPIES:
        names = [name for name in _columns(raw, table) if name != key]
        values = ", ".join(own.get(name, f'"{name}"') for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        statements.append(f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} ORDER BY {key} LIMIT 1")
    counter = iter(range(100_000, 10_000_000))

    def change() -> None:
        number = {"n": next(counter)}
        with raw.transaction():
            raw.execute(statements[0], number)
            raw.execute(statements[2], number)
        with raw.transaction():
            raw.execute(statements[1], number)
            raw.execute(statements[2], number)
        with raw.transaction():
            raw.execute("UPDATE connectors_connector SET version = version WHERE key = 'crm-lookup'")
            for statement in statements[2:]:
                raw.execute(statement, number)

    return change


def _ours() -> Callable[[], None]:
    from portal.changes import decisions, services
    from portal.changes.services import Draft
    from portal.operations.services import database_now
    from tests.documents import runtime_tool_document
    from tests.people import actor
    from tests.registering import EVIDENCE

    counter = iter(range(1, 1_000_000))
    amal, omar = actor("amal"), actor("omar")

    def change() -> None:
        number = next(counter)
        document = runtime_tool_document(
            "crm-lookup",
            {"facets.version.number": f"1.0.{number}", "facets.retry.max_attempts": 2 + number % 5},
        )
        draft = Draft(document=document, evidence=EVIDENCE)
        made = services.propose(actor=amal, kind_name="runtime_tool", key="crm-lookup", draft=draft, now=database_now())
        made = services.submit(actor=amal, change_id=made.pk, now=database_now())
        made = decisions.approve(actor=omar, change_id=made.pk, digest=made.digest, now=database_now())
        assert made.state == "applied"

    return change


def _fill_versions(raw: psycopg.Connection[Any], entries: int, versions: int) -> None:
    """So many connectors with so many versions each, a minute apart, the newest a day ago."""
    from connectors.models import Connector
    from tests.documents import runtime_tool_document
    from tests.registering import apply_connector

    while (count := Connector.objects.count()) < entries:
        apply_connector(runtime_tool_document(f"tool-{count:04}"))
    names = [name for name in _columns(raw, "connectors_historicalconnector") if name != "history_id"]
    own = {"version": "n", "history_date": "h.history_date - interval '1 day' - (1000 - n) * interval '1 minute'"}
    values = ", ".join(own.get(name, f'h."{name}"') for name in names)
    raw.execute(_VERSIONS.format(names=", ".join(f'"{name}"' for name in names), values=values), [versions])
    raw.execute("UPDATE connectors_connector SET created_at = created_at - interval '30 days'")
    raw.execute("VACUUM ANALYZE")


def _lists() -> dict[str, Callable[[], bytes]]:
    from django.test import Client

    from portal.operations.services import database_now
    from tests.people import user

    client = Client()
    client.force_login(user("amal"))
    moment = (database_now() - timedelta(days=1, minutes=950)).isoformat()

    def get(address: str, **asked: str) -> Callable[[], bytes]:
        def call() -> bytes:
            answer = client.get(address, asked)
            assert answer.status_code == 200, answer.content[:300]
            content: bytes = answer.content
            return content

        return call

    return {
        "api now": get("/api/v1/connectors/"),
        "api then": get("/api/v1/connectors/", as_of=moment),
        "page now": get("/tools/"),
        "page then": get("/tools/", as_of=moment),
        "versions": get("/tools/tool-0001/", tab="versions"),
    }


def run(options: argparse.Namespace) -> None:
    """Print the medians and ratios."""
    with scratch_database() as url, psycopg.connect(url, autocommit=True) as raw:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from tests.documents import runtime_tool_document
        from tests.registering import apply_connector

        size = len(json.dumps(apply_connector(runtime_tool_document("crm-lookup")).document))
        plain, change = _raw_change(raw), _ours()
        for call in (plain, change):
            _median_ms(call, 10)
        bare, ours = _median_ms(plain, options.changes), _median_ms(change, options.changes)
        print(
            f"propose + submit + sign + apply of {size / 1000:.1f} kB: plain inserts {bare:6.2f} ms   ours {ours:6.2f} ms"
            f"   ratio {ours / bare:5.2f} (aim: under 100 ms)"
        )
        _fill_versions(raw, options.entries, options.versions)
        lists = _lists()
        for ask in lists.values():
            ask()
        spent: dict[str, list[float]] = {name: [] for name in lists}
        for _ in range(options.lists):
            for name, ask in lists.items():
                spent[name].append(_median_ms(ask, 1))
        found = {name: statistics.median(values) for name, values in spent.items()}
        total = options.entries * options.versions
        for kind in ("api", "page"):
            now, then = found[f"{kind} now"], found[f"{kind} then"]
            print(
                f"{kind} list at {total:,} versions: now {now:6.2f} ms   then {then:6.2f} ms   ratio {then / now:4.2f} (aim 3)"
            )
        with CaptureQueriesContext(connection) as made:
            lists["versions"]()
        about = sum("historicalconnector" in query["sql"] for query in made.captured_queries)
        print(
            f"page of 50 versions: {found['versions']:6.2f} ms, {about} queries of versions (aim 3), {len(made)} in all"
        )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--changes", type=int, default=200, help="changes applied, each side (200)")
    parser.add_argument("--entries", type=int, default=1000, help="connectors with versions (1,000)")
    parser.add_argument("--versions", type=int, default=100, help="versions of each (100)")
    parser.add_argument("--lists", type=int, default=60, help="requests to each list (60)")
