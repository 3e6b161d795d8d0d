"""The document of an event family."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from events.documents import NUMBER
from events.schemas.modes import Mode
from portal.people.models import KEY_PATTERN
from portal.policy.rules import SensitivityClass
from portal.registry.documents import EntrySerializer, StrictSerializer

POINTER = r"^(?:/(?:[^~/]|~[01])*)+$"
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

    shown_examples = {
        "key": "order-placed",
        "name": "Order placed",
        "description": "An order was accepted and paid; not sent for drafts or quotes.",
    }

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
