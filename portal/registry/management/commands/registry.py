"""`manage.py registry <topic> …`: the registries and the files of repositories."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.registry.topics import topics


class Command(BaseCommand):
    """Exits with 1 when a check finds something, with 2 when it cannot be run."""

    help = "Check, export, import or compare what is registered and the files of a repository, by topic."
    # A check needs no database, so that a build without one can run it.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One parser for each topic."""
        chosen = parser.add_subparsers(dest="topic", required=True, metavar="topic")
        for name, topic in topics().items():
            topic.add_arguments(chosen.add_parser(name, help=topic.help, description=topic.help))

    def handle(self, *args: Any, **options: Any) -> None:
        topics()[options["topic"]].handle(options, self.stdout, self.stderr)
