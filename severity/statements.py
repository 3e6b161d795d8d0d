"""The statements of the sweep: judgement set by set, in one transaction with everything it causes.

Each locks its due rows (NO KEY UPDATE, SKIP LOCKED), writes incidents with timeline, history, audit line and notice, and moves
the rows on. Only the database's clock is read. The names of tables and rules are constants of this project; values are bound.
"""

from severity.models import Incident
from severity.rules import CLOCK_RULES, END_RULES, LATE, Level

ACTOR = "portal:severity sweep"
_COLUMNS = [str(field.column) for field in Incident._meta.concrete_fields]
_COLUMN_LIST = ", ".join(f'"{name}"' for name in _COLUMNS)
_NEW = [name for name in _COLUMNS if name != "id"]
_NEW_LIST = ", ".join(f'"{name}"' for name in _NEW)
_CLOCK_NAMES = ", ".join(f"'{rule.name}'" for rule in CLOCK_RULES)
STALL_GRACE = "interval '10 seconds'"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


# What follows from every change of an incident. `changed` holds the incident's columns, `what` happened and how it is `told`.
_EFFECTS = f"""
timeline AS (
  INSERT INTO severity_timelineevent (incident_id, at, what, actor_name, severity, text)
  SELECT id, statement_timestamp(), what, '{ACTOR}', severity, told FROM changed
),
history AS (
  INSERT INTO severity_historicalincident
    ({_COLUMN_LIST}, history_date, history_type, history_change_reason, actor_name)
  SELECT {_COLUMN_LIST}, statement_timestamp(), CASE WHEN what = 'opened' THEN '+' ELSE '~' END, what, '{ACTOR}'
  FROM changed
),
audit AS (
  INSERT INTO audit_auditline
    (at, actor_name, actor_type, action, object_kind, object_key, after_digest, detail, correlation_id, trace_id)
  SELECT statement_timestamp(), '{ACTOR}', 'automated_workflow', 'incident.' || what, 'incident', 'INC-' || id,
         encode(sha256(convert_to(concat_ws('|', id, severity, state, repeats, coalesce(commander_id::text, ''), impact),
                                  'UTF8')), 'hex'), rule, %(correlation)s, %(trace)s
  FROM changed
),
outbox AS (
  INSERT INTO outbox_outboxevent (topic, subject, team_key, payload, dedup_key)
  SELECT 'incident.' || what, left('V' || severity || ' ' || title, 300), team.key,
         jsonb_build_object('id', 'INC-' || changed.id, 'severity', 'V' || severity, 'state', state, 'title', title,
                            'rule', rule, 'subject', subject_key, 'opened_at', opened_at,
                            'url', '/incidents/INC-' || changed.id || '/'),
         'incident:' || changed.id || ':' || what || ':' || severity
  FROM changed JOIN people_team team ON team.id = changed.owner_id
  WHERE what <> 'repeated'
  ON CONFLICT (dedup_key) DO NOTHING
)
"""

# From `found` (task, rule, epoch, title, level, escalates) to incidents; the same epoch is never judged twice.
_OPEN = f"""
INSERT INTO severity_incident ({_NEW_LIST})
  SELECT {{values}}
  FROM found JOIN connectors_connector connector ON connector.id = found.connector_id
  WHERE NOT EXISTS (SELECT 1 FROM severity_incident known
                    WHERE known.dedup_key = 'task:' || found.task_id || ':' || found.rule AND known.epoch = found.epoch)
  ON CONFLICT (dedup_key) WHERE state <> 'resolved'
    DO UPDATE SET repeats = severity_incident.repeats + 1, last_update_at = statement_timestamp()
  RETURNING *, CASE WHEN xmax = 0 THEN 'opened' ELSE 'repeated' END AS what
"""
_VALUES = {
    "severity": f"CASE WHEN connector.customer_impacting THEN {Level.V2.value} ELSE {Level.V1.value} END",
    "source": "'task'",
    "rule": "found.rule",
    "subject_kind": "'task'",
    "subject_key": "'T-' || found.task_id",
    "subject_id": "found.task_id",
    "task_id": "found.task_id",
    "connector_id": "found.connector_id",
    "title": "left(found.title || ': ' || found.operation || ' of ' || connector.name, 300)",
    "dedup_key": "'task:' || found.task_id || ':' || found.rule",
    "epoch": "found.epoch",
    "owner_id": "found.owner_id",
    "commander_id": "NULL::bigint",
    "state": "'open'",
    "opened_at": "statement_timestamp()",
    "acknowledged_at": "NULL::timestamptz",
    "mitigated_at": "NULL::timestamptz",
    "resolved_at": "NULL::timestamptz",
    "escalate_at": "CASE WHEN found.escalates AND NOT connector.customer_impacting"
    " THEN statement_timestamp() + connector.escalation_seconds * interval '1 second' END",
    "repeats": "0",
    "impact": "''",
    "last_update_at": "statement_timestamp()",
}
_OPEN_SQL = _OPEN.format(values=", ".join(_VALUES[name] for name in _NEW))

_PASSED = "t.{0}_clock <= statement_timestamp()"
_FIRED = ",\n    ".join(
    f"{rule.name}_clock = CASE WHEN {_PASSED.format(rule.name)} THEN NULL ELSE t.{rule.name}_clock END"
    for rule in CLOCK_RULES
    if rule.name != "stall"
)
# A stall counts only if a look succeeded after its instant: what the portal itself did not see is unknown, not stalled.
_STALLED = "CASE WHEN due.last_seen_at >= due.stall_clock THEN due.stall_clock END"
_CLOCK_ROWS = ",\n    ".join(
    f"({_quoted(rule.name)}, {_STALLED if rule.name == 'stall' else f'due.{rule.name}_clock'}, "
    f"{_quoted(rule.title)}, {_quoted(rule.told)})"
    for rule in CLOCK_RULES
)

