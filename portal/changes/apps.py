"""App configuration."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """Change requests: the only way anything in a registry changes."""

    name = "portal.changes"
    label = "changes"
