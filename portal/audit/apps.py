"""App configuration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The append-only record of every write."""

    name = "portal.audit"
    label = "audit"
