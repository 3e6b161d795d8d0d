"""The document of a backfill."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.backfills.runbooks import digest_today
from portal.people.models import KEY_PATTERN
from portal.registry.documents import EntrySerializer, StrictSerializer
from portal.registry.times import MomentField, moment_of

MOST_HOURS = 744
MOST_PARTITIONS = 2000
MOST_ROWS = 10**15
LEAST_REASON = 20
_OPTIONAL: dict[str, Any] = {"required": False, "allow_blank": True, "default": ""}


def partitions_of(since: datetime, until: datetime, hours: int) -> list[tuple[datetime, datetime]]:
    """The window cut into parts of so many hours; the last one may be shorter."""
    step = timedelta(hours=hours)
    number = -(-(until - since) // step)
    return [(since + step * index, min(since + step * (index + 1), until)) for index in range(number)]


class Estimate(StrictSerializer):
    """What it is thought to take."""

    rows = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=MOST_ROWS,
        label=_("Rows"),
        help_text=_("How many rows it will load, about."),
        style={"example": "1200000"},
    )
    cost = serializers.CharField(
        max_length=200,
        label=_("Cost"),
        help_text=_("Of the source, the warehouse or an API's quota."),
        style={"example": "About 40 USD of warehouse credits"},
        **_OPTIONAL,
    )
    downstream = serializers.CharField(
        max_length=1000,
        label=_("Downstream"),
        help_text=_("Who sees numbers change while it runs and afterwards, and what they were told."),
        style={"example": "The revenue dashboard; finance knows", "rows": 2},
        **_OPTIONAL,
    )


class BackfillSerializer(EntrySerializer):
    """A window of a data movement that is to be loaded again, in parts."""

    shown_examples = {
        "key": "crm-october",
        "name": "CRM, the second week of October",
        "description": "Loads the week again in which the source delivered no contacts.",
    }

    sync = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Data movement"),
        help_text=_("The key of an active data movement. Fixed once registered."),
        style={"example": "crm-to-warehouse"},
        error_messages={"invalid": _("Write the key of a data movement, like crm-to-warehouse.")},
    )
    window_from = MomentField(
        label=_("Window from"),
        help_text=_("The first instant that is loaded again. Fixed once registered."),
        style={"example": "2026-11-01T00:00:00+03:00"},
    )
    window_to = MomentField(
        label=_("Window to"),
        help_text=_("The instant at which it ends, which is not loaded any more. Fixed once registered."),
        style={"example": "2026-11-08T00:00:00+03:00"},
    )
    partition_hours = serializers.IntegerField(
        min_value=1,
        max_value=MOST_HOURS,
        label=_("Hours a part"),
        help_text=_("The window is worked in parts of so many hours, 2,000 parts at most. Fixed once registered."),
        style={"example": "24"},
    )
    streams = serializers.ListField(
        child=serializers.CharField(max_length=120),
        required=False,
        default=list,
        max_length=500,
        label=_("Streams"),
        help_text=_("One a line; empty loads all of them. Fixed once registered."),
        style={"example": "accounts\ncontacts"},
    )
    reason = serializers.CharField(
        max_length=2000,
        label=_("Reason"),
        help_text=_("What went wrong with the data of this window, or what has changed."),
        style={"example": "Amounts were loaded without tax from 1 to 7 November.", "rows": 3},
    )
    estimate = Estimate(required=False, default=dict, label=_("Estimate"))
    runbook_digest = serializers.RegexField(
        r"^(?:[0-9a-f]{64})?$",
        max_length=64,
        label=_("Runbook digest"),
        help_text=_("Of the backfill runbook that it follows. Left empty, it is that of today's."),
        error_messages={"invalid": _("Write all 64 hex digits, or leave it empty.")},
        **_OPTIONAL,
    )

    def validate_reason(self, value: Any) -> Any:
        if len(value.strip()) < LEAST_REASON:
            message = _("Say why in a sentence, in %d characters at least.") % LEAST_REASON
            raise serializers.ValidationError(message, code="too_short")
        return value

    def validate_streams(self, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))

    def validate(self, attrs: Any) -> Any:
        since, until = moment_of(attrs["window_from"]), moment_of(attrs["window_to"])
        assert since is not None
        assert until is not None
        if until <= since:
            raise serializers.ValidationError({"window_to": _("The window ends before it begins.")}, code="window")
        if -(-(until - since) // timedelta(hours=attrs["partition_hours"])) > MOST_PARTITIONS:
            message = _("That would be more than %d parts: make them larger, or the window shorter.") % MOST_PARTITIONS
            raise serializers.ValidationError({"partition_hours": message}, code="too_many_parts")
        # What is signed names the runbook that it follows.
        return attrs | {"runbook_digest": attrs["runbook_digest"] or digest_today(attrs["sync"])}
