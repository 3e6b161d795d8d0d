"""Indexes by which the SLA watch reads data syncs and notices, the nearest deadline first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0014_servers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="breakingnotice",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)), fields=["deadline", "id"], name="notice_open_deadline"
            ),
        ),
        migrations.AddIndex(
            model_name="syncstate",
            index=models.Index(
                condition=models.Q(("fresh_until__isnull", False)),
                fields=["fresh_until", "id"],
                name="sync_fresh_until",
            ),
        ),
    ]
