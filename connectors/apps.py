"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.search.sources import Source, register


class ConnectorsConfig(AppConfig):
    """Connectors of both kinds, and how their tracked tasks are observed."""

    name = "connectors"
    label = "connectors"

    def ready(self) -> None:
        """Make the two kinds of connector and backfills known, and let tasks be found by their ids."""
        # Models are not loaded before ready(); the checks register themselves.
        from connectors.allowlist import checks  # noqa: F401, PLC0415
        from connectors.backfills.kind import register_kind as register_backfills  # noqa: PLC0415
        from connectors.kinds import register_kinds  # noqa: PLC0415
        from connectors.models import TrackedTask  # noqa: PLC0415

        register_kinds()
        register_backfills()
        register(Source("tasks", _("MCP tasks"), TrackedTask, "T", title=lambda one: one.operation))
