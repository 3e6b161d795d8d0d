"""The version table of the policy."""

from django.db import migrations

from portal.registry.versions import version_table


class Migration(migrations.Migration):
    dependencies = [("policy", "0001_initial"), ("audit", "0002_append_only")]
    operations = [*version_table("policy_approvalpolicy", "policy_historicalapprovalpolicy")]
