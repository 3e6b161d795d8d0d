"""App configuration."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """How the portal itself runs: ticks, heartbeats, health, correlation."""

    name = "portal.operations"
    label = "operations"
