"""The statements of the sweep about who hears of incidents: route what happened, escalate what nobody took on, tell.

What happened is an event of the outbox whose `route_at` is set, written in the transaction that caused it. From it come tellings,
one for each incident and route, whose clocks are judged here: each statement decides for a batch in one transaction, so that a
worker that dies decides nothing, and two at once decide once. What is told is an event of the outbox in turn.

Nothing that is held back is lost: outside a route's hours, under a silence, in an open window or while its cause flaps, a telling
keeps an instant at which it is judged again.
"""

from severity.effects import ACTOR, CHOSEN, quoted
from severity.routing.matching import MATCHES, OPENS, SILENCED, V3
from severity.routing.rules import CALM_MINUTES, FLAPPING_TIMES, MOST_LISTED, OWN_WINDOW_MINUTES
from severity.routing.topics import ENDS, NEWS

_NEWS = ", ".join(quoted(f"incident.{what}") for what in NEWS)
_ENDS = ", ".join(quoted(what) for what in ENDS)
_OVER = "i.state IN ('mitigated', 'resolved')"

ROUTE = f"""
WITH due AS (
  SELECT event.id, event.topic, event.by_route, event.caused_by, substr(event.payload ->> 'id', 5)::bigint AS incident_id
  FROM outbox_outboxevent event
  WHERE event.route_at <= statement_timestamp() AND {CHOSEN.format("event")}
  ORDER BY event.route_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
seen AS (
  SELECT incident_id, bool_or(topic IN ({_NEWS})) AS news, bool_or(by_route) AS own, max(caused_by) AS caused_by,
         (array_agg(substr(topic, 10) ORDER BY (topic IN ({_NEWS})) DESC, id DESC))[1] AS what
  FROM due GROUP BY incident_id
),
matched AS (
  SELECT seen.*, route.id AS route_id, route.team_id IS NOT NULL AS of_team
  FROM seen JOIN severity_incident i ON i.id = seen.incident_id JOIN severity_route route ON {MATCHES}
  WHERE seen.news
),
wanted AS (
  SELECT incident_id, route_id, what, caused_by, true AS mailed FROM matched
  UNION ALL
  SELECT incident_id, NULL, what, caused_by,
         NOT EXISTS (SELECT 1 FROM matched WHERE matched.incident_id = seen.incident_id AND matched.of_team)
  FROM seen WHERE seen.news AND seen.own
),
begun AS (
  INSERT INTO severity_telling AS known (incident_id, route_id, what, begun_at, tell_at, mailed, caused_by)
  SELECT incident_id, route_id, what, statement_timestamp(), statement_timestamp(), mailed, caused_by
  FROM wanted ORDER BY incident_id, route_id
  ON CONFLICT (incident_id, route_id) DO UPDATE SET what = excluded.what, tell_at = excluded.tell_at,
    mailed = excluded.mailed, caused_by = excluded.caused_by, held = '', silence_id = NULL
),
ended AS (
  UPDATE severity_telling telling SET what = seen.what, tell_at = statement_timestamp(), held = '', silence_id = NULL,
    caused_by = seen.caused_by
  FROM seen JOIN severity_incident i ON i.id = seen.incident_id
  WHERE telling.incident_id = seen.incident_id AND NOT seen.news AND {_OVER}
    AND telling.told_at IS NOT NULL AND telling.flapping_at IS NULL
    AND CASE WHEN telling.route_id IS NULL THEN seen.own ELSE (
      SELECT route.tells_end FROM severity_route route WHERE route.id = telling.route_id) END
),
done AS (
  UPDATE outbox_outboxevent event SET route_at = NULL WHERE event.id = ANY(ARRAY(SELECT id FROM due))
)
SELECT (SELECT count(*) FROM due), 0
"""

