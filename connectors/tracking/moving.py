"""Moving the clocks of the open tasks of a connector when its SLA changes, in one statement.

A clock that runs is moved on or back by the difference. One that has passed runs again if, by what holds now, its instant lies
ahead; the sweep then finds that the cause of its incident is over.
"""

from collections.abc import Mapping
from typing import Any

from django.db import connection

from connectors.models import Connector
from connectors.models.task import CLOCKS
from connectors.tracking.clocks import CANCEL_SECONDS

# Of a clock that has passed: when it would pass by the new window, as long as what it waits for has not come.
_PASSED_AT = {
    "start": "CASE WHEN t.started_at IS NULL THEN t.accepted_at + {new} END",
    "deadline": "t.deadline_at + {new} - {old}",
    "stall": "CASE WHEN t.state = 'working' THEN coalesce(t.stall_at + {new} - {old}, t.last_change_at + {new}) END",
    "input": "CASE WHEN t.state = 'input_required' THEN t.last_change_at + {new} END",
    "blind": "t.last_seen_at + {new}",
    "cancel": "t.cancel_requested_at + {new}",
}


def _window(clock: str, of: str) -> str:
    return f"{of}.{clock}_seconds * interval '1 second'"


def _clock(clock: str) -> str:
    new, old = _window(clock, "w"), _window(clock, "t")
    passed = _PASSED_AT[clock].format(new=new, old=old)
    return (
        f"{clock}_clock = CASE WHEN w.{clock}_seconds = t.{clock}_seconds THEN t.{clock}_clock"
        f" WHEN t.{clock}_clock IS NOT NULL THEN t.{clock}_clock + {new} - {old}"
        f" WHEN {passed} > statement_timestamp() THEN {passed} END"
    )


# The window of a task by what its connector says now: what its request set itself stays.
_WANTED = {
    clock: f"CASE WHEN sla_told ? '{clock}_seconds' THEN {clock}_seconds ELSE %({clock})s END" for clock in CLOCKS
}
# Only those that differ are locked: most changes of a connector are about something else.
_SLA = f"""
WITH wanted AS MATERIALIZED (
  SELECT id, {", ".join(f"{wanted} AS {clock}_seconds" for clock, wanted in _WANTED.items())}
  FROM connectors_trackedtask
  WHERE connector_id = %(connector)s AND ended_at IS NULL
    AND ({", ".join(_WANTED.values())}) <> ({", ".join(f"{clock}_seconds" for clock in CLOCKS)})
  ORDER BY id FOR NO KEY UPDATE
),
moved AS (
  UPDATE connectors_trackedtask t SET
    {", ".join(_clock(clock) for clock in CLOCKS)},
    deadline_at = t.deadline_at + {_window("deadline", "w")} - {_window("deadline", "t")},
    stall_at = t.stall_at + {_window("stall", "w")} - {_window("stall", "t")},
    {", ".join(f"{clock}_seconds = w.{clock}_seconds" for clock in CLOCKS)},
    judge_at = CASE WHEN {" OR ".join(f"t.{clock}_clock IS NULL" for clock in CLOCKS)}
                    THEN statement_timestamp() ELSE t.judge_at END
  FROM wanted w WHERE t.id = w.id
  RETURNING t.id, t.state, t.remote_status
)
INSERT INTO connectors_observation (task_id, at, what, state, remote_status, detail)
SELECT id, statement_timestamp(), 'sla_changed', state, remote_status, %(told)s FROM moved
"""


# What waits for input now: by the hours that its SLA says, from when it began to wait. Neither what was judged nor what a pause
# has moved since: that keeps its clock, moved like every other.
_HOURS = """
UPDATE connectors_trackedtask t
SET input_clock = CASE WHEN %(hours)s = 'team'
  THEN in_working_hours(t.last_change_at, t.input_seconds, (SELECT hours FROM people_team WHERE id = t.owner_id))
  ELSE t.last_change_at + t.input_seconds * interval '1 second' END
WHERE t.id IN (
  SELECT id FROM connectors_trackedtask
  WHERE connector_id = %(connector)s AND ended_at IS NULL AND state = 'input_required' AND input_clock IS NOT NULL
    AND last_change_at IS NOT NULL AND NOT EXISTS (
      SELECT FROM connectors_observation seen
      WHERE seen.task_id = connectors_trackedtask.id AND seen.what = 'paused' AND seen.at >= last_change_at)
  ORDER BY id FOR NO KEY UPDATE)
"""


def follow_hours(connector: Connector, before: Mapping[str, Any]) -> None:
    """Have what waits for input counted in the hours that the SLA says now, in the running transaction.

    `before` is the task SLA as it was; where it counted alike, nothing moves.
    """
    sla: Mapping[str, Any] = connector.document["runtime_tool"]["task_sla"]
    had, has = ((one.get("input_hours", "always"), one.get("input_seconds")) for one in (before, sla))
    # Another window without hours has been moved with all the others.
    if had == has or had[0] == has[0] == "always":
        return
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, {"hours": has[0], "connector": connector.pk})


def follow_sla(connector: Connector) -> int:
    """Have the open tasks of a runtime tool kept to its task SLA as it is now, in the running transaction; how many moved.

    What the request of a task set itself stays.
    """
    sla: Mapping[str, Any] = connector.document["runtime_tool"]["task_sla"]
    windows = {clock: sla.get(f"{clock}_seconds", CANCEL_SECONDS) for clock in CLOCKS}
    told = ", ".join(f"{clock} {seconds} s" for clock, seconds in windows.items())
    told = f"Version {connector.version} of {connector.key}: {told}."
    with connection.cursor() as cursor:
        cursor.execute(_SLA, {**windows, "connector": connector.pk, "told": told[:500]})
        return int(cursor.rowcount)
