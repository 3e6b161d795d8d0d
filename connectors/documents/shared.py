"""What the profiles of both kinds say alike: windows of time, references to secrets, addresses."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from portal.outbound.errors import OutboundRefused
from portal.outbound.guard import Guard

WINDOW: dict[str, Any] = {"min_value": 1, "max_value": 90 * 86400}
REFERENCE = r"^(?:env|file):[A-Za-z0-9_.-]{1,120}$"


def checked_address(value: str) -> str:
    """The address, if the portal may reach it. Raises ValidationError."""
    try:
        Guard(settings.OUTBOUND_ALLOW).check_url(value)
    except OutboundRefused as refused:
        raise serializers.ValidationError(str(refused), code="endpoint") from None
    return value
