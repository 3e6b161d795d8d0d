"""The statements of the sweep: judgement set by set, in one transaction with everything it causes.

Each locks its due rows (NO KEY UPDATE, SKIP LOCKED), writes incidents with timeline, history, audit line and notice, and moves
the rows on. Only the database's clock is read. The names of tables and rules are constants of this project; values are bound.

Before use a statement is completed by `complete`: whether it skips or waits for locked rows, and which rows it leaves out.
"""

from severity.models import Incident
from severity.rules import CLOCK_RULES, END_RULES, LATE, UNJUDGED, Level

ACTOR = "portal:severity sweep"
_COLUMNS = [str(field.column) for field in Incident._meta.concrete_fields]
_COLUMN_LIST = ", ".join(f'"{name}"' for name in _COLUMNS)
_NEW = [name for name in _COLUMNS if name != "id"]
_NEW_LIST = ", ".join(f'"{name}"' for name in _NEW)
_CLOCK_NAMES = ", ".join(f"'{rule.name}'" for rule in CLOCK_RULES)
STALL_GRACE = "interval '10 seconds'"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _of(alias: str) -> str:
    return ", ".join(f'{alias}."{name}"' for name in _COLUMNS)


def _fingerprint(alias: str) -> str:
    """The digest that `severity.rules.fingerprint` computes."""
    parts = ", ".join(f"{alias}.{name}" for name in ("id", "severity", "state", "repeats"))
    text = f"concat_ws('|', {parts}, coalesce({alias}.commander_id::text, ''), {alias}.impact)"
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


def _over(task: str) -> str:
    """Whether the cause of the clock's incident `i` is over, by the row of its task."""
    return (
        f"({task}.ended_at IS NOT NULL"
        f" OR i.rule = 'start' AND {task}.started_at IS NOT NULL"
        f" OR i.rule = 'stall' AND ({task}.state <> 'working' OR {task}.stall_clock IS NOT NULL)"
        f" OR i.rule = 'blind' AND {task}.blind_clock IS NOT NULL"
        f" OR i.rule = 'input' AND {task}.state <> 'input_required')"
    )


def complete(statement: str, *, wait: bool = False) -> str:
    """The statement as text with bound parameters: `limit`, `only` and `aside` (ids, None = all), `correlation`, `trace`."""
    return statement.replace("/*LOCK*/", "" if wait else "SKIP LOCKED")


# Which due rows: all but those set aside, or only some.
_CHOSEN = "(%(only)s::bigint[] IS NULL OR {0}.id = ANY(%(only)s)) AND {0}.id <> ALL(%(aside)s::bigint[])"

# What follows from every change of an incident. `changed` holds the incident's columns, `what` happened, how it is `told`, the
# digest `before` it and the `correlation` of its task.
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
  INSERT INTO audit_auditline (at, actor_name, actor_type, action, object_kind, object_key, before_digest, after_digest,
    detail, correlation_id, trace_id)
  SELECT statement_timestamp(), '{ACTOR}', 'automated_workflow', 'incident.' || what, 'incident', 'INC-' || id,
         before, {_fingerprint("changed")}, rule, coalesce(nullif(%(correlation)s, ''), correlation), %(trace)s
  FROM changed
),
outbox AS (
  INSERT INTO outbox_outboxevent (topic, subject, team_key, payload, dedup_key)
  SELECT 'incident.' || what, left('V' || severity || ' ' || what || ': ' || title, 300), team.key,
         jsonb_build_object('id', 'INC-' || changed.id, 'severity', 'V' || severity, 'state', changed.state, 'title', title,
                            'rule', rule, 'subject', subject_key, 'connector', connector.key, 'task', task_id,
                            'opened_at', opened_at, 'by', '{ACTOR}', 'url', '/incidents/INC-' || changed.id || '/'),
         'incident:' || changed.id || ':' || what || ':' || severity || ':' || repeats
  FROM changed JOIN people_team team ON team.id = changed.owner_id
    LEFT JOIN connectors_connector connector ON connector.id = changed.connector_id
  WHERE what <> 'repeated'
  ON CONFLICT (dedup_key) DO NOTHING
)
"""

# From `found` (task, rule, epoch, title, level, escalates) to incidents. The same epoch is never judged twice; another epoch of
# an unresolved incident counts on it, and brings it back if it was mitigated.
_OPEN = """
INSERT INTO severity_incident ({columns})
  SELECT {values}
  FROM found JOIN connectors_connector connector ON connector.id = found.connector_id
  WHERE NOT EXISTS (SELECT 1 FROM severity_incident known
                    WHERE known.dedup_key = found.dedup_key AND known.epoch = found.epoch)
  ON CONFLICT (dedup_key) WHERE state <> 'resolved' DO UPDATE SET
    repeats = severity_incident.repeats + 1,
    epoch = excluded.epoch,
    severity = greatest(severity_incident.severity, excluded.severity),
    state = CASE WHEN severity_incident.state <> 'mitigated' THEN severity_incident.state
                 WHEN severity_incident.acknowledged_at IS NULL THEN 'open' ELSE 'acknowledged' END,
    mitigated_at = NULL,
    escalate_at = CASE WHEN greatest(severity_incident.severity, excluded.severity) = {v1}
                       THEN coalesce(severity_incident.escalate_at, excluded.escalate_at) END,
    last_update_at = statement_timestamp()
  RETURNING *, xmax = 0 AS fresh
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
    "dedup_key": "found.dedup_key",
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


