"""App configuration."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """Metrics dictionary and the lineage choice (skeleton)."""

    name = "metrics"
    label = "metrics"
