"""Whether an operation is held back: its tool is not as approved, or somebody quarantined the whole connector."""

from django.utils.translation import gettext as _

from connectors.models import Connector, KnownTool, Verification
from portal.language.lists import joined


def refusal_of(connector: Connector, operation: str) -> str:
    """Why the operation may not be called now, in a sentence; empty when it may."""
    verification = Verification.objects.filter(connector=connector, quarantined_at__isnull=False).first()
    if verification is not None:
        return _("“%(key)s” is quarantined by %(who)s: %(why)s") % {
            "key": connector.key,
            "who": verification.quarantined_by,
            "why": verification.quarantine_reason,
        }
    held = KnownTool.objects.filter(connector=connector, name=operation, quarantined=True).first()
    if held is None:
        return ""
    return _("“%(name)s” is not as it was approved (%(state)s: %(differs)s); calls to it are refused until it is.") % {
        "name": operation,
        "state": held.get_state_display(),
        "differs": joined(held.differs_words),
    }
