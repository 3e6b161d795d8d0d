"""What the version table of every kind needs in the database, for use in migrations."""

from django.db.migrations import RunSQL


def version_table(entry: str, history: str) -> list[RunSQL]:
    """One row a version, a real foreign key to the change (made by the model), an index on the past, and no edits.

    Only `history_user_id` may be nulled, when an account is deleted; the name stays beside it.
    """
    return [
        RunSQL(
            sql=f"""
ALTER TABLE {history} ADD CONSTRAINT {entry}_one_row_per_version UNIQUE (id, version);
CREATE INDEX {entry}_as_of ON {history} (id, history_date DESC, history_id DESC);
CREATE OR REPLACE FUNCTION {entry}_history_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'history_user_id') = (to_jsonb(OLD) - 'history_user_id')
     AND NEW.history_user_id IS NULL THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'versions are append-only: % is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER {entry}_history_fixed BEFORE UPDATE OR DELETE ON {history}
  FOR EACH ROW EXECUTE FUNCTION {entry}_history_fixed();
ALTER TABLE {history} ENABLE ALWAYS TRIGGER {entry}_history_fixed;
CREATE TRIGGER {entry}_never_deleted BEFORE DELETE ON {entry}
  FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
ALTER TABLE {entry} ENABLE ALWAYS TRIGGER {entry}_never_deleted;
""",
            reverse_sql=f"""
DROP TRIGGER IF EXISTS {entry}_never_deleted ON {entry};
DROP TRIGGER IF EXISTS {entry}_history_fixed ON {history};
DROP FUNCTION IF EXISTS {entry}_history_fixed();
DROP INDEX IF EXISTS {entry}_as_of;
ALTER TABLE {history} DROP CONSTRAINT IF EXISTS {entry}_one_row_per_version;
""",
        )
    ]
