"""App configuration."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    """Event families and schemas (skeleton)."""

    name = "events"
    label = "events"
