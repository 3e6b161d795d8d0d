"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.search.sources import Source, register


class SeverityConfig(AppConfig):
    """Incidents and the judgement that opens, raises and closes them."""

    name = "severity"
    label = "severity"

    def ready(self) -> None:
        """Make the kinds known, and let incidents and claims be found."""
        # Models are not loaded before ready().
        from severity.exceptions.kind import register_kind as register_exceptions  # noqa: PLC0415
        from severity.models import Claim, Incident  # noqa: PLC0415
        from severity.releases.kind import register_kind as register_releases  # noqa: PLC0415
        from severity.table.kind import register_kind as register_table  # noqa: PLC0415

        register_releases()
        register_exceptions()
        register_table()
        register(Source("incidents", _("Incidents"), Incident, "INC", word="title", title=lambda one: one.title))
        register(
            Source("claims", _("Claims"), Claim, "CLM", word="statement", key="reference", state="verdict",
                   title=lambda one: one.statement)
        )  # fmt: skip
