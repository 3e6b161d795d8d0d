"""App configuration."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Entries, kinds, documents and versions, shared by every registry."""

    name = "portal.registry"
    label = "registry"
