"""The timeline is append-only."""

from django.db import migrations

from portal.audit.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("severity", "0001_initial"), ("audit", "0002_append_only")]
    operations = [append_only("severity_timelineevent")]
