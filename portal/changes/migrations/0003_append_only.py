"""Proposals and decisions are append-only."""

from django.db import migrations

from portal.audit.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("changes", "0002_initial"), ("audit", "0002_append_only")]
    operations = [append_only("changes_proposal"), append_only("changes_decision")]
