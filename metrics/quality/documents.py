"""The documents of checkpoints and workflows."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from metrics.lineage.documents import PLAIN
from metrics.quality.rules import DIMENSIONS, TOOLS, Definition
from portal.people.models import KEY_PATTERN
from portal.registry.documents import Document, EntrySerializer, StrictSerializer

_OPTIONAL: dict[str, Any] = {"required": False, "allow_blank": True, "default": ""}
# The longest a result may count: a quarter.
MOST_AGE_MINUTES = 92 * 24 * 60
# Addresses under the collection that are no checkpoint.
RESERVED = frozenset({"results"})


class CheckpointDefinition(StrictSerializer):
    """One thing that the checkpoint runs, as its tool names it."""

    name = serializers.RegexField(
        PLAIN,
        max_length=200,
        label=_("Definition"),
        help_text=_(
            "The validation definition of Great Expectations, the unique id of a dbt test, or what a report names."
        ),
        style={"example": "orders-daily"},
    )
    suite = serializers.RegexField(
        PLAIN,
        max_length=200,
        label=_("Suite"),
        help_text=_("The suite that must have run; empty is any. Of Soda the definition of the scan."),
        **_OPTIONAL,
    )
    asset = serializers.RegexField(
        PLAIN,
        max_length=200,
        label=_("Asset"),
        help_text=_("The asset or table that it must have run on; empty is any."),
        **_OPTIONAL,
    )


class CheckpointSerializer(EntrySerializer):
    """A checkpoint: the dataset it looks at, the row it counts in, what it declares to run, how long a result counts."""

    shown_examples = {
        "key": "sales-orders-daily",
        "name": "Sales orders, every day",
        "description": "Every order has a customer, a total above zero and a known currency.",
    }

    dataset = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Dataset"),
        help_text=_("The key of the dataset that it looks at. Fixed once registered."),
        style={"example": "sales-orders"},
    )
    dimension = serializers.ChoiceField(
        DIMENSIONS,
        required=False,
        default="data_quality",
        label=_("Readiness row"),
        help_text=_("The row of a release in which it counts."),
    )
    tool = serializers.ChoiceField(TOOLS, label=_("Tool"), help_text=_("Whose results are reported."))
    definitions = CheckpointDefinition(  # type: ignore[call-arg] # the list's own bounds
        many=True,
        min_length=1,
        max_length=100,
        label=_("Definitions"),
        help_text=_("Everything that must have run for a pass: what is declared and not received blocks."),
    )
    max_age_minutes = serializers.IntegerField(
        min_value=1,
        max_value=MOST_AGE_MINUTES,
        label=_("Oldest result, in minutes"),
        help_text=_("A result older than this is stale and blocks."),
        style={"example": "1500"},
    )

    def validate_key(self, value: str) -> str:
        if value in RESERVED:
            raise serializers.ValidationError(_("This key is taken by an address of the API."), code="reserved")
        return value

    def validate_definitions(self, value: Any) -> Any:
        names = [one["name"] for one in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise serializers.ValidationError(_("Named twice: %(names)s.") % {"names": ", ".join(twice)}, code="twice")
        return value

    def validate(self, attrs: Any) -> Any:
        if attrs["tool"] == "dbt" and any(one["suite"] or one["asset"] for one in attrs["definitions"]):
            message = _("The results of dbt name neither suite nor asset; leave them empty.")
            raise serializers.ValidationError({"definitions": [message]}, code="of_dbt")
        return super().validate(attrs)


class WorkflowSerializer(EntrySerializer):
    """A workflow that consumes datasets: promoted only while their checkpoints pass."""

    shown_examples = {
        "key": "monthly-statement",
        "name": "Monthly statement",
        "description": "Makes the statements of partners from orders and invoices on the first of a month.",
    }

    consumes = serializers.ListField(
        child=serializers.RegexField(KEY_PATTERN, max_length=60),
        min_length=1,
        max_length=200,
        label=_("Consumes"),
        help_text=_("Keys of datasets, one a line. Each must have a checkpoint that passes."),
        style={"example": "sales-orders"},
    )
    address = serializers.CharField(
        max_length=500, label=_("Address"), help_text=_("Where it is found, if it has an address."), **_OPTIONAL
    )

    def validate_consumes(self, value: Any) -> Any:
        return list(dict.fromkeys(value))


def definitions_of(document: Document) -> list[Definition]:
    """What a checkpoint's document declares."""
    return [Definition(one["name"], one["suite"], one["asset"]) for one in document["definitions"]]
