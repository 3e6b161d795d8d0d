"""What the API takes about the clocks of tasks."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.pauses import MOST_REASON
from connectors.tracking.clocks import LEAST_SECONDS, MOST_SECONDS
from portal.registry.documents import StrictSerializer


class CloseTaskBody(StrictSerializer):
    """Why nobody will know what became of it."""

    reason = serializers.CharField(max_length=MOST_REASON)


class ExtendTaskBody(CloseTaskBody):
    """How much longer it may take, and why."""

    seconds = serializers.IntegerField(
        min_value=LEAST_SECONDS, max_value=MOST_SECONDS, help_text=_("Added to its deadline, once.")
    )


class PauseTaskBody(CloseTaskBody):
    """Until when no clock of it runs, and why."""

    until = serializers.DateTimeField(help_text=_("At most 90 days ahead."))


class MaintenanceBody(StrictSerializer):
    """Of which connector's tasks, or of which team's, the clocks do not run; from when, until when, and why."""

    connector = serializers.CharField(
        max_length=60, required=False, allow_blank=True, default="", help_text=_("Key of a runtime tool.")
    )
    team = serializers.CharField(
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("Key of a team, instead of a connector."),
    )
    starts_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text=_("Now, unless told.")
    )
    until = serializers.DateTimeField(help_text=_("At most 90 days after it starts."))
    reason = serializers.CharField(max_length=MOST_REASON)
