"""App configuration."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Event families, schema versions and their compatibility."""

    name = "events"
    label = "events"

    def ready(self) -> None:
        """Make the kinds known."""
        from events.kinds import register_kinds  # noqa: PLC0415 - models are not loaded before ready()

        register_kinds()
