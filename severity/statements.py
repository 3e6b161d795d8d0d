"""The statements of the sweep about tracked tasks: judgement set by set, in one transaction with everything it causes.

Built from the parts of `severity.effects`, and completed by its `complete` before use.
"""

from severity.effects import (
    CHOSEN,
    CLOCKS_IN_FORCE,
    EFFECTS,
    OPENED_CHANGES,
    PLAIN,
    RECOVERED,
    by_clock,
    columns_of,
    fingerprint,
    opening,
    quoted,
)
from severity.rules import CLOCK_RULES, END_RULES, LATE, UNJUDGED, Level

_CLOCK_NAMES = ", ".join(f"'{rule.name}'" for rule in CLOCK_RULES)
STALL_GRACE = "interval '10 seconds'"


def _again(task: str, clock: str) -> str:
    """Whether a clock that had passed runs again: it was extended, or its SLA changed."""
    return f"coalesce({task}.{clock}_clock > statement_timestamp(), false)"


def _over(task: str) -> str:
    """Whether the cause of the clock's incident `i` is over, by the row of its task."""
    return (
        f"({task}.ended_at IS NOT NULL"
        f" OR i.rule = 'start' AND ({task}.started_at IS NOT NULL OR {_again(task, 'start')})"
        f" OR i.rule = 'deadline' AND {_again(task, 'deadline')} OR i.rule = 'cancel' AND {_again(task, 'cancel')}"
        f" OR i.rule = 'stall' AND ({task}.state <> 'working' OR {task}.stall_clock IS NOT NULL)"
        f" OR i.rule = 'blind' AND {task}.blind_clock IS NOT NULL"
        f" OR i.rule = 'input' AND ({task}.state <> 'input_required' OR {_again(task, 'input')}))"
    )


_PASSED = "due.{0}_clock <= statement_timestamp()"
_FIRED = ",\n    ".join(
    f"{rule.name}_clock = CASE WHEN {_PASSED.format(rule.name)} THEN NULL ELSE due.{rule.name}_clock END"
    for rule in CLOCK_RULES
    if rule.name != "stall"
)
# A stall counts only if a look succeeded after its instant: what the portal itself did not see is unknown, not stalled. The
# clock is pushed on until then; the instant is not, or slow looks would chase it for ever.
_STALL_AT = (
    "coalesce(stall_at, least(stall_clock, coalesce(last_change_at, started_at, accepted_at)"
    " + stall_seconds * interval '1 second'))"
)
_STALLED = f"CASE WHEN {_PASSED.format('stall')} AND due.last_seen_at >= due.stall_at THEN due.stall_at END"
_CLOCK_ROWS = ",\n    ".join(
    f"({quoted(rule.name)}, {_STALLED if rule.name == 'stall' else f'due.{rule.name}_clock'}, "
    f"{quoted(rule.title)}, {quoted(rule.told)})"
    for rule in CLOCK_RULES
)