def _open(**other: str) -> str:
    values = _VALUES | other
    return _OPEN.format(columns=_NEW_LIST, values=", ".join(values[name] for name in _NEW), v1=Level.V1.value)


# The statement sees the rows as they were before it: `known` is the incident before this repeat.
_OPENED_CHANGES = f"""
  SELECT {_of("opened")}, CASE WHEN opened.fresh THEN 'opened' ELSE (
      SELECT CASE WHEN opened.severity > known.severity THEN 'raised'
                  WHEN known.state = 'mitigated' THEN 'reopened' ELSE 'repeated' END
      FROM severity_incident known WHERE known.id = opened.id) END AS what,
    found.told,
    CASE WHEN opened.fresh THEN '' ELSE (
      SELECT {_fingerprint("known")} FROM severity_incident known WHERE known.id = opened.id) END AS before,
    found.correlation
  FROM opened JOIN found ON found.dedup_key = opened.dedup_key
"""

_PASSED = "due.{0}_clock <= statement_timestamp()"
_FIRED = ",\n    ".join(
    f"{rule.name}_clock = CASE WHEN {_PASSED.format(rule.name)} THEN NULL ELSE due.{rule.name}_clock END"
    for rule in CLOCK_RULES
    if rule.name != "stall"
)
# A stall counts only if a look succeeded after its instant: what the portal itself did not see is unknown, not stalled. The
# clock is pushed on until then; the instant is not, or slow looks would chase it for ever.
_STALL_AT = (
    "least(stall_clock, coalesce(last_change_at, started_at, accepted_at) + stall_seconds * interval '1 second')"
)
_STALLED = f"CASE WHEN {_PASSED.format('stall')} AND due.last_seen_at >= due.stall_at THEN due.stall_at END"
_CLOCK_ROWS = ",\n    ".join(
    f"({_quoted(rule.name)}, {_STALLED if rule.name == 'stall' else f'due.{rule.name}_clock'}, "
    f"{_quoted(rule.title)}, {_quoted(rule.told)})"
    for rule in CLOCK_RULES
)

