"""The version tables of families and schema versions, and schemas that stay as they were registered."""

from django.db import migrations

from portal.registry.versions import version_table

# The last word on immutability: not even code that forgets to ask can change what was registered.
_FIXED = """
CREATE FUNCTION events_eventschema_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.document->'schema', NEW.document->'number', NEW.document->'family', NEW.family, NEW.major, NEW.minor, NEW.patch)
     IS DISTINCT FROM
     (OLD.document->'schema', OLD.document->'number', OLD.document->'family', OLD.family, OLD.major, OLD.minor, OLD.patch) THEN
    RAISE EXCEPTION 'a registered schema version is fixed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER events_eventschema_fixed BEFORE UPDATE ON events_eventschema
  FOR EACH ROW EXECUTE FUNCTION events_eventschema_fixed();
ALTER TABLE events_eventschema ENABLE ALWAYS TRIGGER events_eventschema_fixed;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_families"), ("audit", "0002_append_only")]
    operations = [
        *version_table("events_eventfamily", "events_historicaleventfamily"),
        *version_table("events_eventschema", "events_historicaleventschema"),
        migrations.RunSQL(
            _FIXED,
            "DROP TRIGGER events_eventschema_fixed ON events_eventschema; DROP FUNCTION events_eventschema_fixed();",
        ),
    ]
