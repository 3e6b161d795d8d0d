"""The document of a schema version, and how versions are named and ordered."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from semver import Version

from portal.people.models import KEY_PATTERN
from portal.registry.documents import EntrySerializer, StrictSerializer
from portal.registry.times import DayField

NUMBER = r"^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})$"


def key_of(family: str, number: str) -> str:
    """The key of a schema version, made from its family and number: order-placed-v1-2-0."""
    return f"{family}-v{number.replace('.', '-')}"


def order_of(number: str) -> tuple[int, ...]:
    """1.10.0 comes after 1.9.0."""
    return tuple(int(part) for part in number.split("."))


def breaks_openly(document: Mapping[str, Any], earlier: Iterable[str]) -> bool:
    """Whether it is the first of a new major and says how to move on and by when: a break of the mode is then no drift."""
    majors = {order_of(number)[0] for number in earlier}
    first = bool(majors) and max(majors) < order_of(document["number"])[0]
    return first and bool(document.get("migration_note") and document.get("deadline"))


class JSONTextField(serializers.JSONField):
    """JSON, as a value or as text that a form sends; what cannot be read is said with its line."""

    def to_internal_value(self, data: Any) -> Any:
        value: Any = super().to_internal_value(data)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise serializers.ValidationError(_("Not JSON: %s") % error, code="json") from None


class Example(StrictSerializer):
    """An event that is kept with the schema and tried against every later one."""

    name = serializers.CharField(max_length=100, label=_("Name"), style={"example": "A plain order"})
    valid = serializers.BooleanField(
        default=False,
        label=_("Accepted"),
        help_text=_("Whether the schema must accept it; otherwise it must refuse it."),
    )
    event = JSONTextField(label=_("Event"), style={"rows": 8, "mono": True})


class SchemaSerializer(EntrySerializer):
    """One schema version of a family. Family, number and schema are fixed once it is registered."""

    shown_examples = {
        "name": "Order placed 1.0.0",
        "description": "The first version: order, customer, lines and the total in SAR.",
    }

    key = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Key"),
        help_text=_("Made from family and number, so that nobody has to look it up."),
        style={"example": "order-placed-v1-0-0"},
        error_messages={"invalid": _("Family and number with hyphens: order-placed-v1-0-0.")},
    )

    family = serializers.RegexField(
        KEY_PATTERN,
        max_length=40,
        label=_("Event family"),
        help_text=_("The key of the family."),
        style={"example": "order-placed"},
    )
    number = serializers.RegexField(
        NUMBER,
        label=_("Number"),
        help_text=_(
            "Major.minor.patch: a break of the family's mode needs a new major, a migration note and a deadline."
        ),
        style={"example": "1.0.0"},
    )
    schema = JSONTextField(
        label=_("JSON Schema"),
        help_text=_(
            "2020-12 or draft-07, of an object. Other families by the address of their file: ../money/1.0.0.json."
        ),
        style={"rows": 18, "mono": True},
    )
    examples = Example(  # type: ignore[call-arg] # as above
        many=True, required=False, default=list, max_length=50, label=_("Examples"),
        help_text=_("Events it must accept or refuse."),
    )  # fmt: skip
    migration_note = serializers.CharField(
        max_length=4000,
        required=False,
        allow_blank=True,
        default="",
        label=_("Migration note"),
        help_text=_("For a break: what producers and consumers must do."),
        style={"rows": 3},
    )
    deadline = DayField(
        required=False,
        allow_blank=True,
        default="",
        label=_("Deadline"),
        help_text=_("For a break: until when everybody has moved on."),
        style={"example": "2027-01-31"},
    )
    waiver_reason = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        default="",
        label=_("Waiver: reason"),
        help_text=_("Why a break is let through within its major; the approvers sign for it."),
        style={"rows": 2},
    )
    waiver_expires = DayField(
        required=False,
        allow_blank=True,
        default="",
        label=_("Waiver: expires"),
        help_text=_("Until when the break is let through."),
        style={"example": "2027-01-31"},
    )

    def validate(self, attrs: Any) -> Any:
        problems: dict[str, Any] = {}
        wanted = key_of(attrs["family"], attrs["number"])
        if attrs["key"] != wanted:
            problems["key"] = _("The key of this version is “%s”.") % wanted
        if bool(attrs["waiver_reason"]) != bool(attrs["waiver_expires"]):
            missing = "waiver_expires" if attrs["waiver_reason"] else "waiver_reason"
            problems[missing] = _("A waiver has a reason and an expiry.")
        if Version.parse(attrs["number"]) == Version(0):
            problems["number"] = _("Begin with 0.1.0 or 1.0.0.")
        if problems:
            raise serializers.ValidationError(problems)
        return attrs
