"""The version table of backfills, what is never changed, the triggers of allowlists, and the rows of connectors that there are."""

from django.db import migrations

from portal.audit.append_only import append_only
from portal.registry.versions import version_table

# An agent's row grows with every change of what it may call, in the transaction that makes it, whatever writes it. Agents are
# taken in one order, so that two changes wait for each other and never for both.
ALLOWLISTS = migrations.RunSQL(
    sql="""
CREATE OR REPLACE FUNCTION connectors_agents_of(document jsonb) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
  SELECT DISTINCT entry->>'agent' FROM jsonb_array_elements(coalesce(document->'runtime_tool'->'allowlist', '[]')) AS entry
$$;
CREATE OR REPLACE FUNCTION connectors_allowlists_moved(one jsonb, other jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO connectors_agentallowlist (agent, revision, changed_at)
  SELECT agent, 1, statement_timestamp()
  FROM (SELECT connectors_agents_of(one) AS agent UNION SELECT connectors_agents_of(other)) agents
  WHERE agent IS NOT NULL ORDER BY agent
  ON CONFLICT (agent) DO UPDATE SET revision = connectors_agentallowlist.revision + 1, changed_at = excluded.changed_at
$$;
CREATE OR REPLACE FUNCTION connectors_connector_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM connectors_allowlists_moved(CASE WHEN TG_OP = 'UPDATE' THEN OLD.document END, NEW.document);
  RETURN NULL;
END $$;
CREATE TRIGGER connectors_connector_made AFTER INSERT ON connectors_connector
  FOR EACH ROW WHEN (NEW.kind = 'runtime_tool') EXECUTE FUNCTION connectors_connector_moved();
CREATE TRIGGER connectors_connector_moved AFTER UPDATE ON connectors_connector
  FOR EACH ROW WHEN (NEW.kind = 'runtime_tool'
    AND (OLD.document, OLD.state, OLD.version) IS DISTINCT FROM (NEW.document, NEW.state, NEW.version))
  EXECUTE FUNCTION connectors_connector_moved();
CREATE OR REPLACE FUNCTION connectors_quarantine_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM connectors_allowlists_moved(document, NULL) FROM connectors_connector WHERE id = NEW.connector_id;
  RETURN NULL;
END $$;
CREATE TRIGGER connectors_tool_quarantine_made AFTER INSERT ON connectors_knowntool
  FOR EACH ROW WHEN (NEW.quarantined) EXECUTE FUNCTION connectors_quarantine_moved();
CREATE TRIGGER connectors_tool_quarantine_moved AFTER UPDATE ON connectors_knowntool
  FOR EACH ROW WHEN (OLD.quarantined IS DISTINCT FROM NEW.quarantined) EXECUTE FUNCTION connectors_quarantine_moved();
CREATE TRIGGER connectors_quarantine_moved AFTER UPDATE ON connectors_verification
  FOR EACH ROW WHEN ((OLD.quarantined_at IS NULL) <> (NEW.quarantined_at IS NULL))
  EXECUTE FUNCTION connectors_quarantine_moved();
ALTER TABLE connectors_connector ENABLE ALWAYS TRIGGER connectors_connector_made;
ALTER TABLE connectors_connector ENABLE ALWAYS TRIGGER connectors_connector_moved;
ALTER TABLE connectors_knowntool ENABLE ALWAYS TRIGGER connectors_tool_quarantine_made;
ALTER TABLE connectors_knowntool ENABLE ALWAYS TRIGGER connectors_tool_quarantine_moved;
ALTER TABLE connectors_verification ENABLE ALWAYS TRIGGER connectors_quarantine_moved;
INSERT INTO connectors_agentallowlist (agent, revision, changed_at)
  SELECT DISTINCT agent, 1, statement_timestamp() FROM connectors_connector, connectors_agents_of(document) AS agent
  WHERE kind = 'runtime_tool';
INSERT INTO connectors_verification (connector_id, lease, outcome, detail, failures, server_name, server_version,
    protocol_versions, has_tasks, tools, quarantine_reason, quarantined_by)
  SELECT id, 0, '', '', 0, '', '', '[]', false, 0, '', '' FROM connectors_connector WHERE kind = 'runtime_tool';
INSERT INTO connectors_syncstate (connector_id, pause_reason, paused_by, pull_lease, pull_failures, pull_detail)
  SELECT id, '', '', 0, 0, '' FROM connectors_connector WHERE kind = 'data_movement';
""",
    reverse_sql="""
DROP TRIGGER IF EXISTS connectors_quarantine_moved ON connectors_verification;
DROP TRIGGER IF EXISTS connectors_tool_quarantine_moved ON connectors_knowntool;
DROP TRIGGER IF EXISTS connectors_tool_quarantine_made ON connectors_knowntool;
DROP TRIGGER IF EXISTS connectors_connector_moved ON connectors_connector;
DROP TRIGGER IF EXISTS connectors_connector_made ON connectors_connector;
DROP FUNCTION IF EXISTS connectors_quarantine_moved();
DROP FUNCTION IF EXISTS connectors_connector_moved();
DROP FUNCTION IF EXISTS connectors_allowlists_moved(jsonb, jsonb);
DROP FUNCTION IF EXISTS connectors_agents_of(jsonb);
""",
)


class Migration(migrations.Migration):
    dependencies = [("connectors", "0006_contracts"), ("audit", "0002_append_only")]
    operations = [
        *version_table("connectors_backfill", "connectors_historicalbackfill"),
        append_only("connectors_tooldefinition"),
        append_only("connectors_backfillline"),
        append_only("connectors_drill"),
        ALLOWLISTS,
    ]