ESCALATE = f"""
WITH due AS (
  SELECT telling.id, telling.incident_id, telling.route_id
  FROM severity_telling telling
  WHERE telling.escalate_at <= statement_timestamp() AND {CHOSEN.format("telling")}
  ORDER BY telling.escalate_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
judged AS (
  SELECT due.*, i.severity, i.state, route.name, route.escalate_minutes, target.id AS target_id, target.name AS target_name,
         silence.ends_at,
         i.state = 'open' AND route.active AND coalesce(target.active, false) AND silence.id IS NULL AS escalates
  FROM due JOIN severity_incident i ON i.id = due.incident_id JOIN severity_route route ON route.id = due.route_id
    LEFT JOIN severity_route target ON target.id = route.escalate_to_id
    LEFT JOIN LATERAL {SILENCED} silence ON true
),
-- Another incident's telling must never wait for this one: always in the same order.
told AS (
  INSERT INTO severity_telling AS known (incident_id, route_id, what, begun_at, tell_at)
  SELECT DISTINCT incident_id, target_id, 'escalated', statement_timestamp(), statement_timestamp()
  FROM judged WHERE escalates ORDER BY 1, 2
  ON CONFLICT (incident_id, route_id) DO UPDATE SET what = 'escalated', tell_at = excluded.tell_at, held = '', silence_id = NULL
),
moved AS (
  UPDATE severity_telling telling SET escalate_at = CASE WHEN judged.state = 'open' THEN judged.ends_at END
  FROM judged WHERE telling.id = judged.id
    AND NOT EXISTS (SELECT 1 FROM judged other WHERE other.escalates AND other.incident_id = telling.incident_id
                    AND other.target_id = telling.route_id)
),
timeline AS (
  INSERT INTO severity_timelineevent (incident_id, at, what, actor_name, severity, text)
  SELECT incident_id, statement_timestamp(), 'escalated', '{ACTOR}', severity,
         'Nobody has taken it on ' || escalate_minutes || ' minutes after “' || name || '” told it: “' || target_name
         || '” tells it.'
  FROM judged WHERE escalates
),
audit AS (
  INSERT INTO audit_auditline (at, actor_id, actor_name, actor_type, action, object_kind, object_key, before_digest, after_digest,
    detail, correlation_id, trace_id, address)
  SELECT statement_timestamp(), NULL, '{ACTOR}', 'automated_workflow', 'incident.escalated', 'incident', 'INC-' || incident_id,
         '', '', name || ' → ' || target_name, %(correlation)s, %(trace)s, ''
  FROM judged WHERE escalates
)
SELECT (SELECT count(*) FROM due), 0
"""

