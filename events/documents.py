"""The documents of event families and of their schema versions."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from semver import Version

from events.schemas.modes import Mode
from portal.people.models import KEY_PATTERN
from portal.policy.rules import SensitivityClass
from portal.registry.documents import EntrySerializer, StrictSerializer

NUMBER = r"^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})$"
POINTER = r"^(?:/(?:[^~/]|~[01])*)+$"
DATE = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
REQUIRABLE = ("approval_class", "reversibility_class", "sensitivity_class")
_MODES = {
    Mode.NONE: _("none: every version stands alone"),
    Mode.BACKWARD: _("backward: the new version reads what the last one wrote"),
    Mode.BACKWARD_TRANSITIVE: _("backward, transitive: the new version reads what every earlier one wrote"),
    Mode.FORWARD: _("forward: the last version reads what the new one writes"),
    Mode.FORWARD_TRANSITIVE: _("forward, transitive: every earlier version reads what the new one writes"),
    Mode.FULL: _("full: both, with the last version"),
    Mode.FULL_TRANSITIVE: _("full, transitive: both, with every earlier version"),
}


def _there_is(day: str) -> bool:
    try:
        # The last day has no end.
        return date.fromisoformat(day) < date.max
    except ValueError:
        return False


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


class Producer(StrictSerializer):
    """A connector or service that writes events of the family."""

    service = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Connector or service"),
        help_text=_("Its key."),
        style={"example": "order-desk"},
    )
    version = serializers.RegexField(
        NUMBER,
        label=_("Writes version"),
        help_text=_("The schema version it writes."),
        style={"example": "1.0.0"},
        required=False,
        allow_blank=True,
        default="",
    )


class Consumer(Producer):
    """A connector or service that reads events of the family."""

    version = serializers.RegexField(
        NUMBER,
        label=_("Reads version"),
        help_text=_("The schema version it was built for."),
        style={"example": "1.0.0"},
        required=False,
        allow_blank=True,
        default="",
    )
    reads = serializers.ListField(
        child=serializers.RegexField(POINTER, max_length=300),
        required=False,
        default=list,
        max_length=200,
        label=_("Fields it reads"),
        help_text=_("One a line, as JSON pointers; they say who is hit by a change."),
        style={"example": "/order_id\n/total/amount"},
    )


class EnvelopePolicy(StrictSerializer):
    """What the envelope of every event of the family must carry."""

    required = serializers.ListField(  # type: ignore[assignment] # a field of that name, not the switch
        child=serializers.ChoiceField([(name, name) for name in REQUIRABLE]),
        required=False,
        default=list,
        max_length=len(REQUIRABLE),
        label=_("Classes that must be there"),
        help_text=_("One a line; required where the event stands for or precedes a governed action."),
        style={"example": "approval_class"},
    )
    tenants = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        default=list,
        max_length=500,
        label=_("Tenants"),
        help_text=_("One a line; empty means all."),
        style={"example": "retail"},
    )
    sources = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        default=list,
        max_length=500,
        label=_("Sources"),
        help_text=_("One a line; empty means all."),
        style={"example": "/desks/orders"},
    )


class FamilySerializer(EntrySerializer):
    """An event family: who owns it, where it travels, how its schemas may change, who writes and reads it."""

    description_ar = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        default="",
        label=_("Description in Arabic"),
        help_text=_("The same for readers of Arabic."),
        style={"rows": 3},
    )
    channel = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$",
        label=_("Channel"),
        help_text=_("The topic, queue or address that its events travel on."),
        style={"example": "commerce.orders"},
    )
    compatibility = serializers.ChoiceField(
        [(mode.value, words) for mode, words in _MODES.items()],
        label=_("Compatibility mode"),
        help_text=_("What a new version must get on with."),
    )
    sensitivity_class = serializers.ChoiceField(
        SensitivityClass.choices,
        label=_("Sensitivity"),
        help_text=_("Of the most sensitive field."),
    )
    producers = Producer(  # type: ignore[call-arg] # many=True takes the list's arguments
        many=True,
        required=False,
        default=list,
        max_length=200,
        label=_("Producers"),
        help_text=_("Who writes its events."),
    )
    consumers = Consumer(  # type: ignore[call-arg] # as above
        many=True,
        required=False,
        default=list,
        max_length=500,
        label=_("Consumers"),
        help_text=_("Who reads its events."),
    )
    envelope = EnvelopePolicy(required=False, default=dict, label=_("Envelope"))
    keep_refused = serializers.BooleanField(
        required=False,
        default=False,
        label=_("Keep refused events"),
        help_text=_("The first few of a day whole for 30 days, payload included; otherwise only reasons are kept."),
    )

    def to_internal_value(self, data: Any) -> Any:
        clean = super().to_internal_value(data)
        clean["envelope"] = {"required": [], "tenants": [], "sources": []} | dict(clean.get("envelope") or {})
        return clean


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
    deadline = serializers.RegexField(
        DATE,
        required=False,
        allow_blank=True,
        default="",
        label=_("Deadline"),
        help_text=_("For a break: until when everybody has moved on, as 2027-01-31."),
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
    waiver_expires = serializers.RegexField(
        DATE,
        required=False,
        allow_blank=True,
        default="",
        label=_("Waiver: expires"),
        help_text=_("Until when the break is let through, as 2027-01-31."),
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
        for name in ("deadline", "waiver_expires"):
            if attrs[name] and not _there_is(attrs[name]):
                problems[name] = _("There is no such day.")
        if problems:
            raise serializers.ValidationError(problems)
        return attrs
