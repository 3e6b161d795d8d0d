"""The statement of the sweep about duties: what should have been done by now and was not is told, once.

What each state asks for is said in `severity.duties`; a test holds that both judge alike.
"""

from severity.duties import BY_STATE
from severity.effects import ACTOR, CHOSEN, columns_of, fingerprint, quoted

_WORDS = {
    "ack_by": "Nobody has taken it on.",
    "update_by": "No update has been posted.",
    "resolve_by": "It is not mitigated.",
    "review_by": "Its review is not approved.",
}
# The duties of a row: name, instant, words; only those that its state asks for.
_ASKED = "\n    UNION ALL ".join(
    f"SELECT {quoted(name)} AS duty, due.{name} AS at, {quoted(words)} AS told WHERE due.state IN ({states})"
    for name, words in _WORDS.items()
    for states in (", ".join(quoted(state) for state, names in BY_STATE.items() if name in names),)
)

DUTIES = f"""
WITH due AS (
  SELECT i.*, {fingerprint("i")} AS before
  FROM severity_incident i
  WHERE i.duty_clock <= statement_timestamp() AND {CHOSEN.format("i")}
  ORDER BY i.duty_clock
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
asked AS (
  SELECT due.id, duty.duty, duty.at, duty.told, duty.at >= due.duty_clock AND duty.at <= statement_timestamp() AS passed
  FROM due CROSS JOIN LATERAL ({_ASKED}) duty
  WHERE duty.at IS NOT NULL AND NOT (due.state = 'resolved' AND EXISTS (
    SELECT 1 FROM severity_incidentreview review WHERE review.incident_id = due.id AND review.approved_at IS NOT NULL))
),
late AS (
  SELECT id, string_agg(told, ' ' ORDER BY at, duty) AS told, string_agg(duty, '+' ORDER BY at, duty) AS duties,
         max(at) AS at
  FROM asked WHERE passed GROUP BY id
),
ahead AS (
  SELECT id, min(at) AS at FROM asked WHERE at > statement_timestamp() GROUP BY id
),
moved AS (
  UPDATE severity_incident i SET duty_clock = (SELECT ahead.at FROM ahead WHERE ahead.id = i.id)
  WHERE i.id = ANY(ARRAY(SELECT id FROM due))
  RETURNING i.*
),
changed AS (
  SELECT {columns_of("moved")}, 'overdue' AS what, late.told, late.duties, late.at AS late_at
  FROM moved JOIN late ON late.id = moved.id
),
timeline AS (
  INSERT INTO severity_timelineevent (incident_id, at, what, actor_name, severity, text)
  SELECT id, statement_timestamp(), what, '{ACTOR}', severity, told FROM changed
),
audit AS (
  INSERT INTO audit_auditline (at, actor_id, actor_name, actor_type, action, object_kind, object_key, before_digest, after_digest,
    detail, correlation_id, trace_id, address)
  SELECT statement_timestamp(), NULL, '{ACTOR}', 'automated_workflow', 'incident.overdue', 'incident', 'INC-' || changed.id,
         due.before, {fingerprint("changed")}, duties, %(correlation)s, %(trace)s, ''
  FROM changed JOIN due ON due.id = changed.id
),
outbox AS (
  INSERT INTO outbox_outboxevent (topic, subject, team_key, payload, dedup_key, people, caused_by, by_route,
    route_at)
  SELECT 'incident.overdue', left('V' || severity || ' overdue: ' || title, 300), team.key,
         jsonb_build_object('id', 'INC-' || changed.id, 'severity', 'V' || severity, 'state', changed.state, 'title', title,
                            'rule', rule, 'subject', subject_key, 'connector', connector.key, 'task', task_id,
                            'opened_at', opened_at, 'overdue', told, 'by', '{ACTOR}',
                            'url', '/incidents/INC-' || changed.id || '/'),
         'incident:' || changed.id || ':overdue:' || duties || ':' || extract(epoch FROM late_at)::text,
         coalesce((SELECT jsonb_object_agg(follower.user_id, 'watcher') FROM (
                     SELECT user_id FROM severity_incidentsubscriber WHERE incident_id = changed.id
                     UNION SELECT changed.commander_id WHERE changed.commander_id IS NOT NULL) follower), '{{}}'), NULL,
         true, statement_timestamp()
  FROM changed JOIN people_team team ON team.id = changed.owner_id
    LEFT JOIN connectors_connector connector ON connector.id = changed.connector_id
  ON CONFLICT (dedup_key) DO NOTHING
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed)
"""

_AHEAD = " ".join(
    f"WHEN {quoted(state)} THEN least({', '.join(f'CASE WHEN {name} > statement_timestamp() THEN {name} END' for name in names)})"
    for state, names in BY_STATE.items()
    if state != "resolved"
)
# Unresolved, with a duty ahead and no clock for it: armed again. Those that are over are too many to be looked through.
REARM = f"""
UPDATE severity_incident SET duty_clock = due.at FROM (
  SELECT id, at FROM (
    SELECT i.id, CASE i.state {_AHEAD} END AS at
    FROM severity_incident i WHERE i.state <> 'resolved' AND i.duty_clock IS NULL) lost
  WHERE at IS NOT NULL ORDER BY id LIMIT %s) due
WHERE severity_incident.id = due.id AND severity_incident.duty_clock IS NULL AND severity_incident.state <> 'resolved'
"""