# How often the cause of `i` opened or came back in the last hour, and whether this route was told already that it flaps.
# Each part by the index of its key: a plan that reads a whole table would do so for every row.
_FLAPS = f"""(
  SELECT coalesce(sum(seen.openings), 0) AS openings, coalesce(bool_or(seen.known), false) AS known
  FROM severity_incident same CROSS JOIN LATERAL (
    SELECT (SELECT count(*) FROM severity_timelineevent line
            WHERE line.incident_id = same.id AND line.what IN ('opened', 'reopened')
              AND line.at > statement_timestamp() - interval '1 hour') AS openings,
           EXISTS (SELECT 1 FROM severity_telling other
                   WHERE other.incident_id = same.id AND other.route_id IS NOT DISTINCT FROM due.route_id
                     AND other.flapping_at > statement_timestamp() - interval '{CALM_MINUTES} minutes') AS known
  ) seen
  WHERE same.dedup_key = i.dedup_key AND due.what IN ('opened', 'reopened')
    AND (same.resolved_at IS NULL OR same.resolved_at > statement_timestamp() - interval '1 hour')
)"""
_WORDS = " ".join(
    f"WHEN {quoted(what)} THEN {quoted(words)}"
    for what, words in {"again": "still open", "reopened": "came back", "given": "given to you"}.items()
)
# One worker at a time tells: two would part a group between them, and one part would wait for the window of the other.
TELL = f"""
WITH turn AS MATERIALIZED (
  SELECT gen_random_uuid() AS token, pg_try_advisory_xact_lock(hashtext('severity.telling')) AS mine
),
picked AS (
  SELECT telling.id, telling.route_id, telling.about, telling.held
  FROM turn JOIN severity_telling telling ON turn.mine
  WHERE telling.tell_at <= statement_timestamp() AND {CHOSEN.format("telling")}
  ORDER BY telling.tell_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE OF telling /*LOCK*/
),
-- All that waited for the same window, however many: told in one notice.
mates AS (
  SELECT mate.id
  FROM (SELECT DISTINCT route_id, about FROM picked WHERE held = 'window') waited
    JOIN severity_telling mate ON mate.about = waited.about AND mate.held = 'window'
      AND mate.route_id IS NOT DISTINCT FROM waited.route_id
  WHERE mate.tell_at <= statement_timestamp() AND {CHOSEN.format("mate")}
),
due AS (
  SELECT telling.*
  FROM severity_telling telling
  WHERE telling.id = ANY(ARRAY(SELECT id FROM picked UNION SELECT id FROM mates))
  FOR NO KEY UPDATE /*LOCK*/
),
seen AS (
  SELECT due.id, due.incident_id, due.route_id, due.what, due.mailed, due.caused_by, due.times,
         i.severity, i.state, i.title, i.owner_id, i.connector_id, i.rule, i.subject_key, i.task_id, i.opened_at,
         {_OVER} AS over, silence.id AS silence_id, silence.ends_at AS silence_ends, opens.at AS opens_at,
         route.repeat_minutes, route.escalate_minutes, coalesce(route.window_minutes, {OWN_WINDOW_MINUTES}) AS window_minutes,
         CASE
           WHEN NOT coalesce(route.active, true) THEN 'over'
           WHEN due.what = 'again' AND i.state <> 'open' THEN 'over'
           WHEN due.held IN ('silence', 'flapping') AND {_OVER} THEN 'over'
           WHEN silence.id IS NOT NULL THEN CASE WHEN {_OVER} THEN 'over' ELSE 'silence' END
           WHEN i.severity < {V3} AND opens.at > statement_timestamp() THEN 'hours'
           WHEN i.severity < {V3} AND flaps.openings > {FLAPPING_TIMES} AND flaps.known
             THEN CASE WHEN {_OVER} THEN 'over' ELSE 'flapping' END
           WHEN i.severity < {V3} AND flaps.openings > {FLAPPING_TIMES} THEN 'flaps'
           ELSE 'tell' END AS verdict,
         flaps.openings
  FROM due JOIN severity_incident i ON i.id = due.incident_id
    LEFT JOIN severity_route route ON route.id = due.route_id
    LEFT JOIN LATERAL {SILENCED} silence ON true
    LEFT JOIN LATERAL {OPENS} opens ON route.days <> '[]'::jsonb
    LEFT JOIN LATERAL {_FLAPS} flaps ON true
),
-- What is told in one notice: of one owner and one connector (or cause), as bad, opened or ended. V3 stands alone.
judged AS (
  SELECT seen.*, concat_ws('/', 'T' || owner_id,
    CASE WHEN severity = {V3} OR verdict = 'flaps' THEN 'I' || incident_id
         WHEN connector_id IS NOT NULL THEN 'C' || connector_id ELSE 'R-' || rule END,
    CASE WHEN what IN ({_ENDS}) THEN 'end' WHEN what = 'again' THEN 'again' WHEN what = 'escalated' THEN 'escalated'
         ELSE 'V' || severity END,
    CASE WHEN severity = {V3} OR verdict = 'flaps' THEN what END, CASE WHEN NOT mailed THEN 'unmailed' END) AS about
  FROM seen
),
open AS (
  INSERT INTO severity_tellingwindow AS known (route_id, about, turn, closes_at)
  SELECT DISTINCT judged.route_id, judged.about, turn.token, statement_timestamp() + judged.window_minutes * interval '1 minute'
  FROM judged, turn WHERE judged.verdict IN ('tell', 'flaps') ORDER BY 1, 2
  ON CONFLICT (route_id, about) DO UPDATE SET
    turn = CASE WHEN known.closes_at <= statement_timestamp() THEN excluded.turn ELSE known.turn END,
    closes_at = CASE WHEN known.closes_at <= statement_timestamp() THEN excluded.closes_at ELSE known.closes_at END
  RETURNING route_id, about, turn, closes_at
),
decided AS (
  SELECT judged.*, open.closes_at, open.turn = turn.token OR judged.severity = {V3} OR judged.verdict = 'flaps' AS told
  FROM judged CROSS JOIN turn
    LEFT JOIN open ON judged.verdict IN ('tell', 'flaps') AND open.route_id IS NOT DISTINCT FROM judged.route_id
      AND open.about = judged.about
),
moved AS (
  UPDATE severity_telling telling SET
    tell_at = CASE decided.verdict
      WHEN 'over' THEN NULL WHEN 'silence' THEN decided.silence_ends WHEN 'hours' THEN decided.opens_at
      WHEN 'flapping' THEN statement_timestamp() + interval '{CALM_MINUTES} minutes'
      WHEN 'flaps' THEN statement_timestamp() + interval '{CALM_MINUTES} minutes'
      ELSE CASE WHEN NOT decided.told THEN decided.closes_at
                WHEN decided.state = 'open' THEN statement_timestamp() + decided.repeat_minutes * interval '1 minute' END END,
    held = CASE WHEN decided.verdict IN ('silence', 'hours', 'flapping') THEN decided.verdict
                WHEN decided.verdict = 'flaps' THEN 'flapping'
                WHEN decided.verdict = 'tell' AND NOT decided.told THEN 'window' ELSE '' END,
    about = CASE WHEN decided.verdict = 'tell' AND NOT decided.told THEN decided.about ELSE '' END,
    silence_id = CASE WHEN decided.verdict = 'silence' THEN decided.silence_id END,
    flapping_at = CASE WHEN decided.verdict IN ('flaps', 'flapping') THEN statement_timestamp() ELSE telling.flapping_at END,
    what = CASE WHEN decided.verdict = 'tell' AND decided.told AND decided.state = 'open' AND decided.repeat_minutes IS NOT NULL
                THEN 'again' ELSE telling.what END,
    told_at = CASE WHEN decided.told AND decided.verdict IN ('tell', 'flaps') THEN statement_timestamp() ELSE telling.told_at END,
    times = telling.times + CASE WHEN decided.told AND decided.verdict IN ('tell', 'flaps') THEN 1 ELSE 0 END,
    escalate_at = CASE WHEN decided.state <> 'open' THEN NULL
                       WHEN decided.told AND decided.verdict = 'tell' AND decided.times = 0 AND telling.escalate_at IS NULL
                       THEN statement_timestamp() + decided.escalate_minutes * interval '1 minute'
                       ELSE telling.escalate_at END
  FROM decided WHERE telling.id = decided.id
),
listed AS (
  SELECT decided.*, row_number() OVER (PARTITION BY route_id, about ORDER BY severity DESC, incident_id) AS place,
         CASE WHEN verdict = 'flaps' THEN 'flapping' ELSE CASE what {_WORDS} ELSE what END END
           || CASE WHEN over AND what NOT IN ({_ENDS}) THEN ', over already' ELSE '' END AS word
  FROM decided WHERE told AND verdict IN ('tell', 'flaps')
),
notices AS (
  SELECT route_id, about, count(*) AS number, max(severity) AS severity, min(incident_id) AS first_id,
         min(owner_id) AS owner_id, max(connector_id) AS connector_id, min(rule) AS rule, bool_and(mailed) AS mailed,
         CASE WHEN count(*) = 1 THEN max(caused_by) END AS caused_by, min(word) AS word, min(title) AS title,
         bool_or(verdict = 'flaps') AS flaps, max(openings) AS openings,
         jsonb_agg(jsonb_build_object('id', 'INC-' || incident_id, 'severity', 'V' || severity, 'state', state, 'title', title,
           'rule', rule, 'subject', subject_key, 'task', task_id, 'opened_at', opened_at, 'what', word,
           'url', '/incidents/INC-' || incident_id || '/') ORDER BY place) FILTER (WHERE place <= {MOST_LISTED}) AS incidents,
         jsonb_agg('INC-' || incident_id || ' V' || severity || ' ' || word || ': ' || title ORDER BY place)
           FILTER (WHERE place <= {MOST_LISTED}) AS lines
  FROM listed GROUP BY route_id, about
),
outbox AS (
  INSERT INTO outbox_outboxevent (topic, subject, team_key, payload, dedup_key, caused_by, mailed, broadcast, receivers)
  SELECT 'incident.told',
         left('V' || severity || CASE WHEN number = 1 THEN ' ' || word || ': ' || title
           ELSE ': ' || number || ' incidents of ' || coalesce(connector.name, rule) END, 300),
         CASE WHEN route.id IS NULL THEN team.key WHEN route.way = 'members' THEN coalesce(told_team.key, team.key) ELSE '' END,
         jsonb_build_object('route', coalesce(route.name, ''), 'team', team.key, 'severity', 'V' || severity, 'count', number,
           'connector', connector.key, 'incidents', incidents,
           'lines', CASE WHEN number = 1 THEN '[]'::jsonb ELSE lines END
             || CASE WHEN number > {MOST_LISTED} THEN jsonb_build_array('… and ' || number - {MOST_LISTED} || ' more.')
                     ELSE '[]'::jsonb END
             || CASE WHEN flaps THEN jsonb_build_array('It opened ' || openings || ' times within the hour. Nothing more is '
                  'told of it until it was calm for {CALM_MINUTES} minutes.') ELSE '[]'::jsonb END,
           'url', CASE WHEN number = 1 THEN '/incidents/INC-' || first_id || '/'
                       WHEN connector.key IS NOT NULL THEN '/incidents/?connector=' || connector.key
                       ELSE '/incidents/?rule=' || rule END),
         'told:' || coalesce(route.id, 0) || ':' || about || ':' || turn.token, caused_by, mailed, false,
         CASE route.way
           WHEN 'webhook' THEN jsonb_build_array(jsonb_build_object('channel', 'webhook', 'receiver', endpoint.name))
           WHEN 'chat' THEN jsonb_build_array(jsonb_build_object('channel', 'chat', 'receiver', room.name))
           ELSE '[]'::jsonb END
  FROM notices CROSS JOIN turn JOIN people_team team ON team.id = notices.owner_id
    LEFT JOIN severity_route route ON route.id = notices.route_id
    LEFT JOIN people_team told_team ON told_team.id = route.members_of_id
    LEFT JOIN outbox_webhookendpoint endpoint ON endpoint.id = route.endpoint_id
    LEFT JOIN outbox_chatroom room ON room.id = route.room_id
    LEFT JOIN connectors_connector connector ON connector.id = notices.connector_id
  ON CONFLICT (dedup_key) DO NOTHING
)
SELECT (SELECT count(*) FROM picked), 0
"""
# Held back by a silence that somebody ended in that very instant: it is judged again.
REJUDGE = """
UPDATE severity_telling SET tell_at = statement_timestamp() WHERE id IN (
  SELECT telling.id FROM severity_telling telling JOIN severity_silence silence ON silence.id = telling.silence_id
  WHERE silence.ends_at <= statement_timestamp() AND telling.tell_at > statement_timestamp()
  LIMIT %s)
"""
# Windows that closed long ago say nothing any more.
FORGET = """
DELETE FROM severity_tellingwindow WHERE id IN (
  SELECT id FROM severity_tellingwindow WHERE closes_at < statement_timestamp() - interval '1 day'
  ORDER BY closes_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""