SLIPS = f"""
WITH due AS (
  SELECT id, connector_id, owner_id, operation, last_seen_at,
         {", ".join(f"{rule.name}_clock" for rule in CLOCK_RULES)}
  FROM connectors_trackedtask
  WHERE due_at <= statement_timestamp()
  ORDER BY due_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE {{skip}}
),
found AS (
  SELECT due.id AS task_id, due.connector_id, due.owner_id, due.operation, slip.rule, slip.clock AS epoch,
         slip.title, slip.told, true AS escalates
  FROM due CROSS JOIN LATERAL (VALUES
    {_CLOCK_ROWS}
  ) AS slip (rule, clock, title, told)
  WHERE slip.clock <= statement_timestamp()
),
opened AS ({_OPEN_SQL}),
changed AS (
  SELECT opened.*, found.told FROM opened JOIN found ON found.task_id = opened.task_id AND found.rule = opened.rule
),
{_EFFECTS},
moved AS (
  UPDATE connectors_trackedtask t SET
    {_FIRED},
    stall_clock = CASE WHEN NOT ({_PASSED.format("stall")}) OR t.stall_clock IS NULL THEN t.stall_clock
                       WHEN t.last_seen_at >= t.stall_clock THEN NULL
                       ELSE statement_timestamp() + {STALL_GRACE} END
  FROM due WHERE t.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what = 'opened')
"""

_END_ROWS = ", ".join(f"({_quoted(r.name)}, {_quoted(r.title)}, {_quoted(r.told)})" for r in (*END_RULES, LATE))

JUDGED = f"""
WITH due AS (
  SELECT * FROM connectors_trackedtask
  WHERE judge_at <= statement_timestamp()
  ORDER BY judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE {{skip}}
),
ends AS (
  SELECT due.*, CASE
      WHEN due.state <> 'completed' THEN due.state
      WHEN due.ended_at > due.deadline_at AND NOT EXISTS (
        SELECT 1 FROM severity_incident known
        WHERE known.dedup_key = 'task:' || due.id || ':deadline' AND known.epoch = due.deadline_at
      ) THEN '{LATE.name}' END AS end_rule
  FROM due WHERE due.ended_at IS NOT NULL
),
found AS (
  SELECT ends.id AS task_id, ends.connector_id, ends.owner_id, ends.operation, ended.rule, ends.ended_at AS epoch,
         ended.title, ended.told, false AS escalates
  FROM ends JOIN (VALUES {_END_ROWS}) AS ended (rule, title, told) ON ended.rule = ends.end_rule
),
opened AS ({_OPEN_SQL}),
recovered AS (
  UPDATE severity_incident i SET
    state = CASE WHEN i.severity <= {Level.V1.value} THEN 'resolved' ELSE 'mitigated' END,
    resolved_at = CASE WHEN i.severity <= {Level.V1.value} THEN statement_timestamp() END,
    mitigated_at = CASE WHEN i.severity <= {Level.V1.value} THEN i.mitigated_at ELSE statement_timestamp() END,
    escalate_at = NULL,
    last_update_at = statement_timestamp()
  FROM due
  WHERE i.task_id = due.id AND i.source = 'task' AND i.rule IN ({_CLOCK_NAMES})
    AND (i.severity <= {Level.V1.value} AND i.state <> 'resolved'
         OR i.severity = {Level.V2.value} AND i.state IN ('open', 'acknowledged'))
    AND (due.ended_at IS NOT NULL
         OR i.rule = 'start' AND due.started_at IS NOT NULL
         OR i.rule = 'stall' AND due.stall_clock IS NOT NULL
         OR i.rule = 'blind' AND due.blind_clock IS NOT NULL
         OR i.rule = 'input' AND due.state <> 'input_required')
  RETURNING i.*, CASE WHEN i.severity <= {Level.V1.value} THEN 'resolved' ELSE 'mitigated' END AS what,
    CASE WHEN due.ended_at IS NULL THEN 'Its cause is over.'
         WHEN due.ended_at > due.deadline_at THEN 'The task ended ' || to_char(due.ended_at - due.deadline_at, 'HH24:MI:SS')
              || ' after its deadline (' || due.state || ').'
         ELSE 'The task ended (' || due.state || ').' END AS told
),
changed AS (
  SELECT opened.*, found.told FROM opened JOIN found ON found.task_id = opened.task_id AND found.rule = opened.rule
  UNION ALL SELECT * FROM recovered
),
{_EFFECTS},
moved AS (
  UPDATE connectors_trackedtask t SET judge_at = NULL FROM due WHERE t.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""

RAISED = f"""
WITH due AS (
  SELECT id FROM severity_incident
  WHERE escalate_at <= statement_timestamp()
  ORDER BY escalate_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE {{skip}}
),
changed AS (
  UPDATE severity_incident i SET severity = {Level.V2.value}, escalate_at = NULL, last_update_at = statement_timestamp()
  FROM due WHERE i.id = due.id
  RETURNING i.*, 'raised' AS what, 'It lasted past the escalation time of its connector.' AS told
),
{_EFFECTS}
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""
