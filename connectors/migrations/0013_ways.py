"""Ways to observe: sessions, heartbeats, and webhook messages that were taken."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0012_clocks"),
        ("people", "0002_owners"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HookMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_id", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="beat_digest",
            field=models.CharField(blank=True, db_default="", max_length=64),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="polled_at",
            field=models.DateTimeField(help_text="When it was last taken to be looked at.", null=True),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="remote_session",
            field=models.CharField(
                blank=True, db_default="", help_text="Of the legacy protocol: it is seen in no other.", max_length=512
            ),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="reported_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="trackedtask",
            constraint=models.UniqueConstraint(
                condition=models.Q(("beat_digest", ""), _negated=True), fields=("beat_digest",), name="task_beat_once"
            ),
        ),
        migrations.AddField(
            model_name="hookmessage",
            name="connector",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="connectors.connector"
            ),
        ),
        migrations.AddIndex(
            model_name="hookmessage",
            index=models.Index(fields=["at"], name="hook_message_at"),
        ),
        migrations.AddConstraint(
            model_name="hookmessage",
            constraint=models.UniqueConstraint(fields=("connector", "message_id"), name="hook_message_once"),
        ),
    ]
