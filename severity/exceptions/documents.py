"""The document of an exception."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.registry.documents import EntrySerializer
from portal.registry.times import MomentField
from severity.releases.documents import KEY_PATTERN

LEAST_REASON = 20


class ExceptionSerializer(EntrySerializer):
    """One V2 incident that does not hold up one release until a moment, and why."""

    shown_examples = {
        "key": "exc-1",
        "name": "Let old addresses pass until Sunday",
    }

    incident = serializers.RegexField(
        r"^INC-[1-9][0-9]{0,17}$",
        max_length=22,
        label=_("Incident"),
        help_text=_("The V2 that the release may live with. Nothing lifts a V3."),
        style={"example": "INC-220"},
        error_messages={"invalid": _("Write it as INC-220.")},
    )
    release = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Release"),
        help_text=_("The key of the release that it is for, and for no other."),
        style={"example": "r-2026.12"},
        error_messages={"invalid": _("Write it as r-2026.12.")},
    )
    reason = serializers.CharField(
        max_length=2000,
        label=_("Reason"),
        help_text=_("Why the release may go on with it, and what keeps customers safe meanwhile."),
        style={"example": "Only the archive is late; nobody reads it before Sunday.", "rows": 3},
    )
    expires_at = MomentField(
        label=_("Expires at"),
        help_text=_("The moment from which the block is back. At most 30 days ahead."),
        style={"example": "2026-12-01T18:00:00+03:00"},
    )

    def validate_reason(self, value: Any) -> Any:
        if len(value.strip()) < LEAST_REASON:
            message = _("Say why in a sentence, in %d characters at least.") % LEAST_REASON
            raise serializers.ValidationError(message, code="too_short")
        return value
