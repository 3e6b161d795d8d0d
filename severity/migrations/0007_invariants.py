"""Version tables, append-only tables, and what the database itself holds about exceptions and the gate."""

from django.db import migrations

from portal.audit.append_only import append_only
from portal.registry.versions import version_table

# Incidents from before they had a row of readiness.
_ROWS = """
UPDATE severity_incident SET
  source = CASE WHEN source = 'drift' AND subject_kind = 'metric' THEN 'metric' ELSE source END,
  dimension = CASE WHEN source = 'approval' THEN 'approval_sla' WHEN subject_kind = 'metric' THEN 'data_quality'
                   WHEN subject_kind = 'event_schema' THEN 'schema_adherence' ELSE 'connector_health' END
WHERE dimension = '';
"""

_EXCEPTION = """
CREATE FUNCTION severity_exception_of_v2() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found integer;
BEGIN
  SELECT severity INTO found FROM severity_incident WHERE id = NEW.incident_id FOR SHARE;
  IF found <> 2 THEN
    RAISE EXCEPTION 'an exception is for a V2 alone: INC-% is V%', NEW.incident_id, found
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER severity_exception_of_v2 BEFORE INSERT ON severity_gateexception
  FOR EACH ROW EXECUTE FUNCTION severity_exception_of_v2();
ALTER TABLE severity_gateexception ENABLE ALWAYS TRIGGER severity_exception_of_v2;
"""
_NO_EXCEPTION = """
DROP TRIGGER IF EXISTS severity_exception_of_v2 ON severity_gateexception;
DROP FUNCTION IF EXISTS severity_exception_of_v2();
"""

# What may close the gate, by table: the condition on the new rows of the statement.
_CLOSES = {
    "severity_incident": "severity >= 2 AND state <> 'resolved'",
    "severity_gateexception": "true",
    "severity_readinessstatement": "true",
    "severity_attestation": "true",
    "metrics_checkpointstate": "verdict <> 'pass'",
}


def _touching(table: str, condition: str) -> migrations.RunSQL:
    name = f"{table}_touches_gate"
    return migrations.RunSQL(
        sql=f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh WHERE {condition}) THEN
    INSERT INTO severity_gate (id, touched) VALUES (1, 1)
      ON CONFLICT (id) DO UPDATE SET touched = severity_gate.touched + 1;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER {name}_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION {name}();
CREATE TRIGGER {name}_u AFTER UPDATE ON {table} REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION {name}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_i;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}_u;
""",
        reverse_sql=f"""
DROP TRIGGER IF EXISTS {name}_i ON {table};
DROP TRIGGER IF EXISTS {name}_u ON {table};
DROP FUNCTION IF EXISTS {name}();
""",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("severity", "0006_severity_in_full"),
        ("metrics", "0009_quality_versions"),
        ("audit", "0002_append_only"),
    ]
    operations = [
        migrations.RunSQL(_ROWS, migrations.RunSQL.noop),
        *version_table("severity_releasecandidate", "severity_historicalreleasecandidate"),
        *version_table("severity_gateexception", "severity_historicalgateexception"),
        *version_table("severity_severitytable", "severity_historicalseveritytable"),
        append_only("severity_readinessstatement"),
        append_only("severity_attestation"),
        append_only("severity_promotion"),
        append_only("severity_claimevent"),
        append_only("severity_incidentstep"),
        migrations.RunSQL(_EXCEPTION, _NO_EXCEPTION),
        *(_touching(table, condition) for table, condition in _CLOSES.items()),
    ]
