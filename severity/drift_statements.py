"""The statement about tools that are not as approved: what differs opens an incident of the tool, approval ends it.

Built from the parts of `severity.effects`. A tool has at most one unresolved incident, on which a drift that changes again
counts; new tools of a server share one of their connector.
"""

from severity.effects import (
    CHOSEN,
    EFFECTS,
    OPENED_CHANGES,
    RECOVERED,
    RECOVERS,
    columns_of,
    fingerprint,
    opening,
    quoted,
)
from severity.rules import TOOL_ADDED, TOOL_DRIFT

KEY = "'tool:' || {0}.id"
ADDED_KEY = "'tools:' || {0}.connector_id || ':added'"
_DRIFTS = "({0}.quarantined AND {0}.drift_at IS NOT NULL)"
_IS_NEW = "({0}.state = 'new' AND {0}.drift_at IS NOT NULL)"
# What agents read of it changed; or some agent may write by it.
_STEERS = """(due.differs ? 'prose'
    OR EXISTS (SELECT 1 FROM jsonb_array_elements(due.document #> '{facets,contract,operations}') operation
               WHERE operation ->> 'name' = due.name AND operation ->> 'effect' = 'write')
       AND EXISTS (SELECT 1 FROM jsonb_array_elements(due.document #> '{runtime_tool,allowlist}') line
                   WHERE line -> 'operations' ? due.name))"""
_WORDS = "(SELECT string_agg(word, ', ') FROM jsonb_array_elements_text(due.differs) word)"
_OPENED = opening(
    TOOL_DRIFT,
    TOOL_ADDED,
    circumstance="found.circumstance",
    source="'drift'",
    subject_kind="'runtime_tool'",
    subject_key="connector.key",
    subject_id="connector.id",
    task_id="NULL::bigint",
    title="left(found.title || ': ' || found.what || ' of ' || connector.name, 300)",
    escalate_at="NULL::timestamptz",
    evidence="found.evidence",
)

TOOLS = f"""
WITH due AS (
  SELECT known.id, known.connector_id, known.name, known.state, known.differs, known.renamed_to, known.quarantined,
         known.drift_at, known.seen_id, known.approved_id, connector.key, connector.owner_id, connector.document,
         connector.customer_impacting, connector.state AS connector_state
  FROM connectors_knowntool known JOIN connectors_connector connector ON connector.id = known.connector_id
  WHERE known.judge_at <= statement_timestamp() AND {CHOSEN.format("known")}
  ORDER BY known.judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF known /*LOCK*/
),
-- Of the connectors whose new tools are due, all that are new: they share an incident.
new AS (
  SELECT known.connector_id, max(known.drift_at) AS drift_at, count(*) AS number,
         left(string_agg(known.name, ', ' ORDER BY known.name), 200) AS names
  FROM connectors_knowntool known
  WHERE known.connector_id IN (SELECT connector_id FROM due WHERE {_IS_NEW.format("due")})
    AND {_IS_NEW.format("known")}
  GROUP BY known.connector_id
),
found AS (
  SELECT due.connector_id, due.owner_id, '' AS correlation, {quoted(TOOL_DRIFT.name)} AS rule, {KEY.format("due")} AS dedup_key,
         due.drift_at AS epoch, {quoted(TOOL_DRIFT.title)} AS title, due.name AS what,
         CASE WHEN {_STEERS} THEN 'steering' WHEN due.customer_impacting THEN 'customer' ELSE 'plain' END AS circumstance,
         {quoted(TOOL_DRIFT.told)} || ' What differs: ' || {_WORDS}
           || CASE WHEN due.renamed_to <> '' THEN ' to ' || left(due.renamed_to, 100) || '?' ELSE '.' END AS told,
         jsonb_build_array(jsonb_build_object('kind', 'tool', 'reference', left(due.key || ' ' || due.name, 300), 'note',
           'Differs: ' || {_WORDS} || '. Seen: '
           || CASE WHEN due.state = 'changed' THEN coalesce(seen.digest, 'nothing') ELSE 'nothing' END
           || '. Approved: ' || coalesce(approved.digest, 'by fingerprints alone') || '.')) AS evidence
  FROM due LEFT JOIN connectors_tooldefinition seen ON seen.id = due.seen_id
    LEFT JOIN connectors_tooldefinition approved ON approved.id = due.approved_id
  WHERE {_DRIFTS.format("due")}
  UNION ALL
  SELECT new.connector_id, connector.owner_id, '', {quoted(TOOL_ADDED.name)}, {ADDED_KEY.format("new")},
         new.drift_at, {quoted(TOOL_ADDED.title)}, new.number::text, 'plain',
         {quoted(TOOL_ADDED.told)} || ' They are: ' || new.names || '.',
         jsonb_build_array(jsonb_build_object('kind', 'tool', 'reference', connector.key, 'note', new.names))
  FROM new JOIN connectors_connector connector ON connector.id = new.connector_id
),
opened AS ({_OPENED}),
was AS MATERIALIZED (
  SELECT i.id, due.connector_state, {fingerprint("i")} AS before
  FROM due JOIN severity_incident i ON i.dedup_key = {KEY.format("due")} AND i.state <> 'resolved'
  WHERE NOT {_DRIFTS.format("due")}
  UNION ALL
  SELECT i.id, due.connector_state, {fingerprint("i")}
  FROM (SELECT DISTINCT connector_id, connector_state FROM due) due
    JOIN severity_incident i ON i.dedup_key = {ADDED_KEY.format("due")} AND i.state <> 'resolved'
  WHERE NOT EXISTS (SELECT 1 FROM connectors_knowntool known
                    WHERE known.connector_id = due.connector_id AND {_IS_NEW.format("known")})
),
recovered AS ({RECOVERED}),
changed AS ({OPENED_CHANGES}
  UNION ALL
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN was.connector_state NOT IN ('active', 'deprecated') THEN 'The connector is not called any more.'
         WHEN recovered.rule = {quoted(TOOL_ADDED.name)} THEN 'No tool is left that nobody approved.'
         ELSE 'What its server shows is what is approved.' END AS told,
    was.before, ''
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS},
moved AS (
  UPDATE connectors_knowntool t SET judge_at = NULL FROM due WHERE t.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

# The slower look: a drift that nobody is going to judge and that has no incident of its own; an incident whose drift is over.
REARM = f"""
UPDATE connectors_knowntool SET judge_at = statement_timestamp() WHERE id IN (
  SELECT known.id FROM connectors_knowntool known
  WHERE known.judge_at IS NULL AND {_DRIFTS.format("known")} AND known.drift_at < statement_timestamp() - interval '1 minute'
    AND NOT EXISTS (SELECT 1 FROM severity_incident i
                    WHERE i.dedup_key = {KEY.format("known")} AND i.epoch >= known.drift_at)
  UNION
  SELECT known.id FROM severity_incident i JOIN connectors_knowntool known
    ON known.id = CASE WHEN i.rule = {quoted(TOOL_DRIFT.name)} THEN split_part(i.dedup_key, ':', 2)::bigint END
  WHERE i.source = 'drift' AND i.rule = {quoted(TOOL_DRIFT.name)} AND i.state <> 'resolved' AND {RECOVERS}
    AND known.judge_at IS NULL AND NOT {_DRIFTS.format("known")}
  LIMIT %s)
"""
