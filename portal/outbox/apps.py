"""App configuration."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Notices written with their cause and delivered by workers."""

    name = "portal.outbox"
    label = "outbox"
