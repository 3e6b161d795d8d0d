"""The document of the lineage choice."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from metrics.choice.rules import KEY
from metrics.decisions.rules import KEY_PATTERN, TOPIC_PATTERN
from portal.registry.documents import EntrySerializer, StrictSerializer


class AlternativeSerializer(StrictSerializer):
    """Something that was not chosen, and why."""

    name = serializers.CharField(
        max_length=60, label=_("Name"), help_text=_("What could have been chosen."), style={"example": "datahub"}
    )
    reason = serializers.CharField(max_length=500, label=_("Why not"), help_text=_("In a sentence."))


class LineageChoiceSerializer(EntrySerializer):
    """The one choice: what was chosen, the decision it follows from, and what was not chosen."""

    shown_examples = {
        "name": "Lineage",
        "description": "Where lineage is kept, and the decision that says so.",
    }

    key = serializers.RegexField(
        f"^{KEY}$",
        label=_("Key"),
        help_text=_("There is one choice: lineage."),
        style={"example": KEY},
        error_messages={"invalid": _("There is one choice: write lineage.")},
    )
    choice = serializers.RegexField(
        TOPIC_PATTERN,
        max_length=60,
        label=_("Choice"),
        help_text=_("Where lineage is kept, by the word that the decision uses."),
        style={"example": "openlineage"},
    )
    decision = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Decision"),
        help_text=_("The accepted decision that chooses it."),
        style={"example": "adr-0001"},
        error_messages={"invalid": _("Write it as adr-0007.")},
    )
    alternatives = AlternativeSerializer(  # type: ignore[call-arg] # the list's own bound
        many=True,
        required=False,
        default=list,
        max_length=20,
        label=_("Alternatives"),
        help_text=_("What was not chosen, and why."),
    )
