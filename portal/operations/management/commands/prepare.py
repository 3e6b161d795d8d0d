"""`manage.py prepare`: what must be done before the portal serves, in one process so that a start is quick."""

import hashlib
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# One number for all starters on one database; any would do as long as it never changes.
_LOCK = 4_812_206_115


class Command(BaseCommand):
    """Checks and migrates the schema, gathers the assets, makes the first administrator or the demo data."""

    help = "Bring schema, assets and first data up to date; safe to run again and by several at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load the demo data instead of asking for a person")
        parser.add_argument("--schema-only", action="store_true", help="no assets and no first data")

    def handle(self, *args: Any, **options: Any) -> None:
        with _alone():
            call_command("check_schema")
            self._migrate()
            if options["schema_only"]:
                return
            if options["demo"]:
                if "load_demo" in get_commands():
                    call_command("load_demo", stdout=self.stdout)
            else:
                call_command("create_administrator", if_none=True, stdout=self.stdout)
        self._gather_assets()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            self.stdout.write(f"Preparing the database ({len(plan)} migrations)")
            call_command("migrate", interactive=False, verbosity=0)

    def _gather_assets(self) -> None:
        if settings.STATIC_ROOT is None:
            return
        mark = Path(settings.STATIC_ROOT) / ".gathered"
        now = _assets_digest()
        if mark.exists() and mark.read_text(encoding="ascii") == now:
            return
        self.stdout.write("Gathering the assets")
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        mark.write_text(now, encoding="ascii")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold an advisory lock, so that two starters on one database go one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        connection.close()


def _assets_digest() -> str:
    """Changes whenever a source file of the assets is added, removed or written."""
    digest = hashlib.sha256(settings.VERSION.encode())
    for finder in get_finders():
        for path, storage in sorted(finder.list([]), key=lambda found: found[0]):
            stat = Path(storage.path(path)).stat()
            digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
