"""What the statements of the sweep share: how an incident is opened, and what follows from every change of one.

Each locks its due rows (NO KEY UPDATE, SKIP LOCKED), writes incidents with timeline, history, audit line and notice, and moves
the rows on. Only the database's clock is read. The names of tables and rules are constants of this project; values are bound.

Before use a statement is completed by `complete`: whether it skips or waits for locked rows, and which rows it leaves out.
"""

from severity.models import Incident
from severity.rules import Level

ACTOR = "portal:severity sweep"
_COLUMNS = [str(field.column) for field in Incident._meta.concrete_fields]
_COLUMN_LIST = ", ".join(f'"{name}"' for name in _COLUMNS)
_NEW = [name for name in _COLUMNS if name != "id"]
_NEW_LIST = ", ".join(f'"{name}"' for name in _NEW)


def quoted(text: str) -> str:
    """A constant of this project as SQL text, safe beside bound parameters."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def columns_of(alias: str) -> str:
    """The columns of an incident under an alias."""
    return ", ".join(f'{alias}."{name}"' for name in _COLUMNS)


def fingerprint(alias: str) -> str:
    """The digest that `severity.rules.fingerprint` computes."""
    parts = ", ".join(f"{alias}.{name}" for name in ("id", "severity", "state", "repeats"))
    text = f"concat_ws('|', {parts}, coalesce({alias}.commander_id::text, ''), {alias}.impact)"
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


def complete(statement: str, *, wait: bool = False) -> str:
    """The statement as text with bound parameters: `limit`, `only` and `aside` (ids, None = all), `correlation`, `trace`."""
    return statement.replace("/*LOCK*/", "" if wait else "SKIP LOCKED")


# Which due rows: all but those set aside, or only some.
CHOSEN = "(%(only)s::bigint[] IS NULL OR {0}.id = ANY(%(only)s)) AND {0}.id <> ALL(%(aside)s::bigint[])"

# What follows from every change of an incident. `changed` holds the incident's columns, `what` happened, how it is `told`, the
# digest `before` it and the `correlation` of its task.
EFFECTS = f"""
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
         before, {fingerprint("changed")}, rule, coalesce(nullif(%(correlation)s, ''), correlation), %(trace)s
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
  FROM found {join} connectors_connector connector ON connector.id = found.connector_id
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


def opening(join: str = "JOIN", **other: str) -> str:
    """The INSERT that opens or counts on incidents, with other values for some columns; `join` LEFT JOIN without connectors."""
    values = _VALUES | other
    return _OPEN.format(
        join=join, columns=_NEW_LIST, values=", ".join(values[name] for name in _NEW), v1=Level.V1.value
    )


# The statement sees the rows as they were before it: `known` is the incident before this repeat.
OPENED_CHANGES = f"""
  SELECT {columns_of("opened")}, CASE WHEN opened.fresh THEN 'opened' ELSE (
      SELECT CASE WHEN opened.severity > known.severity THEN 'raised'
                  WHEN known.state = 'mitigated' THEN 'reopened' ELSE 'repeated' END
      FROM severity_incident known WHERE known.id = opened.id) END AS what,
    found.told,
    CASE WHEN opened.fresh THEN '' ELSE (
      SELECT {fingerprint("known")} FROM severity_incident known WHERE known.id = opened.id) END AS before,
    found.correlation
  FROM opened JOIN found ON found.dedup_key = opened.dedup_key
"""
