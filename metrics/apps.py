"""App configuration."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """The dictionary of metrics."""

    name = "metrics"
    label = "metrics"

    def ready(self) -> None:
        """Make the kind known."""
        from metrics.kinds import register_kinds  # noqa: PLC0415 - models are not loaded before ready()

        register_kinds()
