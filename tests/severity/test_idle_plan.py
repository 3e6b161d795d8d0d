"""What a sweep reads when nothing is due: a handful of pages, however many tasks are open."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from severity import duty_statements, statements, sweep
from tests.severity.slipping import AHEAD, running

pytestmark = pytest.mark.django_db
HANDFUL = 10
FEW, MANY = 5_000, 50_000
INDEXES = {
    statements.SLIPS: "task_due",
    statements.JUDGED: "task_judge",
    statements.RAISED: "incident_escalate",
    duty_statements.DUTIES: "incident_duty",
}
_TASKS = """
INSERT INTO connectors_trackedtask ({names})
SELECT {values} FROM connectors_trackedtask like_this, generate_series(%(first)s, %(last)s) number
WHERE like_this.id = %(id)s
"""
# The clocks of the copies stand at different instants ahead, and a lasting incident of each rises some time.
_OWN = {
    "idempotency_key": "'copy-' || number",
    "deadline_clock": "like_this.deadline_clock + number * interval '1 second'",
    "blind_clock": "like_this.deadline_clock + number * interval '1 minute'",
}
_INCIDENTS = """
INSERT INTO severity_incident (severity, source, rule, subject_kind, subject_key, subject_id, task_id, connector_id, title,
  dedup_key, epoch, owner_id, state, opened_at, last_update_at, escalate_at,
  duty_clock)
SELECT 1, 'task', 'deadline', 'task', 'T-' || id, id, id, connector_id, 'Late', 'task:' || id || ':deadline', deadline_clock,
  owner_id, 'open', now(), now(), deadline_clock,
  deadline_clock
FROM connectors_trackedtask task
WHERE NOT EXISTS (SELECT 1 FROM severity_incident known WHERE known.task_id = task.id)
"""


def _open_tasks(upto: int, like: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM connectors_trackedtask")
        present = cursor.fetchone()[0]
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'connectors_trackedtask' AND is_generated = 'NEVER' AND column_name <> 'id'"
        )
        names = [name for (name,) in cursor.fetchall()]
        values = [_OWN.get(name, f'like_this."{name}"') for name in names]
        statement = _TASKS.format(names=", ".join(f'"{name}"' for name in names), values=", ".join(values))
        cursor.execute(statement, {"first": present, "last": upto - 1, "id": like})
        cursor.execute(_INCIDENTS)
        # Without the dead entries that other tests left in the indexes when they were rolled back.
        cursor.execute("REINDEX TABLE connectors_trackedtask")
        cursor.execute("REINDEX TABLE severity_incident")
        cursor.execute("ANALYZE connectors_trackedtask, severity_incident")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _look(statement: str) -> tuple[set[str], set[str], int]:
    """The kinds of the plan's nodes, its indexes, and how many pages the idle look read."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sweep._ANY_DUE[statement]}")
        told = cursor.fetchone()[0]
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    nodes = list(_nodes(plan))
    assert plan["Actual Rows"] == 0, "something is due; this is no idle look"
    return (
        {node["Node Type"] for node in nodes},
        {node["Index Name"] for node in nodes if "Index Name" in node},
        plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
    )


def test_an_idle_look_reads_a_handful_of_pages_however_many_tasks_are_open() -> None:
    first = running(deadline=AHEAD, blind=AHEAD)
    read: dict[int, dict[str, int]] = {}
    for number in (FEW, MANY):
        _open_tasks(number, first.pk)
        read[number] = {}
        for statement, index in INDEXES.items():
            kinds, indexes, pages = _look(statement)
            assert indexes == {index}
            assert "Seq Scan" not in kinds
            assert pages <= HANDFUL
            read[number][index] = pages
    assert read[FEW] == read[MANY]
    assert not any(sweep.tick().values())
