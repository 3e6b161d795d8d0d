"""The document of a metric: one definition for one number."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from metrics.rules import AMOUNT_PATTERN, KEY_PATTERN, MetricType
from portal.registry.documents import EntrySerializer, StrictSerializer
from portal.registry.times import DayField

_OPTIONAL: dict[str, Any] = {"required": False, "allow_blank": True, "default": ""}


def _day(label: Any, help_text: Any, example: str, **more: Any) -> DayField:
    return DayField(label=label, help_text=help_text, style={"example": example}, **more)


def _amount(label: Any, **more: Any) -> serializers.RegexField:
    return serializers.RegexField(
        AMOUNT_PATTERN,
        max_length=40,
        label=label,
        help_text=_("In its unit. A value outside, not split by dimensions, opens an incident; empty means no bound."),
        style={"example": "1500000.00"},
        error_messages={"invalid": _("Write a plain number: at most 20 digits, a point and at most 12 more digits.")},
        **more,
    )


def _key(label: Any, help_text: Any, **more: Any) -> serializers.RegexField:
    return serializers.RegexField(
        KEY_PATTERN, max_length=60, label=label, help_text=help_text, style={"example": "revenue_sar"}, **more
    )


class Dashboard(StrictSerializer):
    """A dashboard that plots the metric."""

    name = serializers.RegexField(
        r"^[^\x00-\x1f\x7f]+$", max_length=200, label=_("Name"), style={"example": "Revenue of the group"}
    )
    address = serializers.CharField(max_length=500, label=_("Address"), help_text=_("Where it is found."), **_OPTIONAL)


class MetricSerializer(EntrySerializer):
    """A metric: what it is called and means in English and Arabic, where it comes from, and in which unit it is told."""

    key = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Key"),
        help_text=_("The name that code imports; defined once for ever. Lower-case letters, digits, underscores."),
        style={"example": "revenue_sar"},
        error_messages={"invalid": _("Use lower-case letters, digits and underscores, beginning with a letter.")},
    )
    # The dictionary has words of its own for the twins.
    name_ar = None  # type: ignore[assignment] # the way of serializers to leave a field out
    description_ar = None  # type: ignore[assignment] # as above
    name = serializers.CharField(
        max_length=120, label=_("Label"), help_text=_("What people call it."), style={"example": "Recognized revenue"}
    )
    label_ar = serializers.CharField(
        max_length=120, label=_("Label in Arabic"), help_text=_("The same for readers of Arabic."), **_OPTIONAL
    )
    description = serializers.CharField(
        max_length=2000,
        label=_("Definition"),
        help_text=_("What is counted, over what, and what is left out: one meaning."),
        style={"example": "Revenue recognized in the period, without tax, in SAR.", "rows": 3},
    )
    definition_ar = serializers.CharField(
        max_length=2000,
        label=_("Definition in Arabic"),
        help_text=_("The same for readers of Arabic."),
        style={"rows": 3},
        **_OPTIONAL,
    )
    primary_source = serializers.CharField(
        max_length=300,
        label=_("Primary source"),
        help_text=_("The system of record that the number comes from."),
        style={"example": "Billing system of record"},
    )
    unit = serializers.CharField(
        max_length=40, label=_("Unit"), help_text=_("Fixed once registered."), style={"example": "SAR"}
    )
    type = serializers.ChoiceField(MetricType.choices, label=_("Type"), help_text=_("Fixed once registered."))
    since = _day(_("Since"), _("From when on it is defined so, as 2026-01-31."), "2026-01-31")
    grain = serializers.CharField(
        max_length=120,
        label=_("Grain"),
        help_text=_("What one value stands for."),
        style={"example": "month"},
        **_OPTIONAL,
    )
    dimensions = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        default=list,
        max_length=50,
        label=_("Dimensions"),
        help_text=_("By what it may be split, one a line."),
        style={"example": "region"},
    )
    expression = serializers.CharField(
        max_length=5000,
        label=_("Expression"),
        help_text=_("How it is computed, if that can be written down."),
        style={"rows": 4, "mono": True},
        **_OPTIONAL,
    )
    related = serializers.ListField(
        child=serializers.RegexField(KEY_PATTERN, max_length=60),
        required=False,
        default=list,
        max_length=50,
        label=_("Related"),
        help_text=_("Keys of metrics that are read beside it, one a line."),
    )
    dashboards = Dashboard(  # type: ignore[call-arg] # the list's own bound
        many=True,
        required=False,
        default=list,
        max_length=100,
        label=_("Dashboards"),
        help_text=_("Where executives see it."),
    )
    replaced_by = _key(_("Replaced by"), _("The key to use instead, when it goes out of use."), **_OPTIONAL)
    remove_after = _day(_("Remove after"), _("From when on code must not use it."), "2027-01-31", **_OPTIONAL)
    certified_until = _day(
        _("Certified until"),
        _("Its owner vouches for it until then; empty means that nobody does."),
        "2027-01-31",
        **_OPTIONAL,
    )

    range_low = _amount(_("Lowest expected value"), **_OPTIONAL)
    range_high = _amount(_("Highest expected value"), **_OPTIONAL)

    def validate(self, attrs: Any) -> Any:
        problems: dict[str, Any] = {}
        low, high = attrs["range_low"], attrs["range_high"]
        if low and high and Decimal(low) > Decimal(high):
            problems["range_high"] = _("The highest expected value is below the lowest.")
        if attrs["key"] in (attrs["replaced_by"], *attrs["related"]):
            name = "replaced_by" if attrs["replaced_by"] == attrs["key"] else "related"
            problems[name] = _("That is the metric itself.")
        if problems:
            raise serializers.ValidationError(problems)
        return attrs
