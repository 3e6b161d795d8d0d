"""What the statements of routing and the preview share: which route is for an incident, in which hours, under which silence.

Each is SQL of an alias: `i` of an incident (or what looks like one) and `route` of a route. Only the database's clock is read.
"""

from severity.rules import Level

V3 = Level.V3.value
# Whether a route is for an incident by itself, without anybody escalating to it.
SEVERE = "i.severity >= route.least"
SOURCED = "(route.sources = '[]'::jsonb OR jsonb_exists(route.sources, i.source))"
OF_TEAM = "(route.team_id IS NULL OR route.team_id = i.owner_id)"
OF_CONNECTOR = "(route.connector_id IS NULL OR route.connector_id = i.connector_id)"
MATCHES = f"route.active AND NOT route.only_escalated AND {OF_TEAM} AND {SEVERE} AND {SOURCED} AND {OF_CONNECTOR}"

# When the hours of a route are open next: now or before where they are open, NULL for one without hours. A day can be cut short
# or repeat an hour where its zone changes its clock; the instants are computed from local time, so that they follow it.
OPENS = """(
  SELECT min(greatest(day.begins, statement_timestamp())) AS at
  FROM (
    SELECT extract(isodow FROM local.date)::int AS dow,
           (local.date + route.begins * interval '1 minute') AT TIME ZONE route.zone AS begins,
           (local.date + route.ends * interval '1 minute') AT TIME ZONE route.zone AS ends
    FROM generate_series(0, 8) number, LATERAL (
      SELECT date_trunc('day', statement_timestamp() AT TIME ZONE route.zone) + number * interval '1 day' AS date) local
  ) day
  WHERE route.days @> to_jsonb(day.dow) AND day.ends > statement_timestamp()
)"""
# The silence over an incident that ends last, if any. None is over a V3.
SILENCED = f"""(
  SELECT silence.id, silence.ends_at FROM severity_silence silence
  WHERE i.severity < {V3} AND silence.begun_at <= statement_timestamp() AND silence.ends_at > statement_timestamp()
    AND (silence.team_id IS NULL OR silence.team_id = i.owner_id)
    AND (silence.connector_id IS NULL OR silence.connector_id = i.connector_id)
    AND (silence.rule = '' OR silence.rule = i.rule)
  ORDER BY silence.ends_at DESC, silence.id LIMIT 1
)"""
