"""`manage.py check_schema`: refuse a database that is newer than this code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader


class Command(BaseCommand):
    """Exits with 2 and one sentence when migrations are applied that this code does not know."""

    help = "Refuse a database whose schema is newer than this code."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        loader = MigrationLoader(connection)
        known = set(loader.disk_migrations)
        for migration in loader.disk_migrations.values():
            known.update((app, name) for app, name in migration.replaces)
        unknown = sorted(".".join(key) for key in set(loader.applied_migrations) - known)
        if unknown:
            named = ", ".join(unknown[:3]) + (", …" if len(unknown) > 3 else "")
            raise CommandError(
                f"The database is newer than this version of the portal (it holds {named}); start the newer "
                "version, or choose another database with DATABASE_URL or DATA_DIR.",
                returncode=2,
            )
