"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.search.sources import Source, register


class ChangesConfig(AppConfig):
    """Change requests: the only way anything in a registry changes."""

    name = "portal.changes"
    label = "changes"

    def ready(self) -> None:
        """Let changes be found."""
        # Models are not loaded before ready().
        from portal.changes.models import ChangeRequest  # noqa: PLC0415

        register(
            Source(
                "changes", _("Changes"), ChangeRequest, "CHG", word="summary", key="key", title=lambda one: one.summary
            )
        )
