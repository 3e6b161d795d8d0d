"""What was observed of each server, added up."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0014_servers"),
        ("severity", "0010_routing"),
    ]

    operations = [
        migrations.CreateModel(
            name="WatchlistRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("days", models.PositiveSmallIntegerField()),
                ("tasks", models.PositiveIntegerField()),
                ("ended", models.PositiveIntegerField()),
                ("slipped", models.PositiveIntegerField()),
                ("lost", models.PositiveIntegerField()),
                ("expired", models.PositiveIntegerField()),
                ("failed", models.PositiveIntegerField()),
                ("cancelled_remotely", models.PositiveIntegerField()),
                ("start_unknown", models.PositiveIntegerField()),
                ("cancels", models.PositiveIntegerField()),
                ("cancels_honoured", models.PositiveIntegerField()),
                ("short_lived", models.PositiveIntegerField()),
                ("without_expiry", models.PositiveIntegerField()),
                ("refused", models.PositiveIntegerField()),
                ("drifted", models.PositiveIntegerField()),
                ("interval_least", models.PositiveIntegerField(null=True)),
                ("interval_median", models.PositiveIntegerField(null=True)),
                ("interval_most", models.PositiveIntegerField(null=True)),
                ("mtta", models.FloatField(null=True)),
                ("mttr", models.FloatField(null=True)),
                ("computed_at", models.DateTimeField()),
                (
                    "connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="watchlist", to="connectors.connector"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("connector", "days"), name="watchlist_once")],
            },
        ),
    ]
