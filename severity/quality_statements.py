"""The statement about quality checkpoints: what failed, what could not look, what is missing or too old; and recovery by a pass.

Built from the parts of `severity.effects`, like those about tasks and changes. All rules of a checkpoint share one dedup key, so
that it has at most one unresolved incident: a failure after an absence raises it, and a pass or retirement ends it.
"""

from severity.effects import (
    CHOSEN,
    EFFECTS,
    OPENED_CHANGES,
    RECOVERED,
    RECOVERS,
    columns_of,
    fingerprint,
    least,
    opening,
    quoted,
)
from severity.rules import CHECKPOINT_ABSENT, CHECKPOINT_ERROR, CHECKPOINT_FAILED

_RULES = (CHECKPOINT_FAILED, CHECKPOINT_ERROR, CHECKPOINT_ABSENT)
_STANDS = "{0}.state IN ('active', 'deprecated')"
_LEAST = least(*_RULES, name="seen.rule", circumstance="seen.circumstance_now")
KEY = "'checkpoint:' || {0}.id"
_OPENED = opening(
    *_RULES,
    join="LEFT JOIN",
    circumstance="found.circumstance",
    dimension="found.dimension",
    source="'checkpoint'",
    subject_kind="'checkpoint'",
    subject_key="found.key",
    subject_id="found.checkpoint_id",
    task_id="NULL::bigint",
    title="left(found.title || ': ' || found.name, 300)",
    escalate_at="NULL::timestamptz",
    evidence="found.evidence",
)


def _of_rule(name: str) -> str:
    """A text of the rule of a row of `seen`."""
    return "CASE seen.rule " + " ".join(
        f"WHEN {quoted(rule.name)} THEN {quoted(str(getattr(rule, name)))}" for rule in _RULES
    ) + " END"  # fmt: skip


# Past `stale_at` whatever was seen last is too old. An occurrence is told from the next by when its run was received, or by when
# it became too old; what is known of it may change meanwhile (other columns, consumers), and then it is only raised.
CHECKPOINTS = f"""
WITH due AS (
  SELECT known.id AS state_id, known.verdict, known.told, known.run_id, known.run_at, known.circumstance, known.consumed,
         known.stale_at,
         checkpoint.id, checkpoint.key, checkpoint.name, checkpoint.state, checkpoint.owner_id, checkpoint.dimension,
         {KEY.format("checkpoint")} AS dedup_key, known.stale_at <= statement_timestamp() AS stale
  FROM metrics_checkpointstate known JOIN metrics_checkpoint checkpoint ON checkpoint.id = known.checkpoint_id
  WHERE known.judge_at <= statement_timestamp() AND {CHOSEN.format("known")}
  ORDER BY known.judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF known /*LOCK*/
),
seen AS (
  SELECT due.*, run.run_key,
    CASE WHEN due.verdict = 'pass' AND NOT due.stale THEN NULL
         WHEN due.verdict = 'unknown' AND NOT due.stale THEN NULL
         WHEN due.stale OR due.verdict IN ('empty', 'incomplete') THEN {quoted(CHECKPOINT_ABSENT.name)}
         WHEN due.verdict = 'fail' THEN {quoted(CHECKPOINT_FAILED.name)}
         ELSE {quoted(CHECKPOINT_ERROR.name)} END AS rule,
    CASE WHEN due.stale THEN due.stale_at ELSE run.received_at END AS happened_at
  FROM due LEFT JOIN metrics_checkpointrun run ON run.id = due.run_id
),
weighed AS (
  SELECT seen.*, CASE WHEN rule = {quoted(CHECKPOINT_ABSENT.name)} THEN consumed ELSE circumstance END AS circumstance_now
  FROM seen WHERE {_STANDS.format("seen")} AND rule IS NOT NULL
),
found AS (
  SELECT seen.id AS checkpoint_id, seen.key, seen.name, NULL::bigint AS connector_id, seen.owner_id, '' AS correlation,
         seen.rule, seen.circumstance_now AS circumstance, seen.dimension, seen.dedup_key,
         CASE WHEN same.id IS NULL THEN seen.happened_at ELSE statement_timestamp() END AS epoch,
         {_of_rule("title")} AS title,
         CASE WHEN seen.stale AND seen.run_id IS NULL THEN 'Its first result is overdue.'
              WHEN seen.stale THEN 'Its newest result, of ' || to_char(seen.run_at, 'YYYY-MM-DD HH24:MI TZ') || ', is too old.'
              ELSE {_of_rule("told")} || ' ' || seen.told END AS told,
         jsonb_build_array(jsonb_build_object(
           'kind', CASE WHEN seen.run_id IS NULL THEN 'checkpoint' ELSE 'checkpoint_run' END,
           'reference', seen.key || coalesce(' ' || seen.run_key, ''), 'note', left(seen.told, 300))) AS evidence
  FROM weighed seen
    LEFT JOIN severity_rulelevel cell ON cell.rule = seen.rule AND cell.circumstance = seen.circumstance_now
    LEFT JOIN severity_incident same ON same.dedup_key = seen.dedup_key AND same.state <> 'resolved'
      AND same.epoch >= seen.happened_at
  WHERE same.id IS NULL
     OR same.severity < greatest({_LEAST}, coalesce(cell.level, 0))
),
opened AS ({_OPENED}),
was AS MATERIALIZED (
  SELECT i.id, seen.state AS checkpoint_state, {fingerprint("i")} AS before
  FROM seen JOIN severity_incident i ON i.dedup_key = seen.dedup_key AND i.state <> 'resolved'
  WHERE NOT {_STANDS.format("seen")} OR seen.verdict = 'pass' AND NOT seen.stale
),
recovered AS ({RECOVERED}),
changed AS ({OPENED_CHANGES}
  UNION ALL
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN was.checkpoint_state = 'retired' THEN 'The checkpoint is retired.' ELSE 'The checkpoint passes again.' END AS told,
    was.before, ''
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS},
moved AS (
  UPDATE metrics_checkpointstate s
  SET judge_at = CASE WHEN {_STANDS.format("due")} AND NOT due.stale THEN due.stale_at END
  FROM due WHERE s.id = due.state_id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

# The slower look: what nobody is going to judge though it is too old and has no incident of that; what passes or is retired and
# has an incident that recovery would end.
REARM = f"""
UPDATE metrics_checkpointstate SET judge_at = statement_timestamp() WHERE id IN (
  SELECT known.id FROM metrics_checkpointstate known JOIN metrics_checkpoint checkpoint ON checkpoint.id = known.checkpoint_id
  WHERE (known.judge_at IS NULL OR known.judge_at > greatest(known.stale_at, statement_timestamp()))
    AND ({_STANDS.format("checkpoint")} AND known.stale_at < statement_timestamp() - interval '1 minute'
         AND NOT EXISTS (SELECT 1 FROM severity_incident i
                         WHERE i.dedup_key = {KEY.format("checkpoint")} AND i.epoch >= known.stale_at)
      OR {_STANDS.format("checkpoint")} AND known.judge_at IS NULL AND known.stale_at > statement_timestamp())
  UNION
  SELECT known.id FROM severity_incident i JOIN metrics_checkpoint checkpoint ON checkpoint.id = i.subject_id
    JOIN metrics_checkpointstate known ON known.checkpoint_id = checkpoint.id
  WHERE i.state <> 'resolved' AND {RECOVERS} AND i.source = 'checkpoint' AND i.subject_kind = 'checkpoint'
    AND (NOT {_STANDS.format("checkpoint")} OR known.verdict = 'pass' AND known.stale_at > statement_timestamp())
  LIMIT %s)
"""
