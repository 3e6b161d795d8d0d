"""What the clocks of changes cost when nothing is due: a handful of pages, however many changes wait and were decided."""

import json
from typing import Any

import pytest
from django.db import connection

from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from severity import change_statements, sweep
from tests.changes.deciding import classed
from tests.registering import submitted

pytestmark = pytest.mark.django_db
HANDFUL, FEW, MANY = 10, 2_000, 20_000
_WAKE = "SELECT id FROM changes_changerequest WHERE wake_at <= statement_timestamp() ORDER BY wake_at LIMIT 200"
_COPIES = """
INSERT INTO changes_changerequest ({names})
SELECT {values} FROM changes_changerequest like_this, generate_series(%(first)s, %(last)s) number WHERE like_this.id = %(id)s
"""
# Half of them wait with every clock ahead, half were decided long ago and have none.
_CLOCKS = {
    name: f"CASE WHEN number %% 2 = 0 THEN now() + number * interval '1 minute' + interval '1 {unit}' END"
    for name, unit in (("wake_at", "hour"), ("sign_clock", "day"), ("review_clock", "day"), ("judge_at", "day"))
}


def _copies(upto: int, like: ChangeRequest) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM changes_changerequest")
        present = cursor.fetchone()[0]
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'changes_changerequest' AND column_name <> 'id'"
        )
        names = [name for (name,) in cursor.fetchall()]
        values = [_CLOCKS.get(name, f'like_this."{name}"') for name in names]
        statement = _COPIES.format(names=", ".join(f'"{name}"' for name in names), values=", ".join(values))
        cursor.execute(statement, {"first": present, "last": upto - 1, "id": like.pk})
        cursor.execute("REINDEX TABLE changes_changerequest")
        cursor.execute("ANALYZE changes_changerequest")


def _look(statement: str) -> tuple[set[str], set[str], int]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
        told = cursor.fetchone()[0]
    plan: dict[str, Any] = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    nodes, waiting = [], [plan]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node.get("Plans", ())
    assert plan["Actual Rows"] == 0, "something is due; this is no idle look"
    kinds = {node["Node Type"] for node in nodes}
    return kinds, {node["Index Name"] for node in nodes if "Index Name" in node}, plan["Shared Hit Blocks"]


def test_an_idle_look_reads_a_handful_of_pages_however_many_changes_there_are() -> None:
    change = submitted(classed("A2", "R2"))
    looks = {
        sweep._ANY_DUE[change_statements.LATE]: "change_sign_clock",
        sweep._ANY_DUE[change_statements.UNREVIEWED]: "change_review_clock",
        sweep._ANY_DUE[change_statements.OVER]: "change_judge",
        _WAKE: "change_wake",
    }
    for number in (FEW, MANY):
        _copies(number, change)
        for statement, index in looks.items():
            kinds, indexes, pages = _look(statement)
            assert indexes == {index}
            assert "Seq Scan" not in kinds
            assert pages <= HANDFUL
    assert not any(sweep.tick().values())
    assert ChangeRequest.objects.filter(wake_at__lte=database_now()).count() == 0
