"""App configuration."""

from django.apps import AppConfig


class SavedConfig(AppConfig):
    """Saved views."""

    name = "portal.saved"
    label = "saved"
