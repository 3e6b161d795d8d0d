"""The version tables of checkpoints and workflows; runs are append-only."""

from django.db import migrations

from portal.audit.append_only import append_only
from portal.registry.versions import version_table


class Migration(migrations.Migration):
    dependencies = [("metrics", "0008_quality"), ("audit", "0002_append_only")]
    operations = [
        *version_table("metrics_checkpoint", "metrics_historicalcheckpoint"),
        *version_table("metrics_workflow", "metrics_historicalworkflow"),
        append_only("metrics_checkpointrun"),
    ]
