"""What `manage.py registry <topic> …` can do: each app brings topics, named in settings.REGISTRY_TOPICS."""

from typing import Any, Protocol

from django.conf import settings
from django.core.management.base import CommandParser, OutputWrapper
from django.utils.module_loading import import_string


class Topic(Protocol):
    """One topic: its arguments, and the doing. Raises CommandError with the exit code."""

    help: str

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and where."""
        ...

    def handle(self, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
        """Do it."""
        ...


def topics() -> dict[str, Topic]:
    """All topics by their names."""
    return {name: import_string(path)() for name, path in settings.REGISTRY_TOPICS.items()}
