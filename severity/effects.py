"""What the statements of the sweep share: how an incident is opened, and what follows from every change of one.

Each locks its due rows (NO KEY UPDATE, SKIP LOCKED), writes incidents with timeline, history, audit line and notice, and moves
the rows on. Only the database's clock is read. The names of tables and rules are constants of this project; values are bound.

Before use a statement is completed by `complete`: whether it skips or waits for locked rows, and which rows it leaves out.
"""

from severity.clocks import CLOCKS
from severity.models import Incident
from severity.readiness import Dimension
from severity.routing.topics import ROUTED
from severity.rules import Level, Rule

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
    merged = f"coalesce({alias}.merged_into_id::text, '')"
    text = (
        f"concat_ws('|', {parts}, coalesce({alias}.commander_id::text, ''), {alias}.impact, {alias}.measure, {merged})"
    )
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


def complete(statement: str, *, wait: bool = False) -> str:
    """The statement as text with bound parameters: `limit`, `only` and `aside` (ids, None = all), `correlation`, `trace`."""
    return statement.replace("/*LOCK*/", "" if wait else "SKIP LOCKED")


# What the routes hear of, as SQL.
ROUTED_SQL = ", ".join(quoted(what) for what in ROUTED)
# Which due rows: all but those set aside, or only some.
CHOSEN = "(%(only)s::bigint[] IS NULL OR {0}.id = ANY(%(only)s)) AND {0}.id <> ALL(%(aside)s::bigint[])"


def effects(
    actor: str = f"'{ACTOR}'", actor_type: str = "'automated_workflow'", user: str = "NULL::bigint", address: str = "''"
) -> str:
    """What follows from every change of an incident, as expressions of who acts.

    `changed` holds the incident's columns, `what` happened, how it is `told`, the digest `before` it and the `correlation` of its
    task. Those who subscribed hear of it at once; whom it is told to besides is for the routes to say (`severity.routing`).
    """
    return f"""
timeline AS (
  INSERT INTO severity_timelineevent (incident_id, at, what, actor_name, severity, text)
  SELECT id, statement_timestamp(), what, {actor}, severity, told FROM changed
),
history AS (
  INSERT INTO severity_historicalincident
    ({_COLUMN_LIST}, history_date, history_type, history_change_reason, actor_name, history_user_id)
  SELECT {_COLUMN_LIST}, statement_timestamp(), CASE WHEN what = 'opened' THEN '+' ELSE '~' END, what, {actor}, {user}
  FROM changed
),
audit AS (
  INSERT INTO audit_auditline (at, actor_id, actor_name, actor_type, action, object_kind, object_key, before_digest, after_digest,
    detail, correlation_id, trace_id, address)
  SELECT statement_timestamp(), {user}, {actor}, {actor_type}, 'incident.' || what, 'incident', 'INC-' || id,
         before, {fingerprint("changed")}, rule, coalesce(nullif(%(correlation)s, ''), correlation), %(trace)s, {address}
  FROM changed
),
outbox AS (
  INSERT INTO outbox_outboxevent (topic, subject, team_key, payload, dedup_key, people, caused_by, by_route, route_at)
  SELECT 'incident.' || what, left('V' || severity || ' ' || what || ': ' || title, 300), team.key,
         jsonb_build_object('id', 'INC-' || changed.id, 'severity', 'V' || severity, 'state', changed.state, 'title', title,
                            'rule', rule, 'subject', subject_key, 'connector', connector.key, 'task', task_id,
                            'opened_at', opened_at, 'by', {actor}, 'url', '/incidents/INC-' || changed.id || '/'),
         'incident:' || changed.id || ':' || what || ':' || severity || ':' || repeats,
         coalesce((SELECT jsonb_object_agg(follower.user_id, 'watcher') FROM severity_incidentsubscriber follower
                   WHERE follower.incident_id = changed.id), '{{}}'), {user},
         what IN ({ROUTED_SQL}), CASE WHEN what IN ({ROUTED_SQL}) THEN statement_timestamp() END
  FROM changed JOIN people_team team ON team.id = changed.owner_id
    LEFT JOIN connectors_connector connector ON connector.id = changed.connector_id
  WHERE what <> 'repeated'
  ON CONFLICT (dedup_key) DO NOTHING
)
"""


