"""What the API reads of incidents: strict bodies, each field with its bounds."""

from typing import Any

from rest_framework import serializers

from portal.api.change_bodies import AwareDateTimeField
from portal.registry.documents import StrictSerializer
from severity.readiness import Dimension
from severity.rules import Level
from severity.services.notes import MOST_ADDRESS, MOST_IMPACT
from severity.services.opening import MOST_KEY, MOST_TITLE
from severity.services.reviews import MOST

LEVELS = [(one.name, one.name) for one in Level]


def _text(most: int = 5000) -> serializers.CharField:
    return serializers.CharField(max_length=most, required=False, allow_blank=True, default="")


class EvidenceItem(StrictSerializer):
    """One piece of what shows it: what kind of thing, where it is, what it shows."""

    kind = serializers.CharField(max_length=40)
    reference = serializers.CharField(max_length=500)
    note = _text(1000)


def _evidence() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.ListSerializer(
        child=EvidenceItem(), required=False, default=list, max_length=20, help_text="A V3 needs some."
    )


class TextBody(StrictSerializer):
    """What there is to say."""

    text = _text()


class SeverityBody(StrictSerializer):
    """The new level, why, and what shows it."""

    severity = serializers.ChoiceField(LEVELS)
    text = _text()
    evidence = _evidence()


class CommandBody(StrictSerializer):
    """Who takes the command; nobody named is oneself."""

    to = _text(150)
    text = _text()


class OwnerBody(StrictSerializer):
    """The key of the other team, and why."""

    owner = serializers.CharField(max_length=60)
    text = _text()


class StepBody(StrictSerializer):
    """The number of the step, the first is 1."""

    number = serializers.IntegerField(min_value=1, max_value=1000)
    text = _text()


class LinkBody(StrictSerializer):
    """CHG-12, INC-12, the key of a release, or an https address."""

    reference = serializers.CharField(max_length=MOST_ADDRESS)
    title = _text(200)


class UnlinkBody(StrictSerializer):
    """The id of the link."""

    id = serializers.IntegerField(min_value=1, max_value=2**62)


class MergeBody(StrictSerializer):
    """The incident that goes on for both, INC-12."""

    into = serializers.RegexField(r"(?i)^(INC-)?[0-9]{1,18}$", max_length=22)
    text = _text()


class ReviewBody(StrictSerializer):
    """What was learned."""

    what_happened = _text(MOST)
    cause = _text(MOST)
    follow_up = _text(MOST)


class ApproveBody(StrictSerializer):
    """The digest of the review as it was read."""

    digest = serializers.CharField(max_length=64)


class DeclareBody(StrictSerializer):
    """An incident that a person declares."""

    title = serializers.CharField(max_length=MOST_TITLE)
    severity = serializers.ChoiceField(LEVELS)
    owner = serializers.CharField(max_length=60, help_text="The key of the team.")
    text = _text()
    dimension = serializers.ChoiceField(Dimension.choices, required=False, allow_blank=True, default="")
    impact = _text(MOST_IMPACT)
    connector = _text(60)
    evidence = _evidence()


class ReportIncidentBody(StrictSerializer):
    """What another system reports. One that is over needs no more than its key."""

    key = serializers.CharField(max_length=MOST_KEY, help_text="Your own name for it; told twice, it counts once.")
    status = serializers.ChoiceField([("firing", "firing"), ("resolved", "resolved")], default="firing")
    started_at = AwareDateTimeField(required=False, help_text="Tells one occurrence from the next.")
    title = _text(MOST_TITLE)
    severity = serializers.ChoiceField(LEVELS, required=False)
    owner = _text(60)
    text = _text()
    dimension = serializers.ChoiceField(Dimension.choices, required=False, allow_blank=True, default="")
    impact = _text(MOST_IMPACT)
    connector = _text(60)
    evidence = _evidence()

    def validate(self, attrs: Any) -> Any:
        if attrs["status"] == "firing":
            missing = [name for name in ("title", "severity", "owner") if not attrs.get(name)]
            if missing:
                raise serializers.ValidationError({
                    name: [serializers.ErrorDetail("Needed of what is firing.", "required")] for name in missing
                })  # fmt: skip
        return attrs
