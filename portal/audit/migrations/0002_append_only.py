"""The database refuses to change or remove audit lines."""

from django.db import migrations

from portal.audit.append_only import FUNCTION, append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [FUNCTION, append_only("audit_auditline")]
