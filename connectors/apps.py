"""App configuration."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    """Connectors of both kinds, and how their tracked tasks are observed."""

    name = "connectors"
    label = "connectors"

    def ready(self) -> None:
        """Make the two kinds of connector known."""
        from connectors.allowlist import checks  # noqa: F401, PLC0415 - registers itself
        from connectors.kinds import register_kinds  # noqa: PLC0415 - models are not loaded before ready()

        register_kinds()
