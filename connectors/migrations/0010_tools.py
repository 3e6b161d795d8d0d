"""When what differs of a tool changed last, and a first look at the servers that are registered already, spread over a day."""

from django.db import migrations, models

FIRST_LOOKS = migrations.RunSQL(
    sql="""
UPDATE connectors_verification v SET probe_at = statement_timestamp() + random() * interval '1 day'
FROM connectors_connector c
WHERE c.id = v.connector_id AND c.state IN ('active', 'deprecated')
  AND c.document->'runtime_tool'->>'transport' = 'streamable_http' AND v.probe_at IS NULL
""",
    reverse_sql=migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("connectors", "0009_backfills")]
    operations = [
        migrations.AddField(
            "knowntool",
            "drift_at",
            models.DateTimeField(help_text="When what differs changed last; each is an occurrence.", null=True),
        ),
        FIRST_LOOKS,
    ]
