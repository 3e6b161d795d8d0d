"""The statement about teams: standing entries whose team has nobody any more, and teams that have somebody again.

Built from the parts of `severity.effects`, like those about tasks and changes. Every kind of entry counts, by its table.
"""

from django.apps import apps

from portal.registry.models import Entry
from severity.effects import CHOSEN, EFFECTS, OPENED_CHANGES, PLAIN, RECOVERED, columns_of, fingerprint, opening, quoted
from severity.rules import NOBODY

# Read when every model is loaded, as this module is by the sweep; a model of a kind is a table of entries.
_TABLES = sorted(
    model._meta.db_table for model in apps.get_models() if issubclass(model, Entry) and not model._meta.abstract
)
_OWNED = " + ".join(
    f"(SELECT count(*) FROM {table} owned WHERE owned.owner_id = {{0}}.id AND owned.state IN ('active', 'deprecated'))"
    for table in _TABLES
)
_SOMEBODY = """EXISTS (
  SELECT 1 FROM people_team_members member JOIN people_user person ON person.id = member.user_id
  WHERE member.team_id = {0}.id AND person.is_active AND person.actor_type = 'human')"""
_KEY = f"'team:' || {{0}}.id || {quoted(':' + NOBODY.name)}"

_OPENED = opening(
    NOBODY,
    join="LEFT JOIN",
    circumstance=PLAIN,
    source="'watch'",
    subject_kind="'team'",
    subject_key="found.key",
    subject_id="found.owner_id",
    task_id="NULL::bigint",
    title="left(found.title || ': ' || found.entries || CASE WHEN found.entries = 1 THEN ' entry' ELSE ' entries' END"
    " || ' of ' || found.name, 300)",
    escalate_at="NULL::timestamptz",
)

TEAMS = f"""
WITH due AS (
  SELECT id, key, name, judge_at AS epoch
  FROM people_team team
  WHERE judge_at <= statement_timestamp() AND {CHOSEN.format("team")}
  ORDER BY judge_at
  LIMIT %(limit)s
  FOR NO KEY UPDATE /*LOCK*/
),
looked AS (
  SELECT due.*, {_SOMEBODY.format("due")} AS somebody, {_OWNED.format("due")} AS entries, {_KEY.format("due")} AS dedup_key
  FROM due
),
found AS (
  SELECT id AS owner_id, key, name, entries, NULL::bigint AS connector_id, '' AS correlation,
         {quoted(NOBODY.name)} AS rule, dedup_key, epoch, {quoted(NOBODY.title)} AS title, {quoted(NOBODY.told)} AS told
  FROM looked
  WHERE NOT somebody AND entries > 0 AND NOT EXISTS (
    SELECT 1 FROM severity_incident known WHERE known.dedup_key = looked.dedup_key AND known.state <> 'resolved')
),
opened AS ({_OPENED}),
was AS MATERIALIZED (
  SELECT i.id, looked.somebody, {fingerprint("i")} AS before
  FROM looked JOIN severity_incident i ON i.dedup_key = looked.dedup_key AND i.state <> 'resolved'
  WHERE looked.somebody OR looked.entries = 0
),
recovered AS ({RECOVERED}),
changed AS ({OPENED_CHANGES}
  UNION ALL
  SELECT {columns_of("recovered")}, recovered.state AS what,
    CASE WHEN was.somebody THEN 'The team has somebody again.' ELSE 'The team owns nothing any more.' END AS told,
    was.before, ''
  FROM recovered JOIN was ON was.id = recovered.id
),
{EFFECTS},
moved AS (
  UPDATE people_team t SET judge_at = NULL FROM due WHERE t.id = due.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM changed WHERE what <> 'repeated')
"""

# Owners change by changes of entries, too, which know nothing of this: the slower look arms the clock of teams that lost
# their last entry, or were given one while they have nobody. What a person resolved by hand rests for a day.
REARM = f"""
UPDATE people_team SET judge_at = statement_timestamp() WHERE id IN (
  SELECT team.id FROM people_team team
  WHERE team.judge_at IS NULL AND CASE
    WHEN EXISTS (SELECT 1 FROM severity_incident i WHERE i.dedup_key = {_KEY.format("team")} AND i.state <> 'resolved')
      THEN {_SOMEBODY.format("team")} OR {_OWNED.format("team")} = 0
    ELSE NOT {_SOMEBODY.format("team")} AND {_OWNED.format("team")} > 0 AND NOT EXISTS (
      SELECT 1 FROM severity_incident i
      WHERE i.dedup_key = {_KEY.format("team")} AND i.resolved_at > statement_timestamp() - interval '1 day') END
  ORDER BY team.id LIMIT %s)
"""
