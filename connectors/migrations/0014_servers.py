"""How servers are spared: limits, breakers, and what is under way."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0013_ways"),
        ("people", "0002_owners"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ServerState",
            fields=[
                (
                    "connector",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="server",
                        serialize=False,
                        to="connectors.connector",
                    ),
                ),
                ("at_once", models.PositiveIntegerField(null=True)),
                ("per_second", models.FloatField(null=True)),
                ("tokens", models.FloatField(db_default=0, default=0)),
                ("tokens_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(db_default=0, default=0)),
                ("tries", models.PositiveIntegerField(db_default=0, default=0)),
                ("opened_at", models.DateTimeField(null=True)),
                ("open_until", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, db_default="", max_length=300)),
            ],
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="busy_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="trackedtask",
            index=models.Index(
                condition=models.Q(("busy_until__isnull", False)), fields=["connector"], name="task_busy"
            ),
        ),
        migrations.AddConstraint(
            model_name="serverstate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("open_until__isnull", True), ("opened_at__isnull", True)),
                    models.Q(("open_until__isnull", False), ("opened_at__isnull", False)),
                    _connector="OR",
                ),
                name="server_open_since_and_until",
            ),
        ),
        migrations.AddConstraint(
            model_name="serverstate",
            constraint=models.CheckConstraint(
                condition=models.Q(("per_second__isnull", True), ("per_second__gt", 0), _connector="OR"),
                name="server_rate_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="serverstate",
            constraint=models.CheckConstraint(
                condition=models.Q(("at_once__isnull", True), ("at_once__gt", 0), _connector="OR"),
                name="server_at_once_positive",
            ),
        ),
    ]
