"""The statements about schema versions: waivers that are over, and deadlines by which not everybody moved on.

Built from the parts of `severity.effects`, like those about tasks and changes.
"""

from severity.effects import (
    CHOSEN,
    EFFECTS,
    OPENED_CHANGES,
    PLAIN,
    RECOVERED,
    RECOVERS,
    columns_of,
    fingerprint,
    opening,
    quoted,
)
from severity.rules import MOVE_LATE, WAIVER_OVER, Rule

_STANDS = "{0}.state IN ('active', 'deprecated')"
# Who of a family's producers and consumers is named with a version of an earlier major.
_BEHIND = """(
  SELECT string_agg(DISTINCT party->>'service', ', ')
  FROM events_eventfamily family, jsonb_array_elements(
    coalesce(family.document->'producers', '[]') || coalesce(family.document->'consumers', '[]')) party
  WHERE family.key = {0}.family AND party->>'version' ~ '^[0-9]{{1,5}}[.]'
    AND split_part(party->>'version', '.', 1)::int < {0}.major
)"""


def _clock(column: str, waits: str, rule: Rule, told: str, again: str = "NULL") -> str:
    """The statement that opens incidents where a clock of a version has passed and what it waits for has not come."""
    opened = opening(
        rule,
        join="LEFT JOIN",
        circumstance=PLAIN,
        dimension=quoted(rule.dimension),
        source="'drift'",
        subject_kind="'event_schema'",
        subject_key="found.key",
        subject_id="found.schema_id",
        task_id="NULL::bigint",
        title="left(found.title || ': ' || found.name, 300)",
        escalate_at="NULL::timestamptz",
    )
    return f"""
WITH due AS (
  SELECT id, key, name, state, family, major, owner_id, {column} AS epoch
  FROM events_eventschema schema
  WHERE {column} <= statement_timestamp() AND {CHOSEN.format("schema")}
  ORDER BY {column}
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
found AS (
  SELECT due.id AS schema_id, due.key, due.name, NULL::bigint AS connector_id, due.owner_id, '' AS correlation,
         {quoted(rule.name)} AS rule, 'schema:' || due.id || {quoted(":" + rule.name)} AS dedup_key, due.epoch,
         {quoted(rule.title)} AS title, {told} AS told
  FROM due
  WHERE {_STANDS.format("due")} AND {waits}
),
opened AS ({opened}),
changed AS ({OPENED_CHANGES}),
{EFFECTS},
moved AS (
  UPDATE events_eventschema s SET {column} = {again} FROM due WHERE s.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""


WAIVERS = _clock("waiver_clock", "true", WAIVER_OVER, quoted(WAIVER_OVER.told))
MOVES = _clock(
    "move_clock",
    f"{_BEHIND.format('due')} IS NOT NULL",
    MOVE_LATE,
    f"{quoted(MOVE_LATE.told + ' Behind: ')} || {_BEHIND.format('due')} || '.'",
    # Nobody is behind today; somebody may be named tomorrow.
    f"""CASE WHEN {_STANDS.format("due")} AND due.id NOT IN (SELECT schema_id FROM found)
         THEN statement_timestamp() + interval '1 day' END""",
)

# Looked for from the truth, by the slower look: a waived version that is retired, a deadline that everybody has met by now.
OVER = f"""
WITH was AS MATERIALIZED (
  SELECT i.id, i.rule, schema.state AS schema_state, {fingerprint("i")} AS before
  FROM severity_incident i JOIN events_eventschema schema ON schema.id = i.subject_id
  WHERE i.state <> 'resolved' AND {RECOVERS} AND i.source = 'drift' AND i.subject_kind = 'event_schema'
    AND (NOT {_STANDS.format("schema")} OR i.rule = {quoted(MOVE_LATE.name)} AND {_BEHIND.format("schema")} IS NULL)
    AND {CHOSEN.format("i")}
  ORDER BY i.id
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF i /*LOCK*/
),
recovered AS ({RECOVERED}),
changed AS (
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN was.schema_state = 'retired' THEN 'The version is retired.' ELSE 'Everybody who is named has moved on.' END AS told,
    was.before, '' AS correlation
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS}
SELECT (SELECT count(*) FROM was), (SELECT count(*) FROM changed)
"""
