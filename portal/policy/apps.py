"""App configuration."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    """The approval policy: who must sign which change."""

    name = "portal.policy"
    label = "policy"

    def ready(self) -> None:
        """Make the kind known."""
        from portal.policy.kind import register_kind  # noqa: PLC0415 - models are not loaded before ready()

        register_kind()
