"""What only a data movement has."""

from typing import Any
from zoneinfo import available_timezones

from croniter import croniter
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.documents.shared import REFERENCE, WINDOW, checked_address
from portal.registry.documents import StrictSerializer


class Place(StrictSerializer):
    """One end of a data movement."""

    system = serializers.CharField(
        max_length=120,
        label=_("System"),
        help_text=_("The system as people call it."),
        style={"example": "Salesforce"},
    )
    dataset = serializers.CharField(
        max_length=200,
        label=_("Dataset"),
        help_text=_("Schema, bucket, topic or object."),
        style={"example": "raw.crm"},
    )
    streams = serializers.ListField(
        child=serializers.CharField(max_length=120),
        required=False,
        default=list,
        max_length=500,
        label=_("Streams"),
        help_text=_("One a line: tables or streams."),
        style={"example": "accounts\ncontacts"},
    )


class Runbook(StrictSerializer):
    """How history is loaded again."""

    summary = serializers.CharField(
        max_length=500,
        label=_("When and by whom"),
        help_text=_("What calls for a backfill and who does it."),
        style={"example": "After a schema change at the source; the data platform team."},
    )
    steps = serializers.ListField(
        child=serializers.CharField(max_length=500),
        allow_empty=False,
        max_length=60,
        label=_("Steps"),
        help_text=_("One a line."),
        style={"example": "Pause the schedule\nReset the cursor\nRun the window\nCompare row counts"},
    )


class JobsApi(StrictSerializer):
    """Where the portal may look for runs by itself."""

    url = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        label=_("Jobs API"),
        help_text=_("Full address of an Airbyte-compatible API, where runs are pulled and not reported."),
        style={"example": "https://airbyte.example.com/api/public/v1"},
    )
    connection = serializers.CharField(
        max_length=120,
        required=False,
        allow_blank=True,
        default="",
        label=_("Connection id"),
        help_text=_("Which connection of it this is."),
        style={"example": "9d3a1f0e-6b0c-4b0e-9a59-1d1c4c1f2a77"},
    )
    credential_ref = serializers.RegexField(
        REFERENCE,
        required=False,
        allow_blank=True,
        default="",
        label=_("Credential reference"),
        help_text=_("Where the token lies, never the token: env:NAME or file:NAME."),
        style={"example": "env:AIRBYTE_TOKEN"},
        error_messages={"invalid": _("Write env:NAME or file:NAME; the secret itself is never stored here.")},
    )

    def validate_url(self, value: str) -> str:
        return checked_address(value) if value else value

    def validate(self, attrs: Any) -> Any:
        if bool(attrs["url"]) != bool(attrs["connection"]):
            missing = "connection" if attrs["url"] else "url"
            raise serializers.ValidationError({missing: _("Name both, or neither.")}, code="half")
        return attrs


class DataMovementProfile(StrictSerializer):
    """What moves from where to where, how often, how fresh it must be and how history is loaded again."""

    source = Place(label=_("Source"))  # type: ignore[assignment] # a field of the document, not DRF's `source`
    destination = Place(label=_("Destination"))
    schedule = serializers.CharField(
        max_length=120,
        label=_("Schedule"),
        help_text=_("Cron expression with five fields."),
        style={"example": "0 */2 * * *"},
    )
    time_zone = serializers.CharField(
        max_length=60, label=_("Time zone"), help_text=_("Of the schedule."), style={"example": "Asia/Riyadh"}
    )
    freshness_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Freshness SLA (s)"),
        help_text=_("How old the newest loaded data may be, in seconds."),
        style={"example": "10800"},
    )
    retention_days = serializers.IntegerField(
        min_value=1,
        max_value=36500,
        label=_("Retention (days)"),
        help_text=_("How long the dataset is kept."),
        style={"example": "730"},
    )
    backfill_runbook = Runbook(label=_("Backfill runbook"))
    jobs_api = JobsApi(required=False, default=dict, label=_("Jobs API"))

    def validate_schedule(self, value: str) -> str:
        if len(value.split()) != 5 or not croniter.is_valid(value):
            raise serializers.ValidationError(
                _("“%s” is not a cron expression with five fields, like 0 */2 * * *.") % value, code="cron"
            )
        return value

    def validate_time_zone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError(
                _("There is no time zone “%s”; write one like Asia/Riyadh.") % value, code="time_zone"
            )
        return value
