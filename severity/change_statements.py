"""The statements of the sweep about change requests: late approvals, emergencies nobody has reviewed, and what is over.

Built from the parts of `severity.effects`, like those about tasks.
"""

from severity.effects import CHOSEN, EFFECTS, OPENED_CHANGES, PLAIN, RECOVERED, columns_of, fingerprint, opening, quoted
from severity.rules import APPROVAL_LATE, EMERGENCY, Rule


def _clock(column: str, waits: str, rule: Rule) -> str:
    """The statement that opens incidents where a clock of a change has passed and what it waits for has not come."""
    opened = opening(
        rule,
        join="LEFT JOIN",
        circumstance=PLAIN,
        dimension=quoted(rule.dimension),
        source="'approval'",
        subject_kind="'change'",
        subject_key="'CHG-' || found.change_id",
        subject_id="found.change_id",
        task_id="NULL::bigint",
        title="left(found.title || ': ' || found.summary, 300)",
        escalate_at="NULL::timestamptz",
    )
    return f"""
WITH due AS (
  SELECT id, kind, key, summary, state, reviewed_at, document->>'owner' AS owner_key, {column} AS epoch
  FROM changes_changerequest change
  WHERE {column} <= statement_timestamp() AND {CHOSEN.format("change")}
  ORDER BY {column}
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
found AS (
  SELECT due.id AS change_id, due.summary, connector.id AS connector_id, team.id AS owner_id, '' AS correlation,
         {quoted(rule.name)} AS rule, 'change:' || due.id || {quoted(":" + rule.name)} AS dedup_key, due.epoch,
         {quoted(rule.title)} AS title, {quoted(rule.told)} AS told
  FROM due JOIN people_team team ON team.key = due.owner_key
    LEFT JOIN connectors_connector connector ON connector.key = due.key AND connector.kind = due.kind
  WHERE {waits}
),
opened AS ({opened}),
changed AS ({OPENED_CHANGES}),
{EFFECTS},
moved AS (
  UPDATE changes_changerequest c SET {column} = NULL FROM due WHERE c.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""


LATE = _clock("sign_clock", "due.state = 'in_review'", APPROVAL_LATE)
UNREVIEWED = _clock("review_clock", "due.reviewed_at IS NULL", EMERGENCY)

# A late approval is over when the change is decided, or put before its approvers anew; an emergency when it is reviewed.
OVER = f"""
WITH due AS (
  SELECT id, state, sign_by, reviewed_at FROM changes_changerequest change
  WHERE judge_at <= statement_timestamp() AND {CHOSEN.format("change")}
  ORDER BY judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
was AS MATERIALIZED (
  SELECT i.id, due.state AS change_state, {fingerprint("i")} AS before
  FROM due JOIN severity_incident i ON i.state <> 'resolved' AND i.dedup_key = ANY(ARRAY[
      'change:' || due.id || {quoted(":" + APPROVAL_LATE.name)}, 'change:' || due.id || {quoted(":" + EMERGENCY.name)}])
  WHERE CASE i.rule WHEN {quoted(EMERGENCY.name)} THEN due.reviewed_at IS NOT NULL
             ELSE due.state <> 'in_review' OR due.sign_by > statement_timestamp() END
),
recovered AS ({RECOVERED}),
changed AS (
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN recovered.rule = {quoted(EMERGENCY.name)} THEN 'Two others have reviewed it.'
         WHEN was.change_state = 'in_review' THEN 'It was put before its approvers anew.'
         ELSE 'The change is ' || was.change_state || '.' END AS told,
    was.before, '' AS correlation
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS},
moved AS (
  UPDATE changes_changerequest c SET judge_at = NULL FROM due WHERE c.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""
