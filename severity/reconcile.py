"""The slower look: finds what was skipped, lost or tampered with, from the truth and not from the armed clocks."""

from django.db import connection, transaction

from portal.operations.services import beat
from severity import (
    change_statements,
    drift_statements,
    duty_statements,
    event_statements,
    freshness_statements,
    metric_statements,
    quality_statements,
    statements,
    team_statements,
)
from severity.routing import statements as routing
from severity.sweep import drain, hold_still, run_once

LIMIT = 1000
TASKS = (statements.SLIPS, statements.JUDGED, statements.RAISED)
EVENTS = (event_statements.WAIVERS, event_statements.MOVES)
METRICS = (metric_statements.RANGES, metric_statements.CERTIFICATIONS)
SYNCS = (
    freshness_statements.LATE,
    freshness_statements.JUDGED,
    freshness_statements.NOTICES,
    freshness_statements.NOTICES_OVER,
)
ROUTING = (routing.ROUTE, routing.ESCALATE, routing.TELL)
CHANGES = (change_statements.LATE, change_statements.UNREVIEWED, change_statements.OVER)

# An open task past its deadline whose clock is not armed and that has no incident for it: arm it again.
_REARM = """
UPDATE connectors_trackedtask SET deadline_clock = deadline_at WHERE id IN (
  SELECT t.id FROM connectors_trackedtask t
  WHERE t.ended_at IS NULL AND t.deadline_clock IS NULL AND t.deadline_at < statement_timestamp() - interval '1 minute'
    AND NOT EXISTS (SELECT 1 FROM severity_incident i
                    WHERE i.dedup_key = 'task:' || t.id || ':deadline' AND i.epoch = t.deadline_at)
  ORDER BY t.deadline_at LIMIT %s)
"""
# An ended task with an unresolved incident of a clock, that nobody is going to judge: judge it.
_JUDGE = """
UPDATE connectors_trackedtask SET judge_at = statement_timestamp() WHERE id IN (
  SELECT t.id FROM severity_incident i JOIN connectors_trackedtask t ON t.id = i.task_id
  WHERE i.state IN ('open', 'acknowledged') AND i.source = 'task' AND t.ended_at IS NOT NULL AND t.judge_at IS NULL
    AND i.rule IN ('start', 'deadline', 'stall', 'input', 'blind', 'cancel')
  LIMIT %s)
"""
# A failure that ended unseen: no incident was ever opened for it.
_UNSEEN = """
UPDATE connectors_trackedtask SET judge_at = statement_timestamp() WHERE id IN (
  SELECT t.id FROM connectors_trackedtask t
  WHERE t.judge_at IS NULL AND t.ended_at > statement_timestamp() - interval '1 day'
    AND t.state IN ('failed_tool', 'failed', 'cancelled_remotely', 'lost', 'expired', 'not_started')
    AND NOT EXISTS (SELECT 1 FROM severity_incident i WHERE i.task_id = t.id AND i.rule = t.state)
  LIMIT %s)
"""
# A change that waits past its approval SLA with no clock armed and no incident: arm it again.
_REARM_APPROVAL = """
UPDATE changes_changerequest SET sign_clock = sign_by WHERE id IN (
  SELECT c.id FROM changes_changerequest c
  WHERE c.state = 'in_review' AND c.sign_clock IS NULL AND c.sign_by < statement_timestamp() - interval '1 minute'
    AND NOT EXISTS (SELECT 1 FROM severity_incident i
                    WHERE i.dedup_key = 'change:' || c.id || ':approval_late' AND i.epoch = c.sign_by)
  LIMIT %s)
"""


def tick() -> dict[str, int]:
    """Repair, then judge without skipping locked rows. Returns what was repaired.

    Raises Held while the sweep holds still.
    """
    hold_still()
    counts = {}
    for name, statement in (
        ("rearmed", _REARM),
        ("rejudged", _JUDGE),
        ("unseen", _UNSEEN),
        ("approvals", _REARM_APPROVAL),
        ("teams", team_statements.REARM),
        ("checkpoints", quality_statements.REARM),
        ("tools", drift_statements.REARM),
        ("late_data", freshness_statements.REARM_LATE),
        ("runs", freshness_statements.REJUDGE),
        ("notices", freshness_statements.REARM_NOTICES),
        ("noticed", freshness_statements.REJUDGE_NOTICES),
        ("duties", duty_statements.REARM),
        ("silences", routing.REJUDGE),
        ("windows", routing.FORGET),
    ):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [LIMIT])
            counts[name] = cursor.rowcount
    others = (
        team_statements.TEAMS, quality_statements.CHECKPOINTS, drift_statements.TOOLS, duty_statements.DUTIES,
    )  # fmt: skip
    # One at a time: whoever reports of many syncs holds several of these rows, and must never wait for one that waits for them.
    for statement in SYNCS:
        drain(statement, batch=1, wait=True)
    for statement in (*TASKS, *CHANGES, *EVENTS, *METRICS, *others, *ROUTING):
        drain(statement, wait=True)
    counts["moved_on"] = run_once(event_statements.OVER, LIMIT)[1]
    counts["certified"] = run_once(metric_statements.CERTIFIED, LIMIT)[1]
    beat("severity.reconcile", dict(counts))
    return counts
