"""The gate and the pages of incidents over 10,000 open and 1,000,000 closed incidents, beside the raw limit.

The raw side is the cheapest honest question: one statement that counts the unresolved incidents by severity.
All answer in this process, in turn, without a network; the gate's answer is logged each time, as it is in use.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.scratch import scratch_database

RAW = "SELECT severity, state, count(*) FROM severity_incident WHERE state <> 'resolved' GROUP BY 1, 2"
# Spread over the last 90 days, the rows of readiness, owners, levels; of the open ones V3 are few, V2 a tenth.
FILL = """
INSERT INTO severity_incident (severity, source, rule, subject_kind, subject_key, title, dedup_key, epoch, owner_id, state,
  opened_at, acknowledged_at, mitigated_at, resolved_at, resolved_by_id, repeats, impact, last_update_at, dimension, evidence,
  opened_severity, ack_by, update_by, resolve_by, duty_clock)
SELECT CASE WHEN n %% 1000 = 0 THEN 3 WHEN n %% 10 = 0 THEN 2 ELSE 1 END, 'task', 'deadline', 'task', 'T-' || n,
  'Deadline passed: generate_statement ' || n, %(state)s || ':' || n, at, %(owner)s, %(state)s, at,
  CASE WHEN %(state)s = 'resolved' THEN at + interval '5 minutes' END, NULL,
  CASE WHEN %(state)s = 'resolved' THEN at + interval '1 hour' END, CASE WHEN %(state)s = 'resolved' THEN %(person)s END,
  0, '', at, (ARRAY['connector_health', 'data_quality', 'approval_sla', 'schema_adherence'])[1 + n %% 4],
  '[{"kind": "task"}]', 1, at + interval '8 hours', NULL, at + interval '3 days',
  CASE WHEN %(state)s <> 'resolved' THEN statement_timestamp() + interval '1 hour' END
FROM (SELECT n, statement_timestamp() - (n %% 7776000) * interval '1 second' AS at FROM generate_series(1, %(count)s) n) made
"""


def _fill(closed: int, opened: int) -> None:
    from django.db import connection

    from tests.people import team, user

    owner, person = team("crm-team").pk, user("omar").pk
    with connection.cursor() as cursor:
        for state, count in (("resolved", closed), ("open", opened)):
            cursor.execute(FILL, {"state": state, "count": count, "owner": owner, "person": person})
        cursor.execute("VACUUM ANALYZE")


def _calls() -> dict[str, Callable[[], object]]:
    from django.db import connection
    from django.test import Client

    from portal.operations.services import database_now
    from portal.people.tokens import create_token
    from severity.gate.services import evaluate
    from tests.people import actor, user

    token = create_token(actor=actor("adam"), user=user("amal"), actor_type="human", name="bench", now=database_now())
    machine, browser = Client(headers={"Authorization": f"Bearer {token}"}), Client()
    browser.force_login(user("yusuf"))

    def raw() -> object:
        with connection.cursor() as cursor:
            cursor.execute(RAW)
            return cursor.fetchall()

    def get(client: Client, address: str) -> Callable[[], object]:
        def call() -> object:
            response: Any = client.get(address)
            assert response.status_code == 200, (address, response.status_code, response.content[:300])
            return response.content

        return call

    pages = {
        "list of incidents": "/incidents/",
        "list, V2 only": "/incidents/?severity=V2",
        "list, resolved": "/incidents/?tab=resolved",
        "list, by cause": "/incidents/?sort=rule",
        "board": "/incidents/board/",
        "rates of 90 days": "/incidents/rates/",
        "release": "/releases/r-2026.12/",
        "overview": "/",
    }
    return {
        "raw count": raw,
        "gate, judged": lambda: evaluate("r-2026.12", "staging"),
        "gate over the API, logged": get(machine, "/api/v1/releases/R-2026.12/gate?to=staging"),
        "API list": get(machine, "/api/v1/incidents/?open=true"),
    } | {name: get(browser, address) for name, address in pages.items()}


def run(options: argparse.Namespace) -> None:
    """Print p50, p95 and p99 of each, and the gate beside raw."""
    with scratch_database():
        from severity.gate.services import evaluate
        from tests.releases import world

        world.well()
        _fill(options.closed, options.open)
        told = evaluate("r-2026.12", "staging")
        assert not told.allowed, "among the open ones are V3"
        print(
            f"{options.open:,} open, {options.closed:,} closed; {len(told.blocked)} reasons listed, {told.unlisted} more"
        )
        spent: dict[str, list[float]] = {}
        for name, call in _calls().items():
            for _ in range(5):
                call()
            times = options.times if "gate" in name or "raw" in name else max(options.times // 10, 20)
            spent[name] = sorted(_ms(call) for _ in range(times))
        for name, values in spent.items():
            p50, p95, p99 = (values[min(int(len(values) * part), len(values) - 1)] for part in (0.5, 0.95, 0.99))
            print(f"{name:28} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   p99 {p99:7.2f} ms")
        ratio = statistics.median(spent["gate, judged"]) / statistics.median(spent["raw count"])
        print(f"gate beside raw: {ratio:.2f} (aim: p99 over the API under 20 ms)")


def _ms(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--closed", type=int, default=1_000_000, help="resolved incidents (1,000,000)")
    parser.add_argument("--open", type=int, default=10_000, help="unresolved incidents (10,000)")
    parser.add_argument("--times", type=int, default=500, help="calls of the gate (500)")
