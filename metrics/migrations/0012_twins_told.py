"""The Arabic labels that metrics already have become their names in Arabic; an accepted decision may get such a name later."""

from django.db import migrations

_TOLD = """
UPDATE metrics_metric SET name_ar = left(document->>'label_ar', 120) WHERE document->>'label_ar' <> '';
ALTER TABLE metrics_historicalmetric DISABLE TRIGGER metrics_metric_history_fixed;
UPDATE metrics_historicalmetric SET name_ar = left(document->>'label_ar', 120) WHERE document->>'label_ar' <> '';
ALTER TABLE metrics_historicalmetric ENABLE ALWAYS TRIGGER metrics_metric_history_fixed;
"""
_FIXED = """
CREATE OR REPLACE FUNCTION metrics_decisionrecord_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.document - '{around}'::text[], NEW.number, NEW.decided_on, NEW.key, NEW.name)
     IS DISTINCT FROM
     (OLD.document - '{around}'::text[], OLD.number, OLD.decided_on, OLD.key, OLD.name) THEN
    RAISE EXCEPTION 'an accepted decision is fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
"""
_BEFORE = _FIXED.replace("{around}", "{owner,description,description_ar}")
_AFTER = _FIXED.replace("{around}", "{owner,description,name_ar,description_ar}")


class Migration(migrations.Migration):
    dependencies = [("metrics", "0011_twin_names")]
    operations = [
        migrations.RunSQL(_TOLD, migrations.RunSQL.noop),
        migrations.RunSQL(_AFTER, _BEFORE),
    ]
