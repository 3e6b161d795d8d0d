"""How the long operations of a runtime tool are observed, as its document says it."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.documents.shared import REFERENCE, checked_address
from connectors.tracking.status_resource import ID, MEANINGS
from connectors.tracking.ways import WayName
from portal.registry.documents import StrictSerializer

_POINTER = r"^(/[^/\x00]{1,100}){0,20}$"


def _pointer(label: Any, help_text: Any, default: str = "") -> serializers.RegexField:
    return serializers.RegexField(
        _POINTER,
        max_length=300,
        required=False,
        allow_blank=True,
        default=default,
        label=label,
        help_text=help_text,
        style={"example": default or "/message"},
        error_messages={"invalid": _("Write a JSON pointer: /job/status.")},
    )


class StatusWord(StrictSerializer):
    """What one word of a status resource means."""

    says = serializers.CharField(max_length=60, label=_("It says"), style={"example": "RUNNING"})
    means = serializers.ChoiceField(
        [(one, one) for one in MEANINGS],
        label=_("It means"),
        help_text=_("What it is to the portal."),
        style={"example": "working"},
    )


class ObservationProfile(StrictSerializer):
    """How long operations are looked at, where it is not by the tasks of the current MCP."""

    way = serializers.ChoiceField(
        [("", "—"), *WayName.choices],
        required=False,
        allow_blank=True,
        default="",
        label=_("Observed by"),
        help_text=_("MCP Tasks unless told; an HTTP tool that names nothing has no tasks."),
        style={"example": "http_status"},
    )
    status_url = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        label=_("Status address"),
        help_text=_("With {task_id} where the id goes."),
        style={"example": "https://jobs.example.com/v1/jobs/{task_id}"},
    )
    status_pointer = _pointer(_("Where its status stands"), _("A JSON pointer into the answer."), "/status")
    status_map = StatusWord(  # type: ignore[call-arg] # many=True takes the list's arguments
        many=True,
        required=False,
        default=list,
        max_length=50,
        label=_("Words"),
        help_text=_("Every word that the resource may say; another one is contract drift."),
    )
    message_pointer = _pointer(_("Where its message stands"), _("Shown to people; may be left out."))
    result_pointer = _pointer(_("Where its result stands"), _("Kept when it is completed; may be left out."))
    start_url = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        label=_("Start address"),
        help_text=_("Where operation and arguments are POSTed to; without it tasks are only adopted."),
        style={"example": "https://jobs.example.com/v1/jobs"},
    )
    id_pointer = _pointer(_("Where the id stands"), _("In the answer to a start."), "/id")
    webhook_secret_ref = serializers.RegexField(
        REFERENCE,
        required=False,
        allow_blank=True,
        default="",
        label=_("Webhook secret reference"),
        help_text=_("Where the secret lies by which its webhooks are signed: env:NAME or file:NAME."),
        style={"example": "env:JOBS_WEBHOOK_SECRET"},
        error_messages={"invalid": _("Write env:NAME or file:NAME; the secret itself is never stored here.")},
    )

    def validate_status_url(self, value: str) -> str:
        if value and ID not in value:
            raise serializers.ValidationError(_("Write {task_id} where the id goes."), code="no_id")
        return checked_address(value.replace(ID, "1")) and value if value else value

    def validate_start_url(self, value: str) -> str:
        return checked_address(value) if value else value

    def validate(self, attrs: Any) -> Any:
        says = [one["says"] for one in attrs["status_map"]]
        if len(says) != len(set(says)):
            raise serializers.ValidationError({"status_map": _("One word is named twice.")}, code="twice")
        if attrs["way"] == WayName.HTTP_STATUS and not (attrs["status_url"] and says):
            missing = "status_map" if attrs["status_url"] else "status_url"
            raise serializers.ValidationError(
                {missing: _("A status resource needs its address and its words.")}, code="required"
            )
        if attrs["way"] == WayName.REPORTED and (attrs["status_url"] or attrs["start_url"]):
            raise serializers.ValidationError(
                {"way": _("What reports by itself has no address to look at.")}, code="contradicts"
            )
        return attrs
