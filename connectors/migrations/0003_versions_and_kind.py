"""The version table's constraints, and the kind that is fixed at registration."""

from django.db import migrations

from portal.registry.versions import version_table

KIND_FIXED = migrations.RunSQL(
    sql="""
CREATE OR REPLACE FUNCTION connector_kind_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the kind of connector % is fixed at registration', OLD.key
    USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER connector_kind_fixed BEFORE UPDATE OF kind ON connectors_connector
  FOR EACH ROW WHEN (OLD.kind IS DISTINCT FROM NEW.kind) EXECUTE FUNCTION connector_kind_fixed();
""",
    reverse_sql="""
DROP TRIGGER IF EXISTS connector_kind_fixed ON connectors_connector;
DROP FUNCTION IF EXISTS connector_kind_fixed();
""",
)


class Migration(migrations.Migration):
    dependencies = [("connectors", "0002_initial"), ("audit", "0002_append_only")]
    operations = [*version_table("connectors_connector", "connectors_historicalconnector"), KIND_FIXED]
