"""What is sent of a claim, by API and by form alike."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.people.models import KEY_PATTERN
from portal.policy.rules import ReversibilityClass
from portal.registry.documents import StrictSerializer
from portal.roles import ActorType
from severity.claims.rules import KINDS, MOST_PIECES, NOTE, REFERENCE, SAYS
from severity.models import Verdict

STATEMENT, TOLD = 2000, 2000
_ONE_LINE = r"^[^\x00-\x1f\x7f\u2028\u2029]+\Z"


class PieceBody(StrictSerializer):
    """One piece of evidence: what it is, where it stands, what it says of the claim."""

    kind = serializers.ChoiceField(choices=KINDS)
    reference = serializers.RegexField(
        _ONE_LINE, max_length=REFERENCE, help_text="Where it stands: an id, a path, an address. Never a credential."
    )
    says = serializers.ChoiceField(choices=SAYS)
    note = serializers.CharField(max_length=NOTE, required=False, allow_blank=True, default="")


class AboutBody(StrictSerializer):
    """What the claim is about."""

    kind = serializers.RegexField(r"^[a-z][a-z0-9_]*\Z", max_length=40)
    key = serializers.RegexField(_ONE_LINE, max_length=120)


class CorrectBody(StrictSerializer):
    """Another verdict with what it rests on; it takes the place of the one before, which stays in the list of verdicts."""

    verdict = serializers.ChoiceField(choices=Verdict.choices)
    evidence = PieceBody(many=True, required=False, default=list)
    note = serializers.CharField(max_length=TOLD, required=False, allow_blank=True, default="")

    def validate_evidence(self, pieces: list[Any]) -> list[Any]:
        """Bounded, so that a page can show all of it."""
        if len(pieces) > MOST_PIECES:
            raise serializers.ValidationError(_("At most %d pieces.") % MOST_PIECES, code="too_many")
        return pieces


class ClaimBody(CorrectBody):
    """A claim held against evidence."""

    reference = serializers.RegexField(
        _ONE_LINE, max_length=100, help_text="Your own name for it: told twice with the same content, kept once."
    )
    statement = serializers.CharField(max_length=STATEMENT, help_text="What was claimed, in its own words.")
    claimed_by = serializers.RegexField(_ONE_LINE, max_length=150, help_text="The agent or person who claims it.")
    actor_type = serializers.ChoiceField(choices=ActorType.choices, help_text="What the one who claims it is.")
    about = AboutBody(required=False, allow_null=True, default=None)
    connector = serializers.RegexField(
        KEY_PATTERN, max_length=60, required=False, allow_null=True, default=None, help_text="The key of a connector."
    )
    reversibility = serializers.ChoiceField(
        choices=ReversibilityClass.choices,
        help_text="Of the path that acts on the claim; never less than that of the connector.",
    )
    owner = serializers.CharField(
        max_length=60,
        required=False,
        allow_null=True,
        default=None,
        help_text="A team; that of the connector unless told.",
    )
