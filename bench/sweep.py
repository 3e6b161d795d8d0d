"""The sweep beside raw SQL, over many open tasks of which none, 1,000 and 50,000 are past due.

The raw side speaks psycopg in autocommit, one statement a batch, and writes to the same tables: incident,
line of the timeline and notice, then moves the task. Ours adds history, audit line, rule texts, the check against an epoch
judged before, and Django. Both run in turn; every run gets tasks that have not slipped before.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import psycopg

from bench.scratch import scratch_database
from bench.tasks import fill

RAW_IDLE = "SELECT id FROM connectors_trackedtask WHERE due_at <= now() ORDER BY due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED"
RAW_SLIPS = """
WITH due AS (
  SELECT id, connector_id, owner_id, operation, deadline_clock FROM connectors_trackedtask
  WHERE due_at <= now() ORDER BY due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
),
opened AS (
  INSERT INTO severity_incident (severity, source, rule, subject_kind, subject_key, subject_id, task_id, connector_id,
    title, dedup_key, epoch, owner_id, state, opened_at, repeats, impact, last_update_at)
  SELECT 1, 'task', 'deadline', 'task', 'T-' || id, id, id, connector_id, 'Deadline passed: ' || operation,
    'task:' || id || ':deadline', deadline_clock, owner_id, 'open', now(), 0, '', now() FROM due
  RETURNING id, title
),
timeline AS (
  INSERT INTO severity_timelineevent (incident_id, at, what, actor_name, severity, text)
  SELECT id, now(), 'opened', 'raw', 1, title FROM opened
),
outbox AS (
  INSERT INTO outbox_outboxevent (topic, subject, team_key, payload, dedup_key)
  SELECT 'incident.opened', title, 'team', jsonb_build_object('id', 'INC-' || id, 'title', title),
    'incident:' || id || ':opened:1' FROM opened
),
moved AS (
  UPDATE connectors_trackedtask t SET deadline_clock = NULL FROM due WHERE t.id = due.id
)
SELECT count(*) FROM due
"""
# A run gets tasks of its own; those of the run before are moved out of reach.
RESTORE = "UPDATE connectors_trackedtask SET deadline_clock = now() + interval '1 day' WHERE deadline_clock IS NULL"
ARM = "UPDATE connectors_trackedtask SET deadline_clock = now() - interval '1 second' WHERE id BETWEEN %s AND %s"


def _raw_slips(raw: psycopg.Connection[Any]) -> int:
    looked = 0
    while True:
        found = raw.execute(RAW_SLIPS).fetchone()
        assert found is not None
        looked += int(found[0])
        if found[0] < 500:
            return looked


def _milliseconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def _median_ms(call: Callable[[], object], times: int) -> float:
    return statistics.median(_milliseconds(call) for _ in range(times))


def _idle(raw: psycopg.Connection[Any], tasks: int, times: int = 1000) -> None:
    from severity import statements, sweep

    calls: dict[str, Callable[[], object]] = {
        "raw": lambda: raw.execute(RAW_IDLE).fetchall(),
        "ours": lambda: sweep.drain(statements.SLIPS),
    }
    for call in calls.values():
        _median_ms(call, 50)
    spent: dict[str, list[float]] = {name: [] for name in calls}
    # Call by call in turn: in blocks, the one whose server process shares a core with this one wins by a factor of two.
    for turn in range(times):
        for name in calls if turn % 2 else reversed(calls):
            spent[name].append(_milliseconds(calls[name]))
    bare, ours = (statistics.median(spent[name]) for name in calls)
    tick = _median_ms(sweep.tick, 100)
    print(
        f"idle, {tasks:>9,} open: raw {bare:5.2f} ms   ours {ours:5.2f} ms   ratio {ours / bare:4.2f} (aim 2)"
        f"   whole tick of three statements, clock and heartbeat {tick:5.2f} ms"
    )


def _slips(raw: psycopg.Connection[Any], due: int, rounds: int, first: int) -> int:
    """Both in turn; returns the first task that has not slipped yet."""
    from severity import statements, sweep

    def ours() -> int:
        looked, opened = sweep.drain(statements.SLIPS)
        assert opened == looked
        return looked

    spent: dict[str, list[float]] = {"raw": [], "ours": []}
    for turn in range(rounds):
        runs: list[tuple[str, Callable[[], int]]] = [("raw", lambda: _raw_slips(raw)), ("ours", ours)]
        for name, run in runs if turn % 2 == 0 else reversed(runs):
            raw.execute(RESTORE)
            raw.execute(ARM, [first, first + due - 1])
            raw.execute("VACUUM ANALYZE connectors_trackedtask")
            first += due
            begun = time.perf_counter()
            looked = run()
            spent[name].append(time.perf_counter() - begun)
            assert looked == due, f"{name}: {looked} of {due} were looked at"
    bare, mine = statistics.median(spent["raw"]), statistics.median(spent["ours"])
    print(
        f"{due:>7,} past due: raw {bare:6.2f} s ({due / bare:6.0f}/s)   ours {mine:6.2f} s ({due / mine:6.0f}/s)"
        f"   rate {bare / mine:4.2f} of raw (aim 0.5; 50,000 in 10 s at most)"
    )
    return first


def run(options: argparse.Namespace) -> None:
    """Print idle cost and the rate of slips, ours and raw, with their ratios."""
    with scratch_database() as url, psycopg.connect(url, autocommit=True, prepare_threshold=None) as raw:
        from portal.operations.services import beat
        from severity.sweep import HEARTBEAT

        # Not prepared, as Django's are not.
        tasks = options.tasks
        few = max(1, tasks // 100)
        fill(few, "http://127.0.0.1:9/mcp")
        _idle(raw, few)
        fill(tasks - few, "http://127.0.0.1:9/mcp")
        _idle(raw, tasks)
        # Every run of two sides uses up its tasks.
        first = 1
        for due in (1_000, 50_000):
            rounds = min(options.rounds, (tasks - first) // (2 * due))
            if rounds:
                first = _slips(raw, due, rounds, first)
            else:
                print(f"{due:>7,} past due: left out, {tasks:,} tasks are too few")
        raw.execute(RESTORE)
        raw.execute("VACUUM ANALYZE connectors_trackedtask")
        # The runs above beat no heart: without this the next tick would take the pause for an outage of its own.
        beat(HEARTBEAT)
        _idle(raw, tasks)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--tasks", type=int, default=1_000_000, help="open tasks (1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side (3)")
