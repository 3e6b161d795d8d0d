"""Indexes of allowlists and counts, and the quarantines that begin with a row or end with it."""

from django.db import migrations, models

QUARANTINES = migrations.RunSQL(
    sql="""
CREATE INDEX connector_allowlisted ON connectors_connector
  USING gin ((document->'runtime_tool'->'allowlist') jsonb_path_ops);
CREATE OR REPLACE FUNCTION connectors_quarantine_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM connectors_allowlists_moved(document, NULL) FROM connectors_connector WHERE id = OLD.connector_id;
  RETURN NULL;
END $$;
CREATE TRIGGER connectors_tool_quarantine_gone AFTER DELETE ON connectors_knowntool
  FOR EACH ROW WHEN (OLD.quarantined) EXECUTE FUNCTION connectors_quarantine_gone();
CREATE TRIGGER connectors_tool_quarantine_renamed AFTER UPDATE ON connectors_knowntool
  FOR EACH ROW WHEN (NEW.quarantined AND OLD.quarantined AND OLD.name <> NEW.name)
  EXECUTE FUNCTION connectors_quarantine_moved();
CREATE TRIGGER connectors_quarantine_made AFTER INSERT ON connectors_verification
  FOR EACH ROW WHEN (NEW.quarantined_at IS NOT NULL) EXECUTE FUNCTION connectors_quarantine_moved();
CREATE TRIGGER connectors_quarantine_gone AFTER DELETE ON connectors_verification
  FOR EACH ROW WHEN (OLD.quarantined_at IS NOT NULL) EXECUTE FUNCTION connectors_quarantine_gone();
ALTER TABLE connectors_knowntool ENABLE ALWAYS TRIGGER connectors_tool_quarantine_gone;
ALTER TABLE connectors_knowntool ENABLE ALWAYS TRIGGER connectors_tool_quarantine_renamed;
ALTER TABLE connectors_verification ENABLE ALWAYS TRIGGER connectors_quarantine_made;
ALTER TABLE connectors_verification ENABLE ALWAYS TRIGGER connectors_quarantine_gone;
""",
    reverse_sql="""
DROP TRIGGER IF EXISTS connectors_quarantine_gone ON connectors_verification;
DROP TRIGGER IF EXISTS connectors_quarantine_made ON connectors_verification;
DROP TRIGGER IF EXISTS connectors_tool_quarantine_renamed ON connectors_knowntool;
DROP TRIGGER IF EXISTS connectors_tool_quarantine_gone ON connectors_knowntool;
DROP FUNCTION IF EXISTS connectors_quarantine_gone();
DROP INDEX IF EXISTS connector_allowlisted;
""",
)


class Migration(migrations.Migration):
    dependencies = [("connectors", "0007_contracts_kept")]
    operations = [
        migrations.AddIndex(
            model_name="callcount", index=models.Index(fields=["agent", "-hour"], name="call_count_agent")
        ),
        migrations.AddIndex(model_name="callcount", index=models.Index(fields=["hour"], name="call_count_hour")),
        QUARANTINES,
    ]
