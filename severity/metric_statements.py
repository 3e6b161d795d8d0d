"""The statements about metrics: values out of their stated range, and certifications that are over.

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
from severity.rules import CERTIFICATION_OVER, OUT_OF_RANGE, Rule

_STANDS = "{0}.state IN ('active', 'deprecated')"


def _opened(rule: Rule) -> str:
    return opening(
        rule,
        join="LEFT JOIN",
        circumstance=PLAIN,
        dimension=quoted(rule.dimension),
        source="'metric'",
        subject_kind="'metric'",
        subject_key="found.key",
        subject_id="found.metric_id",
        task_id="NULL::bigint",
        title="left(found.title || ': ' || found.name, 300)",
        escalate_at="NULL::timestamptz",
    )


CERTIFICATIONS = f"""
WITH due AS (
  SELECT id, key, name, state, owner_id, certification_clock AS epoch
  FROM metrics_metric metric
  WHERE certification_clock <= statement_timestamp() AND {CHOSEN.format("metric")}
  ORDER BY certification_clock
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
found AS (
  SELECT due.id AS metric_id, due.key, due.name, NULL::bigint AS connector_id, due.owner_id, '' AS correlation,
         {quoted(CERTIFICATION_OVER.name)} AS rule, 'metric:' || due.id || {quoted(":" + CERTIFICATION_OVER.name)} AS dedup_key,
         due.epoch, {quoted(CERTIFICATION_OVER.title)} AS title, {quoted(CERTIFICATION_OVER.told)} AS told
  FROM due WHERE {_STANDS.format("due")}
),
opened AS ({_opened(CERTIFICATION_OVER)}),
changed AS ({OPENED_CHANGES}),
{EFFECTS},
moved AS (
  UPDATE metrics_metric m SET certification_clock = NULL FROM due WHERE m.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

# The newest value that is not split is held against the range of the version in force. What lies outside opens an incident, or
# counts on it if it came after what the incident was about; what does not ends it. A range without values is kept.
RANGES = f"""
WITH due AS (
  SELECT id, key, name, state, owner_id, unit, updated_at, range_low, range_high
  FROM metrics_metric metric
  WHERE judge_at <= statement_timestamp() AND {CHOSEN.format("metric")}
  ORDER BY judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
newest AS (
  SELECT due.*, last.at, last.value, last.received_at,
         coalesce({_STANDS.format("due")} AND (last.value < due.range_low OR last.value > due.range_high), false) AS outside,
         'metric:' || due.id || {quoted(":" + OUT_OF_RANGE.name)} AS dedup_key
  FROM due LEFT JOIN LATERAL (
    SELECT at, value, received_at FROM metrics_measuredvalue v
    WHERE v.metric_id = due.id AND v.dimensions = '{{}}' ORDER BY v.at DESC LIMIT 1) last ON true
),
found AS (
  SELECT id AS metric_id, key, name, NULL::bigint AS connector_id, owner_id, '' AS correlation,
         {quoted(OUT_OF_RANGE.name)} AS rule, dedup_key, greatest(received_at, updated_at) AS epoch,
         {quoted(OUT_OF_RANGE.title)} AS title,
         {quoted(OUT_OF_RANGE.told)} || ' ' || trim_scale(value) || ' ' || unit || ' of ' || to_char(at, 'YYYY-MM-DD HH24:MI TZ')
           || '; expected ' || coalesce(trim_scale(range_low)::text, '…') || ' to ' || coalesce(trim_scale(range_high)::text, '…')
           || '.' AS told
  FROM newest
  WHERE outside AND NOT EXISTS (
    SELECT 1 FROM severity_incident known
    WHERE known.dedup_key = newest.dedup_key AND known.state <> 'resolved' AND known.epoch >= newest.received_at)
),
opened AS ({_opened(OUT_OF_RANGE)}),
was AS MATERIALIZED (
  SELECT i.id, newest.state AS metric_state, {fingerprint("i")} AS before
  FROM newest JOIN severity_incident i ON i.dedup_key = newest.dedup_key AND i.state <> 'resolved'
  WHERE NOT newest.outside
),
recovered AS ({RECOVERED}),
changed AS ({OPENED_CHANGES}
  UNION ALL
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN was.metric_state = 'retired' THEN 'The metric is retired.' ELSE 'Its newest value is within the range.' END AS told,
    was.before, ''
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS},
moved AS (
  UPDATE metrics_metric m SET judge_at = NULL FROM due WHERE m.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

# Looked for from the truth, by the slower look: certified anew or no longer, or retired.
CERTIFIED = f"""
WITH was AS MATERIALIZED (
  SELECT i.id, metric.state AS metric_state, metric.certified_until, {fingerprint("i")} AS before
  FROM severity_incident i JOIN metrics_metric metric ON metric.id = i.subject_id
  WHERE i.state <> 'resolved' AND {RECOVERS} AND i.subject_kind = 'metric'
    AND i.rule = {quoted(CERTIFICATION_OVER.name)}
    AND (NOT {_STANDS.format("metric")} OR metric.certified_until IS NULL
         OR metric.certification_clock > statement_timestamp())
    AND {CHOSEN.format("i")}
  ORDER BY i.id
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF i /*LOCK*/
),
recovered AS ({RECOVERED}),
changed AS (
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN NOT was.metric_state IN ('active', 'deprecated') THEN 'The metric is retired.'
         WHEN was.certified_until IS NULL THEN 'Nobody says any more that it is certified.'
         ELSE 'It is certified until ' || was.certified_until || '.' END AS told,
    was.before, '' AS correlation
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS}
SELECT (SELECT count(*) FROM was), (SELECT count(*) FROM changed)
"""
