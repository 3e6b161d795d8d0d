"""The statements about data syncs: late data, failed runs, breaking changes whose consumers are behind; and recovery.

Built from the parts of `severity.effects`, like those about tasks. Lateness and the late notice come by the clock alone; what
ends them, and a failed run, is judged when something was reported or changed.
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
from severity.rules import FRESHNESS, NOTICE_LATE, SYNC_FAILED

_STANDS = "{0}.state IN ('active', 'deprecated')"
# The instant past which the data is late, from what is true and not from the armed clock.
_DEADLINE = "greatest({0}.fresh_until, {0}.paused_until)"
LATE_KEY, FAILED_KEY = "'sync:' || {0} || ':freshness'", "'sync:' || {0} || ':sync_failed'"
NOTICE_KEY = "'notice:' || {0} || ':notice_late'"
_AT = "to_char({0}, 'YYYY-MM-DD HH24:MI TZ')"
_OF_SYNC = {
    "source": "'freshness'",
    "subject_kind": "'data_movement'",
    "subject_key": "found.key",
    "subject_id": "found.connector_id",
    "task_id": "NULL::bigint",
    "title": "left(found.title || ': ' || connector.name, 300)",
}
_OF_NOTICE = _OF_SYNC | {"source": "'drift'", "title": "left(found.title || ': ' || found.notice_title, 300)"}

LATE = f"""
WITH due AS (
  SELECT known.id AS state_id, known.data_until, known.last_success_id, {_DEADLINE.format("known")} AS deadline,
         connector.id, connector.key, connector.state, connector.owner_id
  FROM connectors_syncstate known JOIN connectors_connector connector ON connector.id = known.connector_id
  WHERE known.freshness_clock <= statement_timestamp() AND {CHOSEN.format("known")}
  ORDER BY known.freshness_clock
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF known /*LOCK*/
),
found AS (
  SELECT due.id AS connector_id, due.key, due.owner_id, '' AS correlation, {quoted(FRESHNESS.name)} AS rule,
         {LATE_KEY.format("due.id")} AS dedup_key, due.deadline AS epoch, {quoted(FRESHNESS.title)} AS title,
         {quoted(FRESHNESS.told)} || CASE WHEN due.last_success_id IS NULL THEN ' None has succeeded yet.'
           ELSE ' The newest one brought data of ' || {_AT.format("coalesce(due.data_until, run.ended_at)")} || '.' END AS told,
         true AS escalates
  FROM due LEFT JOIN connectors_syncrun run ON run.id = due.last_success_id
  WHERE {_STANDS.format("due")} AND due.deadline <= statement_timestamp()
),
opened AS ({opening(FRESHNESS, **_OF_SYNC)}),
changed AS ({OPENED_CHANGES}),
{EFFECTS},
moved AS (
  UPDATE connectors_syncstate s
  SET freshness_clock = CASE WHEN {_STANDS.format("due")} AND due.deadline > statement_timestamp() THEN due.deadline END
  FROM due WHERE s.id = due.state_id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

# Of the runs that ended by themselves the newest tells: a failure opens or counts, a success ends what was told of failures; data
# that is fresh again ends what was told of lateness. A pause ends nothing.
_NEWEST = """
LEFT JOIN LATERAL (
  SELECT r.id, r.run_key, r.state, r.ended_at, r.note FROM connectors_syncrun r
  WHERE r.connector_id = {0} AND r.state IN ('succeeded', 'failed')
  ORDER BY r.started_at DESC, r.id DESC LIMIT 1) newest ON true
"""
JUDGED = f"""
WITH due AS (
  SELECT known.id AS state_id, coalesce(known.fresh_until > statement_timestamp(), false) AS fresh,
         connector.id, connector.key, connector.state, connector.owner_id
  FROM connectors_syncstate known JOIN connectors_connector connector ON connector.id = known.connector_id
  WHERE known.judge_at <= statement_timestamp() AND {CHOSEN.format("known")}
  ORDER BY known.judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF known /*LOCK*/
),
seen AS (
  SELECT due.*, newest.run_key, newest.state AS run_state, newest.ended_at, newest.note FROM due {_NEWEST.format("due.id")}
),
found AS (
  SELECT seen.id AS connector_id, seen.key, seen.owner_id, '' AS correlation, {quoted(SYNC_FAILED.name)} AS rule,
         {FAILED_KEY.format("seen.id")} AS dedup_key, seen.ended_at AS epoch, {quoted(SYNC_FAILED.title)} AS title,
         {quoted(SYNC_FAILED.told)} || ' It is run ' || seen.run_key || ', ended '
           || {_AT.format("seen.ended_at")} || '.' AS told,
         false AS escalates,
         jsonb_build_array(jsonb_build_object('kind', 'sync_run', 'reference', seen.key || ' ' || seen.run_key,
                                              'note', left(seen.note, 300))) AS evidence
  FROM seen WHERE {_STANDS.format("seen")} AND seen.run_state = 'failed'
),
opened AS ({opening(SYNC_FAILED, evidence="found.evidence", **_OF_SYNC)}),
was AS MATERIALIZED (
  SELECT i.id, seen.state AS connector_state, {fingerprint("i")} AS before
  FROM seen JOIN severity_incident i ON i.state <> 'resolved'
    AND i.dedup_key = ANY(ARRAY[{LATE_KEY.format("seen.id")}, {FAILED_KEY.format("seen.id")}])
  WHERE NOT {_STANDS.format("seen")}
     OR CASE i.rule WHEN {quoted(FRESHNESS.name)} THEN seen.fresh ELSE seen.run_state = 'succeeded' END
),
recovered AS ({RECOVERED}),
changed AS ({OPENED_CHANGES}
  UNION ALL
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN NOT was.connector_state IN ('active', 'deprecated') THEN 'The sync is ' || was.connector_state || '.'
         WHEN recovered.rule = {quoted(FRESHNESS.name)} THEN 'The data is fresh again.'
         ELSE 'A newer run succeeded.' END AS told,
    was.before, ''
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS},
moved AS (
  UPDATE connectors_syncstate s SET judge_at = NULL FROM due WHERE s.id = due.state_id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

_BEHIND = "EXISTS (SELECT FROM connectors_noticeconsumer one WHERE one.notice_id = {0}.id AND one.moved_at IS NULL)"
NOTICES = f"""
WITH due AS (
  SELECT notice.id, notice.title, notice.closed_at, notice.deadline, connector.id AS connector_id, connector.key,
         connector.state, connector.owner_id
  FROM connectors_breakingnotice notice JOIN connectors_connector connector ON connector.id = notice.connector_id
  WHERE notice.notice_clock <= statement_timestamp() AND {CHOSEN.format("notice")}
  ORDER BY notice.notice_clock
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF notice /*LOCK*/
),
found AS (
  SELECT due.id AS notice_id, due.connector_id, due.key, due.owner_id, due.title AS notice_title, '' AS correlation,
         {quoted(NOTICE_LATE.name)} AS rule, {NOTICE_KEY.format("due.id")} AS dedup_key, due.deadline AS epoch,
         {quoted(NOTICE_LATE.title)} AS title,
         {quoted(NOTICE_LATE.told)} || ' Behind: ' || (
           SELECT left(string_agg(name, ', ' ORDER BY name), 300) FROM connectors_noticeconsumer one
           WHERE one.notice_id = due.id AND one.moved_at IS NULL) || '.' AS told,
         false AS escalates
  FROM due
  WHERE {_STANDS.format("due")} AND due.closed_at IS NULL AND due.deadline <= statement_timestamp()
    AND {_BEHIND.format("due")}
),
opened AS ({opening(NOTICE_LATE, circumstance=PLAIN, **_OF_NOTICE)}),
changed AS ({OPENED_CHANGES}),
{EFFECTS},
moved AS (
  UPDATE connectors_breakingnotice n
  SET notice_clock = CASE WHEN due.closed_at IS NULL AND due.deadline > statement_timestamp() THEN due.deadline END
  FROM due WHERE n.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

NOTICES_OVER = f"""
WITH due AS (
  SELECT notice.id, notice.close_reason, notice.closed_at IS NOT NULL OR NOT {_STANDS.format("connector")}
           OR NOT {_BEHIND.format("notice")} AS over
  FROM connectors_breakingnotice notice JOIN connectors_connector connector ON connector.id = notice.connector_id
  WHERE notice.judge_at <= statement_timestamp() AND {CHOSEN.format("notice")}
  ORDER BY notice.judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF notice /*LOCK*/
),
was AS MATERIALIZED (
  SELECT i.id, due.close_reason, {fingerprint("i")} AS before
  FROM due JOIN severity_incident i ON i.state <> 'resolved' AND i.dedup_key = {NOTICE_KEY.format("due.id")}
  WHERE due.over
),
recovered AS ({RECOVERED}),
changed AS (
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN was.close_reason = '' THEN 'Everybody has moved.' ELSE 'The notice is closed: ' || was.close_reason END AS told,
    was.before, '' AS correlation
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS},
moved AS (
  UPDATE connectors_breakingnotice n SET judge_at = NULL FROM due WHERE n.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""

# After a silence of the portal's own nobody could report. Clocks that passed meanwhile are given as long as it lasted, between a
# quarter of an hour and a day: schedulers report again, or the next run does. What is late then is told.
FORGIVE = """
UPDATE connectors_syncstate SET freshness_clock =
  %(now)s + (%(margin)s + least(greatest(%(silence)s, 900), 86400)) * interval '1 second'
WHERE id IN (
  SELECT id FROM connectors_syncstate
  WHERE freshness_clock <= %(now)s + %(margin)s * interval '1 second'
  LIMIT %(limit)s FOR NO KEY UPDATE)
"""
_LONGEST_GRACE = "interval '25 hours'"

# The slower look, from what is true: a clock that is not armed though it should be, or stands where none was ever put; a failure
# nobody was told of; an incident whose cause is over and that nobody is going to judge.
REARM_LATE = f"""
UPDATE connectors_syncstate s SET freshness_clock = {_DEADLINE.format("s")} WHERE id IN (
  SELECT known.id FROM connectors_syncstate known JOIN connectors_connector connector ON connector.id = known.connector_id
  WHERE {_STANDS.format("connector")} AND known.fresh_until IS NOT NULL
    AND (known.freshness_clock IS NULL
         OR known.freshness_clock > greatest({_DEADLINE.format("known")}, statement_timestamp()) + {_LONGEST_GRACE})
    AND ({_DEADLINE.format("known")} > statement_timestamp()
         OR {_DEADLINE.format("known")} < statement_timestamp() - interval '1 minute'
            AND NOT EXISTS (SELECT 1 FROM severity_incident i
                            WHERE i.dedup_key = {LATE_KEY.format("connector.id")} AND i.epoch >= {_DEADLINE.format("known")}))
  LIMIT %s)
"""
REJUDGE = f"""
UPDATE connectors_syncstate SET judge_at = statement_timestamp() WHERE id IN (
  SELECT known.id FROM connectors_syncstate known JOIN connectors_syncrun run ON run.id = known.last_run_id
    JOIN connectors_connector connector ON connector.id = known.connector_id
  WHERE known.judge_at IS NULL AND run.state = 'failed' AND run.ended_at > statement_timestamp() - interval '1 day'
    AND {_STANDS.format("connector")}
    AND NOT EXISTS (SELECT 1 FROM severity_incident i
                    WHERE i.dedup_key = {FAILED_KEY.format("known.connector_id")} AND i.epoch = run.ended_at)
  UNION
  SELECT known.id FROM severity_incident i JOIN connectors_connector connector ON connector.id = i.connector_id
    JOIN connectors_syncstate known ON known.connector_id = connector.id {_NEWEST.format("connector.id")}
  WHERE i.state <> 'resolved' AND {RECOVERS} AND i.source = 'freshness' AND known.judge_at IS NULL
    AND (NOT {_STANDS.format("connector")}
         OR CASE i.rule WHEN {quoted(FRESHNESS.name)} THEN known.fresh_until > statement_timestamp()
                        ELSE newest.state = 'succeeded' END)
  LIMIT %s)
"""
REARM_NOTICES = f"""
UPDATE connectors_breakingnotice SET notice_clock = deadline WHERE id IN (
  SELECT notice.id FROM connectors_breakingnotice notice
  WHERE notice.closed_at IS NULL AND (notice.notice_clock IS NULL OR notice.notice_clock > notice.deadline)
    AND (notice.deadline > statement_timestamp() OR {_BEHIND.format("notice")})
    AND NOT EXISTS (SELECT 1 FROM severity_incident i
                    WHERE i.dedup_key = {NOTICE_KEY.format("notice.id")} AND i.epoch = notice.deadline)
  LIMIT %s)
"""
REJUDGE_NOTICES = f"""
UPDATE connectors_breakingnotice SET judge_at = statement_timestamp() WHERE id IN (
  SELECT notice.id FROM severity_incident i JOIN connectors_breakingnotice notice
      ON i.dedup_key = {NOTICE_KEY.format("notice.id")}
    JOIN connectors_connector connector ON connector.id = notice.connector_id
  WHERE i.state <> 'resolved' AND {RECOVERS} AND i.rule = {quoted(NOTICE_LATE.name)} AND notice.judge_at IS NULL
    AND (notice.closed_at IS NOT NULL OR NOT {_STANDS.format("connector")} OR NOT {_BEHIND.format("notice")})
  LIMIT %s)
"""
