"""App configuration."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The generic REST API under /api/v1/."""

    name = "portal.api"
    label = "api"
