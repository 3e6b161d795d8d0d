"""Version tables of decisions and of the lineage choice, and what the database itself holds about them."""

from django.db import migrations

from portal.audit.append_only import append_only
from portal.registry.versions import version_table

# The last word: not even code that forgets to ask can change what was accepted, or choose what no decision chooses.
_FIXED = """
CREATE FUNCTION metrics_decisionrecord_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.document - '{owner,description,description_ar}'::text[], NEW.number, NEW.decided_on, NEW.key, NEW.name)
     IS DISTINCT FROM
     (OLD.document - '{owner,description,description_ar}'::text[], OLD.number, OLD.decided_on, OLD.key, OLD.name) THEN
    RAISE EXCEPTION 'an accepted decision is fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER metrics_decisionrecord_fixed BEFORE UPDATE ON metrics_decisionrecord
  FOR EACH ROW EXECUTE FUNCTION metrics_decisionrecord_fixed();
ALTER TABLE metrics_decisionrecord ENABLE ALWAYS TRIGGER metrics_decisionrecord_fixed;

CREATE FUNCTION metrics_ruling_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.stands AND NOT NEW.stands
     AND (NEW.id, NEW.decision_id, NEW.topic, NEW.choice) = (OLD.id, OLD.decision_id, OLD.topic, OLD.choice)
     AND EXISTS (SELECT FROM metrics_supersession WHERE older_id = OLD.decision_id) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a ruling ends by a superseding decision alone' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER metrics_ruling_fixed BEFORE UPDATE OR DELETE ON metrics_ruling
  FOR EACH ROW EXECUTE FUNCTION metrics_ruling_fixed();
ALTER TABLE metrics_ruling ENABLE ALWAYS TRIGGER metrics_ruling_fixed;

CREATE FUNCTION metrics_lineagechoice_ruled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.choice, NEW.ruling_id) = (OLD.choice, OLD.ruling_id) THEN
    RETURN NEW;
  END IF;
  PERFORM FROM metrics_ruling
    WHERE id = NEW.ruling_id AND topic = 'lineage' AND choice = NEW.choice AND stands FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no standing decision makes this choice' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER metrics_lineagechoice_ruled BEFORE INSERT OR UPDATE ON metrics_lineagechoice
  FOR EACH ROW EXECUTE FUNCTION metrics_lineagechoice_ruled();
ALTER TABLE metrics_lineagechoice ENABLE ALWAYS TRIGGER metrics_lineagechoice_ruled;
"""
_FREE = """
DROP TRIGGER metrics_lineagechoice_ruled ON metrics_lineagechoice;
DROP FUNCTION metrics_lineagechoice_ruled();
DROP TRIGGER metrics_ruling_fixed ON metrics_ruling;
DROP FUNCTION metrics_ruling_fixed();
DROP TRIGGER metrics_decisionrecord_fixed ON metrics_decisionrecord;
DROP FUNCTION metrics_decisionrecord_fixed();
"""


class Migration(migrations.Migration):
    dependencies = [("metrics", "0003_decisions"), ("audit", "0002_append_only")]
    operations = [
        *version_table("metrics_decisionrecord", "metrics_historicaldecisionrecord"),
        *version_table("metrics_lineagechoice", "metrics_historicallineagechoice"),
        append_only("metrics_supersession"),
        migrations.RunSQL(_FIXED, _FREE),
    ]
