"""Tracked tasks that slip one after the other, and what must be there of each slip: everything, once.

`python -m tests.faults.slips ENDPOINT LATE FAILING FIRST SPAN` writes them into the database of DATABASE_URL.
"""

import os
import sys
from typing import Any

import django
import psycopg

LOOK_MS = 3000
# Of every task: its incidents, and the lines that belong to them. A slip is one of each.
_OF_EACH = """
SELECT t.remote_task_id, count(i.id), coalesce(sum(i.repeats), 0),
  coalesce(sum((SELECT count(*) FROM severity_timelineevent e WHERE e.incident_id = i.id AND e.what = 'opened')), 0),
  coalesce(sum((SELECT count(*) FROM severity_historicalincident h WHERE h.id = i.id)), 0),
  coalesce(sum((SELECT count(*) FROM audit_auditline a
                WHERE a.object_key = 'INC-' || i.id AND a.action = 'incident.opened')), 0),
  coalesce(sum((SELECT count(*) FROM outbox_outboxevent o
                WHERE o.payload ->> 'id' = 'INC-' || i.id AND o.topic = 'incident.opened')), 0)
FROM connectors_trackedtask t LEFT JOIN severity_incident i ON i.task_id = t.id
GROUP BY t.id
"""
# All there is, except what the watch over the portal itself opens when a part of it was really cut off for long.
_TOTALS = """
WITH own AS (SELECT id FROM severity_incident WHERE subject_kind = 'portal')
SELECT (SELECT count(*) FROM severity_incident WHERE id NOT IN (TABLE own)),
  (SELECT count(*) FROM severity_timelineevent WHERE incident_id NOT IN (TABLE own)),
  (SELECT count(*) FROM severity_historicalincident WHERE id NOT IN (TABLE own)),
  (SELECT count(*) FROM audit_auditline
   WHERE object_kind = 'incident' AND object_key NOT IN (SELECT 'INC-' || id FROM own)),
  (SELECT count(*) FROM outbox_outboxevent
   WHERE topic LIKE 'incident.%' AND by_route AND payload ->> 'id' NOT IN (SELECT 'INC-' || id FROM own))
"""
# What a failure tells: everything that was written about incidents which no slip explains.
_STRAYS = """
SELECT i.id, i.rule, i.subject_kind, i.subject_key, i.state, i.repeats, i.opened_at, e.what, e.text, e.at
FROM severity_incident i JOIN severity_timelineevent e ON e.incident_id = i.id
WHERE i.task_id IS NULL OR e.what <> 'opened'
"""
_STUCK = """
SELECT remote_task_id, due_at, judge_at, next_poll_at FROM connectors_trackedtask
WHERE due_at < statement_timestamp() - interval '10 seconds' OR judge_at < statement_timestamp() - interval '10 seconds'
   OR next_poll_at < statement_timestamp() - interval '10 seconds'
"""
_UNSEEN = "SELECT count(*) FROM connectors_trackedtask WHERE ended_at IS NULL AND (last_seen_at < %s) IS NOT FALSE"


class Database:
    """What the test looks at, over a connection of its own that is made anew for every question."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, *values: object) -> Any:
        """The only value of one statement."""
        return self.ask(sql, *values)[0][0]

    def incidents(self, of: str = "") -> int:
        """How many incidents tasks have whose remote name begins like this."""
        sql = "SELECT count(*) FROM severity_incident i JOIN connectors_trackedtask t ON t.id = i.task_id"
        return int(self.one(f"{sql} WHERE starts_with(t.remote_task_id, %s)", of))

    def unseen_since(self, moment: object) -> int:
        """How many open tasks no worker has looked at since then."""
        return int(self.one(_UNSEEN, moment))

    def holds_every_slip_once(self, slips: int) -> None:
        """Each slip has one incident with all that belongs to it, what did not slip has none, and nothing is stuck."""
        wrong = [row for row in self.ask(_OF_EACH) if row[1:] != ((0,) * 6 if is_calm(row[0]) else (1, 0, 1, 1, 1, 1))]
        assert wrong == [], wrong
        totals = self.ask(_TOTALS)
        assert totals == [(slips,) * 5], (totals, self.ask(_STRAYS))
        stuck = self.ask(_STUCK)
        assert stuck == [], stuck


def is_calm(remote: str) -> bool:
    """Whether the task of this name was put there to be in time."""
    return remote.startswith("calm")


def put(
    endpoint: str, *, name: str = "", late: int, failing: int = 0, calm: int = 3, first: float, span: float
) -> None:
    """Watch tasks that slip evenly over `span` seconds, beginning `first` seconds from now: some by the clock, some by
    what their server says when it is asked; and a few that do not."""
    from django.db import connection

    from tests.connectors.tracking import world

    of = world.connector(endpoint)
    for kind, many in (("late", late), ("failing", failing), ("calm", calm)):
        for number in range(many):
            task = world.adopt(of, f"{kind}-{name}{number}")
            after = first + span * number / many
            with connection.cursor() as cursor:
                if kind == "late":
                    cursor.execute(
                        "UPDATE connectors_trackedtask SET (deadline_at, deadline_clock) ="
                        " (SELECT at, at FROM (SELECT statement_timestamp() + %s * interval '1 second' AS at) AS one)"
                        " WHERE id = %s",
                        [after, task.pk],
                    )
                elif kind == "failing":
                    cursor.execute(
                        "UPDATE connectors_trackedtask SET next_poll_at = statement_timestamp() + %s * interval '1 second'"
                        " WHERE id = %s",
                        [after, task.pk],
                    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    put(sys.argv[1], late=int(sys.argv[2]), failing=int(sys.argv[3]), first=float(sys.argv[4]), span=float(sys.argv[5]))
