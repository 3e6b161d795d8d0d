"""The document of a dataset."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from metrics.models.dataset import CLASSIFICATIONS
from metrics.models.lineage import MOST_BYTES, MOST_NAME
from metrics.rules import KEY_PATTERN as METRIC_KEY
from portal.people.models import KEY_PATTERN
from portal.registry.documents import EntrySerializer, StrictSerializer

_OPTIONAL: dict[str, Any] = {"required": False, "allow_blank": True, "default": ""}
# Names that the graph can carry: no line ends, no other control characters.
PLAIN = r"^[^\x00-\x1f\x7f]+$"
_CLASSES = [
    ("regulated", _("Regulated")),
    ("personal", _("Personal")),
    ("internal", _("Internal")),
    ("public", _("Public")),
]
assert tuple(name for name, _label in _CLASSES) == CLASSIFICATIONS
CONSUMERS = [
    ("customer_report", _("Customer report")),
    ("downstream_model", _("Downstream model")),
    ("dashboard", _("Dashboard")),
    ("internal", _("Internal use")),
]


class DataColumn(StrictSerializer):
    """One column and how what it holds must be treated."""

    name = serializers.CharField(max_length=200, label=_("Name"), style={"example": "customer_email"})
    classification = serializers.ChoiceField(
        _CLASSES, label=_("Classification"), help_text=_("Regulated, personal, internal or public.")
    )
    description = serializers.CharField(max_length=500, label=_("Description"), **_OPTIONAL)


class DataConsumer(StrictSerializer):
    """Who uses the dataset beyond what is made of it here."""

    kind = serializers.ChoiceField(CONSUMERS, label=_("Kind"))
    name = serializers.CharField(max_length=200, label=_("Name"), style={"example": "Monthly statement"})
    address = serializers.CharField(
        max_length=500, label=_("Address"), help_text=_("Where it is found, if it has an address."), **_OPTIONAL
    )


def _keys(pattern: str, label: Any, help_text: Any, example: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.RegexField(pattern, max_length=60),
        required=False,
        default=list,
        max_length=200,
        label=label,
        help_text=help_text,
        style={"example": example},
    )


class DatasetSerializer(EntrySerializer):
    """A dataset: whose it is, what its columns hold, what writes and reads it, what is made of it."""

    shown_examples = {
        "key": "invoices",
        "name": "Invoices",
        "description": "Every invoice that was sent, one a row; not for amounts that are only planned.",
    }

    description_ar = serializers.CharField(
        max_length=2000,
        label=_("Description in Arabic"),
        help_text=_("The same for readers of Arabic."),
        style={"rows": 2},
        **_OPTIONAL,
    )
    namespace = serializers.RegexField(
        PLAIN,
        max_length=MOST_NAME,
        label=_("Dataset namespace"),
        help_text=_("As lineage events name it: the store. Fixed once registered."),
        style={"example": "postgres://warehouse:5432"},
    )
    dataset = serializers.RegexField(
        PLAIN,
        max_length=MOST_NAME,
        label=_("Dataset name"),
        help_text=_("As lineage events name it, within the store. Fixed once registered."),
        style={"example": "warehouse.billing.invoices"},
    )
    columns = DataColumn(  # type: ignore[call-arg] # the list's own bound
        many=True,
        required=False,
        default=list,
        max_length=1000,
        label=_("Columns"),
        help_text=_("A dataset without columns counts as regulated."),
    )
    written_by = _keys(KEY_PATTERN, _("Written by"), _("Keys of data movements, one a line."), "billing-to-warehouse")
    read_by = _keys(KEY_PATTERN, _("Read by"), _("Keys of data movements, one a line."), "warehouse-to-crm")
    events = _keys(KEY_PATTERN, _("Event families"), _("Families that are fed from it, one a line."), "invoice-paid")
    metrics = _keys(METRIC_KEY, _("Metrics"), _("Metrics that are computed from it, one a line."), "revenue_sar")
    consumers = DataConsumer(  # type: ignore[call-arg] # as above
        many=True,
        required=False,
        default=list,
        max_length=200,
        label=_("Consumers"),
        help_text=_("Customer reports and downstream models make a failed check of the dataset worse."),
    )

    def validate(self, attrs: Any) -> Any:
        if len((attrs["namespace"] + attrs["dataset"]).encode()) > MOST_BYTES:
            message = _("Namespace and name together are longer than %d bytes.") % MOST_BYTES
            raise serializers.ValidationError({"dataset": [message]}, code="too_long")
        return super().validate(attrs)

    def validate_columns(self, value: Any) -> Any:
        names = [one["name"] for one in value]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) != len(names) else []
        if twice:
            raise serializers.ValidationError(_("Named twice: %(names)s.") % {"names": ", ".join(twice)}, code="twice")
        return value
