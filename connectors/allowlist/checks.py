"""What is said at the start about the key of allowlists."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from connectors.allowlist.keys import NoKey, shown_keys, signing_key


@register
def key_of_allowlists(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """In production, whether lists can be signed; all else works without."""
    if not settings.PRODUCTION:
        return []
    try:
        signing_key()
        shown_keys()
    except NoKey as refusal:
        hint = "Until then agents' runtimes get 503 for signed allowlists. See docs/allowlist.md."
        return [Warning(refusal.message, hint=hint, id="connectors.W001")]
    return []
