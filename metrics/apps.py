"""App configuration."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """The dictionary of metrics, decisions, the one lineage choice, datasets, checkpoints, workflows."""

    name = "metrics"
    label = "metrics"

    def ready(self) -> None:
        """Make the kinds known."""
        # Models are not loaded before ready().
        from metrics.choice.kind import register_kind as register_choice  # noqa: PLC0415
        from metrics.decisions.kind import register_kind as register_decisions  # noqa: PLC0415
        from metrics.kinds import register_kinds  # noqa: PLC0415
        from metrics.lineage.kind import register_kind as register_datasets  # noqa: PLC0415
        from metrics.quality.kind import register_kinds as register_checkpoints  # noqa: PLC0415

        register_kinds()
        register_decisions()
        register_choice()
        register_datasets()
        register_checkpoints()
