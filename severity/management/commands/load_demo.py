"""`manage.py load_demo`: people, registry, waiting changes and running tasks of the demo."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from connectors.demo.server import HOST, PATH
from portal import env
from portal.operations.services import database_now
from severity.demo import people, registry, routing, syncs, tasks


class Command(BaseCommand):
    """Loads what is missing; safe to run again. Each start of the portal (DEMO_BEGUN) starts tasks anew."""

    help = "Load the demo data (demo portals only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data is loaded into demo portals only; start one with `make demo`.", returncode=2)
        # The same name and default as where the portal starts the demo server.
        port = env.number("DEMO_MCP_PORT", settings.PORT + 1 if settings.PORT < 65535 else settings.PORT - 1, least=1)
        demo_server = f"http://{HOST}:{port}{PATH}"
        # All or nothing: a start that is killed half-way leaves an empty portal, and the next one loads it.
        with transaction.atomic():
            people.load(database_now())
            if registry.load(database_now(), demo_server):
                self.stdout.write("Loaded the demo registry")
            else:
                registry.follow_demo_server(database_now(), demo_server)
        with transaction.atomic():
            syncs.tell(database_now())
            routing.load(database_now())
        with transaction.atomic():
            started = tasks.start(database_now(), env.text("DEMO_BEGUN", ""))
        if started:
            self.stdout.write(f"Accepted {started} demo tasks")
