"""What a webhook about a task says."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.mcp.protocol import MAX_TASK_ID
from connectors.tracking.status_resource import MEANINGS
from portal.registry.documents import StrictSerializer


class TaskReport(StrictSerializer):
    """One task as it stands."""

    task_id = serializers.CharField(max_length=MAX_TASK_ID, help_text=_("The id under which it is watched."))
    status = serializers.ChoiceField([(one, one) for one in MEANINGS])
    message = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    result = serializers.DictField(required=False, allow_null=True, default=None)


class Message(StrictSerializer):
    """A message in the form of Standard Webhooks."""

    type = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    timestamp = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text=_("When it was so; an older one changes nothing.")
    )
    data = TaskReport()  # type: ignore[assignment] # the name that Standard Webhooks give it
