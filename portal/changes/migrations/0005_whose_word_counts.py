"""Comments and attachments are append-only; nobody signs what they, or an account they answer for, wrote any part of."""

from django.db import migrations

from portal.audit.append_only import append_only

# The check constraint on `author` covers the author alone; co-authors and accountable people stand in other rows.
NOT_BY_WRITERS = migrations.RunSQL(
    sql="""
CREATE OR REPLACE FUNCTION changes_decision_not_by_writers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.verdict IN ('approve', 'review') AND EXISTS (
    SELECT 1
    FROM changes_proposal looked_at
    JOIN changes_changerequest change ON change.id = looked_at.change_id
    JOIN changes_proposal written ON written.change_id = change.id
    JOIN people_user writer ON writer.id IN (written.author_id, change.author_id)
    WHERE looked_at.id = NEW.proposal_id AND NEW.actor_id IN (writer.id, writer.accountable_id)
  ) THEN
    RAISE EXCEPTION 'four eyes: % wrote part of this change or answers for who did', NEW.actor_name
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER changes_decision_not_by_writers BEFORE INSERT ON changes_decision
  FOR EACH ROW EXECUTE FUNCTION changes_decision_not_by_writers();
ALTER TABLE changes_decision ENABLE ALWAYS TRIGGER changes_decision_not_by_writers;
""",
    reverse_sql="""
DROP TRIGGER IF EXISTS changes_decision_not_by_writers ON changes_decision;
DROP FUNCTION IF EXISTS changes_decision_not_by_writers();
""",
)


class Migration(migrations.Migration):
    dependencies = [("changes", "0004_whole_workflow"), ("people", "0001_initial"), ("audit", "0002_append_only")]
    operations = [append_only("changes_comment"), append_only("changes_attachment"), NOT_BY_WRITERS]