SLIPS = f"""
WITH due AS (
  SELECT id, connector_id, owner_id, operation, correlation_id, last_seen_at, {_STALL_AT} AS stall_at,
         {", ".join(f"{rule.name}_clock" for rule in CLOCK_RULES)}
  FROM connectors_trackedtask task
  WHERE due_at <= statement_timestamp() AND {_CHOSEN.format("task")}
  ORDER BY due_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
found AS (
  SELECT due.id AS task_id, due.connector_id, due.owner_id, due.operation, due.correlation_id AS correlation, slip.rule,
         'task:' || due.id || ':' || slip.rule AS dedup_key, slip.clock AS epoch, slip.title, slip.told, true AS escalates
  FROM due CROSS JOIN LATERAL (VALUES
    {_CLOCK_ROWS}
  ) AS slip (rule, clock, title, told)
  WHERE slip.clock <= statement_timestamp()
),
opened AS ({_open()}),
changed AS ({_OPENED_CHANGES}),
{_EFFECTS},
moved AS (
  UPDATE connectors_trackedtask t SET
    {_FIRED},
    stall_clock = CASE WHEN due.stall_clock > statement_timestamp() THEN due.stall_clock
                       WHEN due.stall_clock IS NULL OR due.last_seen_at >= due.stall_at THEN NULL
                       ELSE statement_timestamp() + {STALL_GRACE} END
  FROM due WHERE t.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

_END_ROWS = ", ".join(f"({_quoted(r.name)}, {_quoted(r.title)}, {_quoted(r.told)})" for r in (*END_RULES, LATE))

JUDGED = f"""
WITH due AS (
  SELECT task.* FROM connectors_trackedtask task
  WHERE judge_at <= statement_timestamp() AND {_CHOSEN.format("task")}
  ORDER BY judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
ends AS (
  SELECT due.*, CASE
      WHEN due.state <> 'completed' THEN due.state
      WHEN due.ended_at > due.deadline_at AND NOT EXISTS (
        SELECT 1 FROM severity_incident known WHERE known.dedup_key = 'task:' || due.id || ':deadline'
      ) THEN '{LATE.name}' END AS end_rule
  FROM due WHERE due.ended_at IS NOT NULL
),
found AS (
  SELECT ends.id AS task_id, ends.connector_id, ends.owner_id, ends.operation, ends.correlation_id AS correlation, ended.rule,
         'task:' || ends.id || ':' || ended.rule AS dedup_key, ends.ended_at AS epoch, ended.title, ended.told,
         false AS escalates
  FROM ends JOIN (VALUES {_END_ROWS}) AS ended (rule, title, told) ON ended.rule = ends.end_rule
),
opened AS ({_open()}),
was AS MATERIALIZED (
  SELECT i.id, due.id AS task_id, {_fingerprint("i")} AS before
  FROM due CROSS JOIN LATERAL (
    SELECT * FROM severity_incident i
    WHERE i.task_id = due.id AND i.source = 'task' AND i.rule IN ({_CLOCK_NAMES}) AND i.state <> 'resolved' OFFSET 0) i
  WHERE {_over("due")}
),
recovered AS (
  UPDATE severity_incident i SET
    state = CASE WHEN i.severity <= {Level.V1.value} THEN 'resolved' ELSE 'mitigated' END,
    resolved_at = CASE WHEN i.severity <= {Level.V1.value} THEN statement_timestamp() END,
    mitigated_at = CASE WHEN i.severity <= {Level.V1.value} THEN i.mitigated_at ELSE statement_timestamp() END,
    escalate_at = NULL,
    last_update_at = statement_timestamp()
  WHERE i.id = ANY(ARRAY(SELECT id FROM was))
    AND (i.severity <= {Level.V1.value} AND i.state <> 'resolved'
         OR i.severity = {Level.V2.value} AND i.state IN ('open', 'acknowledged'))
  RETURNING *
),
changed AS ({_OPENED_CHANGES}
  UNION ALL
  SELECT {_of("recovered")}, recovered.state AS what,
    CASE WHEN due.ended_at IS NULL THEN 'Its cause is over.'
         WHEN due.ended_at > due.deadline_at THEN 'The task ended ' || to_char(due.ended_at - due.deadline_at, 'HH24:MI:SS')
              || ' after its deadline (' || due.state || ').'
         ELSE 'The task ended (' || due.state || ').' END AS told,
    was.before, due.correlation_id
  FROM recovered JOIN was ON was.id = recovered.id JOIN due ON due.id = was.task_id
),
{_EFFECTS},
moved AS (
  UPDATE connectors_trackedtask t SET judge_at = NULL FROM due WHERE t.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""

# A slip whose cause is over is not raised, even if nobody has judged it yet: its task is to be judged, and it waits for that.
RAISED = f"""
WITH due AS (
  SELECT i.id, t.id AS task_id, t.correlation_id, t.id IS NOT NULL AND {_over("t")} AS over, {_fingerprint("i")} AS before
  FROM severity_incident i LEFT JOIN connectors_trackedtask t ON t.id = i.task_id
  WHERE i.escalate_at <= statement_timestamp() AND {_CHOSEN.format("i")}
  ORDER BY i.escalate_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF i /*LOCK*/
),
raised AS (
  UPDATE severity_incident i SET severity = {Level.V2.value}, escalate_at = NULL, last_update_at = statement_timestamp()
  WHERE i.id = ANY(ARRAY(SELECT id FROM due WHERE NOT over))
  RETURNING *
),
waiting AS (
  UPDATE severity_incident i SET escalate_at = statement_timestamp() + interval '1 minute'
  WHERE i.id = ANY(ARRAY(SELECT id FROM due WHERE over))
),
to_judge AS (
  SELECT id FROM connectors_trackedtask WHERE id = ANY(ARRAY(SELECT task_id FROM due WHERE over)) AND judge_at IS NULL
  FOR NO KEY UPDATE SKIP LOCKED
),
nudged AS (
  UPDATE connectors_trackedtask t SET judge_at = statement_timestamp() WHERE t.id = ANY(ARRAY(SELECT id FROM to_judge))
),
changed AS (
  SELECT {_of("raised")}, 'raised' AS what, 'It lasted past the escalation time of its connector.' AS told, due.before,
         coalesce(due.correlation_id, '') AS correlation
  FROM raised JOIN due ON due.id = raised.id
),
{_EFFECTS}
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""

# A task that cannot be judged becomes an incident of the portal's own; `only` names the task.
SET_ASIDE = f"""
WITH found AS (
  SELECT t.id AS task_id, t.connector_id, t.owner_id, t.operation, t.correlation_id AS correlation, '{UNJUDGED.name}' AS rule,
         'watch:task:' || t.id AS dedup_key, statement_timestamp() AS epoch, {_quoted(UNJUDGED.title)} AS title,
         {_quoted(UNJUDGED.told)} || ' ' || %(reason)s AS told, false AS escalates
  FROM connectors_trackedtask t
  WHERE t.id = ANY(%(only)s) AND NOT EXISTS (
    SELECT 1 FROM severity_incident known WHERE known.dedup_key = 'watch:task:' || t.id AND known.state <> 'resolved')
),
opened AS ({_open(severity=str(UNJUDGED.level.value), source="'watch'")}),
changed AS ({_OPENED_CHANGES}),
{_EFFECTS}
SELECT count(*) FROM changed
"""
