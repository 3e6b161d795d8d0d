"""App configuration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The generic pages."""

    name = "portal.web"
    label = "web"
