"""The version table of datasets."""

from django.db import migrations

from portal.registry.versions import version_table


class Migration(migrations.Migration):
    dependencies = [("metrics", "0006_lineage"), ("audit", "0002_append_only")]
    operations = [*version_table("metrics_dataset", "metrics_historicaldataset")]
