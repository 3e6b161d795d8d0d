"""The clocks of tasks: extended, paused, in maintenance, and which of them their request set."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0011_syncs"),
        ("people", "0002_owners"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Maintenance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("reason", models.CharField(max_length=500)),
                ("planned_by", models.CharField(max_length=150)),
                ("planned_at", models.DateTimeField()),
                ("begun_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, db_default="", max_length=150)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-starts_at", "-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="trackedtask",
            name="task_ended_has_time",
        ),
        migrations.RemoveConstraint(
            model_name="trackedtask",
            name="task_ended_has_no_clock",
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="extended_seconds",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="extension_reason",
            field=models.CharField(blank=True, db_default="", max_length=500),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="pause_reason",
            field=models.CharField(blank=True, db_default="", max_length=500),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="paused_by",
            field=models.CharField(blank=True, db_default="", max_length=150),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="paused_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="sla_told",
            field=models.JSONField(db_default=models.Value([], output_field=models.JSONField()), default=list),
        ),
        migrations.AddField(
            model_name="trackedtask",
            name="stall_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="observation",
            name="state",
            field=models.CharField(
                choices=[
                    ("starting", "Starting"),
                    ("start_unknown", "Start unknown"),
                    ("working", "Running"),
                    ("input_required", "Waiting for owner"),
                    ("cancel_requested", "Cancel requested"),
                    ("completed", "Done"),
                    ("failed_tool", "Failed (tool)"),
                    ("failed", "Failed (protocol)"),
                    ("cancelled", "Cancelled"),
                    ("cancelled_remotely", "Cancelled remotely"),
                    ("lost", "Lost"),
                    ("expired", "Expired"),
                    ("not_started", "Not started"),
                    ("closed", "Closed as unknown"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="trackedtask",
            name="state",
            field=models.CharField(
                choices=[
                    ("starting", "Starting"),
                    ("start_unknown", "Start unknown"),
                    ("working", "Running"),
                    ("input_required", "Waiting for owner"),
                    ("cancel_requested", "Cancel requested"),
                    ("completed", "Done"),
                    ("failed_tool", "Failed (tool)"),
                    ("failed", "Failed (protocol)"),
                    ("cancelled", "Cancelled"),
                    ("cancelled_remotely", "Cancelled remotely"),
                    ("lost", "Lost"),
                    ("expired", "Expired"),
                    ("not_started", "Not started"),
                    ("closed", "Closed as unknown"),
                ],
                default="starting",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="trackedtask",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False),
                        (
                            "state__in",
                            (
                                "completed",
                                "failed_tool",
                                "failed",
                                "cancelled",
                                "cancelled_remotely",
                                "lost",
                                "expired",
                                "not_started",
                                "closed",
                            ),
                        ),
                    ),
                    models.Q(
                        models.Q(
                            (
                                "state__in",
                                (
                                    "completed",
                                    "failed_tool",
                                    "failed",
                                    "cancelled",
                                    "cancelled_remotely",
                                    "lost",
                                    "expired",
                                    "not_started",
                                    "closed",
                                ),
                            ),
                            _negated=True,
                        ),
                        ("ended_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="task_ended_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="trackedtask",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "state__in",
                            (
                                "completed",
                                "failed_tool",
                                "failed",
                                "cancelled",
                                "cancelled_remotely",
                                "lost",
                                "expired",
                                "not_started",
                                "closed",
                            ),
                        ),
                        _negated=True,
                    ),
                    models.Q(
                        ("blind_clock__isnull", True),
                        ("cancel_clock__isnull", True),
                        ("deadline_clock__isnull", True),
                        ("input_clock__isnull", True),
                        ("next_poll_at__isnull", True),
                        ("stall_clock__isnull", True),
                        ("start_clock__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="task_ended_has_no_clock",
            ),
        ),
        migrations.AddField(
            model_name="maintenance",
            name="connector",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="maintenances",
                to="connectors.connector",
            ),
        ),
        migrations.AddField(
            model_name="maintenance",
            name="team",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="maintenances", to="people.team"
            ),
        ),
        migrations.AddIndex(
            model_name="maintenance",
            index=models.Index(
                condition=models.Q(("begun_at__isnull", True), ("ended_at__isnull", True)),
                fields=["starts_at"],
                name="maintenance_due",
            ),
        ),
        migrations.AddIndex(
            model_name="maintenance",
            index=models.Index(fields=["connector", "until"], name="maintenance_connector"),
        ),
        migrations.AddIndex(
            model_name="maintenance",
            index=models.Index(fields=["team", "until"], name="maintenance_team"),
        ),
        migrations.AddConstraint(
            model_name="maintenance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("connector__isnull", True), ("team__isnull", False)),
                    models.Q(("connector__isnull", False), ("team__isnull", True)),
                    _connector="OR",
                ),
                name="maintenance_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="maintenance",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("starts_at"))), name="maintenance_ends_after_it_starts"
            ),
        ),
        # Which clocks the request of a task set is not known of those that are open now: all of them stay as they are.
        migrations.RunSQL(
            sql="""
            UPDATE connectors_trackedtask SET
              sla_told = '["start_seconds", "deadline_seconds", "stall_seconds", "input_seconds", "blind_seconds",
                           "cancel_seconds"]',
              stall_at = CASE WHEN stall_clock IS NOT NULL THEN least(
                stall_clock, coalesce(last_change_at, started_at, accepted_at) + stall_seconds * interval '1 second') END
            WHERE ended_at IS NULL
            """,
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
