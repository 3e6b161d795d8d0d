"""The version table of metrics."""

from django.db import migrations

from portal.registry.versions import version_table


class Migration(migrations.Migration):
    dependencies = [("metrics", "0001_metrics"), ("audit", "0002_append_only")]
    operations = [*version_table("metrics_metric", "metrics_historicalmetric")]