EFFECTS = effects()


def _base_clocks() -> str:
    """The domain's clocks as rows of VALUES."""
    rows = [
        (level, clocks.acknowledge, clocks.update, clocks.resolve, clocks.review_days)
        for level, clocks in CLOCKS.items()
    ]
    told = [", ".join("NULL::int" if one is None else str(int(one)) for one in row) for row in rows]
    return ", ".join(f"({row})" for row in told)


# From `found` (task, rule, epoch, title, level, escalates) to incidents. The same epoch is never judged twice; another epoch of
# an unresolved incident counts on it, and brings it back if it was mitigated. The severity table only raises a level.
_OPEN = """
INSERT INTO severity_incident ({columns})
  SELECT {values}
  FROM found {join} connectors_connector connector ON connector.id = found.connector_id
    CROSS JOIN LATERAL (SELECT {circumstance} AS circumstance) seen
    LEFT JOIN severity_rulelevel cell ON cell.rule = found.rule AND cell.circumstance = seen.circumstance
    CROSS JOIN LATERAL (SELECT greatest({least}, coalesce(cell.level, 0)) AS level) judged
    JOIN {clocks} clocks ON clocks.level = judged.level
  WHERE NOT EXISTS (SELECT 1 FROM severity_incident known
                    WHERE known.dedup_key = found.dedup_key AND known.epoch = found.epoch)
  ON CONFLICT (dedup_key) WHERE state <> 'resolved' DO UPDATE SET
    repeats = severity_incident.repeats + 1,
    epoch = excluded.epoch,
    severity = greatest(severity_incident.severity, excluded.severity),
    circumstance = CASE WHEN excluded.severity > severity_incident.severity THEN excluded.circumstance
                        ELSE severity_incident.circumstance END,
    evidence = CASE WHEN excluded.severity > severity_incident.severity THEN excluded.evidence
                    ELSE severity_incident.evidence END,
    state = CASE WHEN severity_incident.state <> 'mitigated' THEN severity_incident.state
                 WHEN severity_incident.acknowledged_at IS NULL THEN 'open' ELSE 'acknowledged' END,
    mitigated_at = NULL,
    escalate_at = CASE WHEN greatest(severity_incident.severity, excluded.severity) = {v1}
                       THEN coalesce(severity_incident.escalate_at, excluded.escalate_at) END,
    {sooner},
    last_update_at = statement_timestamp()
  RETURNING *, xmax = 0 AS fresh
"""
# Worse, or back after it was mitigated: the clocks of its level run from now on, unless an earlier one runs already.
_SOONER = ",\n    ".join(
    f"{name} = CASE WHEN excluded.severity > severity_incident.severity OR severity_incident.state = 'mitigated'"
    f" THEN least(severity_incident.{name}, excluded.{name}) ELSE severity_incident.{name} END"
    for name in ("ack_by", "update_by", "resolve_by", "duty_clock")
)


# A row a level, the domain's own where the severity table has none.
CLOCKS_IN_FORCE = f"""(
  SELECT base.level, coalesce(own.table_version, 0) AS table_version,
    CASE WHEN own.level IS NULL THEN base.ack_minutes ELSE own.ack_minutes END AS ack_minutes,
    CASE WHEN own.level IS NULL THEN base.update_minutes ELSE own.update_minutes END AS update_minutes,
    CASE WHEN own.level IS NULL THEN base.resolve_minutes ELSE own.resolve_minutes END AS resolve_minutes,
    CASE WHEN own.level IS NULL THEN base.review_days ELSE own.review_days END AS review_days
  FROM (VALUES {_base_clocks()}) AS base (level, ack_minutes, update_minutes, resolve_minutes, review_days)
    LEFT JOIN severity_levelclock own ON own.level = base.level)"""


def by_clock(minutes: str) -> str:
    """The instant by which a level wants something; `minutes` is a column of `clocks`, whose NULL gives NULL."""
    return f"statement_timestamp() + clocks.{minutes} * interval '1 minute'"