SLIPS = f"""
WITH due AS (
  SELECT id, connector_id, owner_id, operation, correlation_id, last_seen_at, {_STALL_AT} AS stall_at,
         {", ".join(f"{rule.name}_clock" for rule in CLOCK_RULES)}
  FROM connectors_trackedtask task
  WHERE due_at <= statement_timestamp() AND {CHOSEN.format("task")}
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
opened AS ({opening(*CLOCK_RULES)}),
changed AS ({OPENED_CHANGES}),
{EFFECTS},
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

_END_ROWS = ", ".join(f"({quoted(r.name)}, {quoted(r.title)}, {quoted(r.told)})" for r in (*END_RULES, LATE))

JUDGED = f"""
WITH due AS (
  SELECT task.* FROM connectors_trackedtask task
  WHERE judge_at <= statement_timestamp() AND {CHOSEN.format("task")}
  ORDER BY judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
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
  SELECT ends.id AS task_id, ends.connector_id, ends.owner_id, ends.operation, ends.correlation_id AS correlation, ended.rule,
         'task:' || ends.id || ':' || ended.rule AS dedup_key, ends.ended_at AS epoch, ended.title, ended.told,
         false AS escalates
  FROM ends JOIN (VALUES {_END_ROWS}) AS ended (rule, title, told) ON ended.rule = ends.end_rule
),
opened AS ({opening(*END_RULES, LATE)}),
was AS MATERIALIZED (
  SELECT i.id, due.id AS task_id, {fingerprint("i")} AS before
  FROM due CROSS JOIN LATERAL (
    SELECT * FROM severity_incident i
    WHERE i.task_id = due.id AND i.source = 'task' AND i.rule IN ({_CLOCK_NAMES}) AND i.state <> 'resolved' OFFSET 0) i
  WHERE {_over("due")}
),
recovered AS ({RECOVERED}),
changed AS ({OPENED_CHANGES}
  UNION ALL
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN due.ended_at IS NULL THEN 'Its cause is over.'
         WHEN due.ended_at > due.deadline_at THEN 'The task ended ' || to_char(due.ended_at - due.deadline_at, 'HH24:MI:SS')
              || ' after its deadline (' || due.state || ').'
         ELSE 'The task ended (' || due.state || ').' END AS told,
    was.before, due.correlation_id
  FROM recovered JOIN was ON was.id = recovered.id JOIN due ON due.id = was.task_id
),
{EFFECTS},
moved AS (
  UPDATE connectors_trackedtask t SET judge_at = NULL FROM due WHERE t.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""

# Raised, it is held to the clocks of its new level from now on.
_SOONER = (
    ", ".join(
        f"{column} = least(i.{column}, {by_clock(minutes)})"
        for column, minutes in (
            ("ack_by", "ack_minutes"),
            ("update_by", "update_minutes"),
            ("resolve_by", "resolve_minutes"),
        )
    )
    + f", duty_clock = least(i.duty_clock, {by_clock('update_minutes')}, {by_clock('resolve_minutes')},\
 CASE WHEN i.state = 'open' THEN {by_clock('ack_minutes')} END)"
)
# A slip whose cause is over is not raised, even if nobody has judged it yet: its task is to be judged, and it waits for that.
RAISED = f"""
WITH due AS (
  SELECT i.id, t.id AS task_id, t.correlation_id, t.id IS NOT NULL AND {_over("t")} AS over, {fingerprint("i")} AS before
  FROM severity_incident i LEFT JOIN connectors_trackedtask t ON t.id = i.task_id
  WHERE i.escalate_at <= statement_timestamp() AND {CHOSEN.format("i")}
  ORDER BY i.escalate_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF i /*LOCK*/
),
raised AS (
  UPDATE severity_incident i SET severity = {Level.V2.value}, escalate_at = NULL, last_update_at = statement_timestamp(),
    {_SOONER}
  FROM {CLOCKS_IN_FORCE} clocks
  WHERE i.id = ANY(ARRAY(SELECT id FROM due WHERE NOT over)) AND clocks.level = {Level.V2.value}
  RETURNING i.*
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
  SELECT {columns_of("raised")}, 'raised' AS what, 'It lasted past the escalation time of its connector.' AS told, due.before,
         coalesce(due.correlation_id, '') AS correlation
  FROM raised JOIN due ON due.id = raised.id
),
{EFFECTS}
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""

# A task that cannot be judged becomes an incident of the portal's own; `only` names the task.
SET_ASIDE = f"""
WITH found AS (
  SELECT t.id AS task_id, t.connector_id, t.owner_id, t.operation, t.correlation_id AS correlation, '{UNJUDGED.name}' AS rule,
         'watch:task:' || t.id AS dedup_key, statement_timestamp() AS epoch, {quoted(UNJUDGED.title)} AS title,
         {quoted(UNJUDGED.told)} || ' ' || %(reason)s AS told, false AS escalates
  FROM connectors_trackedtask t
  WHERE t.id = ANY(%(only)s) AND NOT EXISTS (
    SELECT 1 FROM severity_incident known WHERE known.dedup_key = 'watch:task:' || t.id AND known.state <> 'resolved')
),
opened AS ({opening(UNJUDGED, circumstance=PLAIN, source="'watch'")}),
changed AS ({OPENED_CHANGES}),
{EFFECTS}
SELECT count(*) FROM changed
"""
