"""Append-only tables: triggers that refuse UPDATE, DELETE and TRUNCATE, for use in migrations."""

from django.db.migrations import RunSQL

FUNCTION = RunSQL(
    sql="""
CREATE OR REPLACE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
""",
    reverse_sql="DROP FUNCTION IF EXISTS portal_refuse_change();",
)


def append_only(table: str) -> RunSQL:
    """The migration operation that makes a table append-only, whatever the session's replication role is."""
    return RunSQL(
        sql=f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION portal_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
""",
        reverse_sql=f"""
DROP TRIGGER IF EXISTS {table}_append_only ON {table};
DROP TRIGGER IF EXISTS {table}_no_truncate ON {table};
""",
    )
