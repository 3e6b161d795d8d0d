"""App configuration."""

from django.apps import AppConfig


class SeverityConfig(AppConfig):
    """Incidents and the judgement that opens, raises and closes them."""

    name = "severity"
    label = "severity"