_FIRST_DUTY = ", ".join(by_clock(name) for name in ("ack_minutes", "update_minutes", "resolve_minutes"))
_VALUES = {
    "severity": "judged.level",
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
    "escalate_at": f"CASE WHEN found.escalates AND judged.level = {Level.V1.value}"
    " THEN statement_timestamp() + connector.escalation_seconds * interval '1 second' END",
    "repeats": "0",
    "impact": "''",
    "last_update_at": "statement_timestamp()",
    "dimension": f"'{Dimension.CONNECTOR_HEALTH.value}'",
    "circumstance": "seen.circumstance",
    "opened_severity": "judged.level",
    "table_version": "clocks.table_version",
    "measure": "''",
    "by_hand": "false",
    "merged_into_id": "NULL::bigint",
    "resolved_by_id": "NULL::bigint",
    "ack_by": by_clock("ack_minutes"),
    "update_by": by_clock("update_minutes"),
    "resolve_by": by_clock("resolve_minutes"),
    "review_by": "NULL::timestamptz",
    "duty_clock": f"least({_FIRST_DUTY})",
}
_CUSTOMER = "CASE WHEN connector.customer_impacting THEN 'customer' ELSE 'plain' END"


def least(*rules: Rule, name: str = "found.rule", circumstance: str = "seen.circumstance") -> str:
    """The domain's level of these rules by name and circumstance, as SQL."""
    cells = " ".join(
        f"WHEN {name} = {quoted(rule.name)} AND {circumstance} = '{seen}' THEN {rule.least(seen).value}"
        for rule in rules
        for seen in rule.circumstances
    )
    others = " ".join(f"WHEN {name} = {quoted(rule.name)} THEN {rule.level.value}" for rule in rules)
    return f"CASE {cells} {others} END"


def opening(*rules: Rule, join: str = "JOIN", circumstance: str = _CUSTOMER, level: str = "", **other: str) -> str:
    """The INSERT that opens or counts on incidents by these rules, with other values for some columns.

    `level` is the least level where it is not that of the rule; `circumstance` is the expression that tells it for a row of
    `found` and its `connector`; `join` LEFT JOIN without connectors.
    What shows it is, unless given, the subject that was found at that instant.
    """
    values = _VALUES | other
    shown = f"'kind', {values['subject_kind']}, 'reference', {values['subject_key']}, 'note', found.told"
    values = {"evidence": f"jsonb_build_array(jsonb_build_object({shown}))"} | values
    return _OPEN.format(
        join=join,
        columns=_NEW_LIST,
        values=", ".join(values[name] for name in _NEW),
        circumstance=circumstance,
        least=level or least(*rules),
        clocks=CLOCKS_IN_FORCE,
        sooner=_SOONER,
        v1=Level.V1.value,
    )


PLAIN = "'plain'"
# Whether the recovery of its cause does anything to the incident `i`.
RECOVERS = (
    f"NOT i.by_hand AND (i.severity <= {Level.V1.value} AND i.state <> 'resolved'"
    f" OR i.severity = {Level.V2.value} AND i.state IN ('open', 'acknowledged'))"
)
# From `was` (ids of incidents whose cause is over) on: V0 and V1 are resolved, V2 is mitigated, V3 stays with a person (domain:
# Severity and incidents), and so does one that others were merged into.
RECOVERED = f"""
  UPDATE severity_incident i SET
    state = CASE WHEN i.severity <= {Level.V1.value} THEN 'resolved' ELSE 'mitigated' END,
    resolved_at = CASE WHEN i.severity <= {Level.V1.value} THEN statement_timestamp() END,
    mitigated_at = CASE WHEN i.severity <= {Level.V1.value} THEN i.mitigated_at ELSE statement_timestamp() END,
    escalate_at = NULL,
    duty_clock = CASE WHEN i.severity > {Level.V1.value} THEN i.duty_clock END,
    last_update_at = statement_timestamp()
  WHERE i.id = ANY(ARRAY(SELECT id FROM was)) AND {RECOVERS}
  RETURNING *
"""

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
