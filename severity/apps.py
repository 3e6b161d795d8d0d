"""App configuration."""

from django.apps import AppConfig


class SeverityConfig(AppConfig):
    """Incidents and the judgement that opens, raises and closes them."""

    name = "severity"
    label = "severity"

    def ready(self) -> None:
        """Make the kinds known."""
        # Models are not loaded before ready().
        from severity.exceptions.kind import register_kind as register_exceptions  # noqa: PLC0415
        from severity.releases.kind import register_kind as register_releases  # noqa: PLC0415
        from severity.table.kind import register_kind as register_table  # noqa: PLC0415

        register_releases()
        register_exceptions()
        register_table()
