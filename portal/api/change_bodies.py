"""What the API reads of changes: strict bodies, each field with its bounds."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.changes.discussion import MAX_TEXT
from portal.changes.inbox import MOST_AT_ONCE
from portal.changes.merging import CURRENT, PROPOSED
from portal.changes.services import WINDOW, Draft
from portal.policy.rules import ApprovalClass, ReversibilityClass, SensitivityClass
from portal.registry.documents import StrictSerializer
from portal.registry.models import EntryState


class AwareDateTimeField(serializers.DateTimeField):
    """An instant with its zone; one without is refused, not guessed."""

    default_error_messages = {"naive": _("Write the instant with its zone: 2026-11-24T08:00:00+03:00.")}

    def enforce_timezone(self, value: datetime) -> datetime:
        """As usual, for what names its zone."""
        if timezone.is_naive(value):
            self.fail("naive")
        aware: datetime = super().enforce_timezone(value)
        return aware


def _text(most: int) -> serializers.CharField:
    return serializers.CharField(required=False, allow_blank=True, max_length=most)


class LinkDraft(StrictSerializer):
    """A link of an unfinished pack."""

    title = _text(120)
    url = _text(500)


class FileDraft(StrictSerializer):
    """An uploaded file in an unfinished pack: its name and the digest that the upload answered with."""

    name = _text(200)
    digest = _text(64)


class EvidenceBody(StrictSerializer):
    """An evidence pack, which may be unfinished in a draft: only its shape is checked here, all of it at submission."""

    sources = serializers.ListField(
        child=serializers.CharField(allow_blank=True, max_length=500), required=False, max_length=50
    )
    assumptions = _text(5000)
    freshness = _text(5000)
    compliance_notes = _text(5000)
    alternatives = _text(5000)
    rollback = _text(5000)
    links = LinkDraft(many=True, required=False, max_length=50)  # type: ignore[call-arg] # many=True takes the list's arguments
    attachments = FileDraft(many=True, required=False, max_length=10)  # type: ignore[call-arg] # as above


class EditBody(StrictSerializer):
    """What may be set of a change; what is left out stays as it is, null takes a time of applying away."""

    document = serializers.DictField(required=False, help_text="The proposed state; may be incomplete in a draft.")
    summary = serializers.CharField(required=False, max_length=300)
    approval_class = serializers.ChoiceField(ApprovalClass.choices, required=False)
    reversibility_class = serializers.ChoiceField(ReversibilityClass.choices, required=False)
    sensitivity_class = serializers.ChoiceField(SensitivityClass.choices, required=False)
    to_state = serializers.ChoiceField(
        [(state.value, state.label) for state in EntryState if state != EntryState.DRAFT], required=False
    )
    evidence = EvidenceBody(required=False)
    apply_after = AwareDateTimeField(required=False, allow_null=True, help_text="Not applied before, though signed.")
    apply_before = AwareDateTimeField(required=False, allow_null=True, help_text="Not applied from then on.")


class EditWithRevision(EditBody):
    """An edit names the revision it was made from, so that nobody's edit is overwritten."""

    revision = serializers.IntegerField(required=False, min_value=1)


class CreateBody(EditBody):
    """A new change: the kind, and the key unless the document carries it."""

    kind = serializers.CharField(max_length=40)
    key = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    base_version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    patch = serializers.DictField(
        required=False, help_text="In place of the document: a merge patch (RFC 7396) against the version that stands."
    )

    def validate(self, attrs: Any) -> Any:
        if "patch" in attrs and "document" in attrs:
            raise serializers.ValidationError({"patch": [_("Send the document or a patch, not both.")]})
        return attrs


def _digest() -> serializers.RegexField:
    return serializers.RegexField(
        r"^[0-9a-f]{64}$",
        required=False,
        default="",
        help_text="Of the proposal that was looked at; or in the header If-Match.",
        error_messages={"invalid": "Send the 64 hex digits of the proposal's digest."},
    )


def _reason(most: int = 5000) -> serializers.CharField:
    return serializers.CharField(required=False, allow_blank=True, max_length=most, default="")


class DecisionBody(StrictSerializer):
    """A decision names the digest that was looked at."""

    digest = _digest()
    reason = _reason()


class AmendBody(EditBody):
    """What an approver puts in place of what is in review."""

    digest = _digest()
    reason = _reason()


class ChosenBody(StrictSerializer):
    """One of several changes, and the digest that was looked at."""

    change = serializers.RegexField(r"^(CHG-)?[1-9][0-9]{0,15}$", help_text="CHG-12 or 12.")
    digest = serializers.RegexField(r"^[0-9a-f]{64}$")


class BulkBody(StrictSerializer):
    """One decision on several changes under one policy row."""

    verb = serializers.ChoiceField([("approve", "approve"), ("reject", "reject")])
    reason = _reason()
    changes = serializers.ListField(child=ChosenBody(), min_length=1, max_length=MOST_AT_ONCE)


class WithdrawBody(StrictSerializer):
    """Why it is taken back, if the author cares to say."""

    reason = _reason(2000)


class RebaseBody(StrictSerializer):
    """Which side to take, by path, for every key in conflict."""

    choices = serializers.DictField(
        child=serializers.ChoiceField([(CURRENT, _("What stands")), (PROPOSED, _("What is proposed"))]),
        required=False,
        default=dict,
    )


class TieBody(StrictSerializer):
    """The drafts that shall apply together."""

    changes = serializers.ListField(
        child=serializers.RegexField(
            r"^(CHG-)?[0-9]{1,18}$", error_messages={"invalid": _("Write the number of a change: 12 or CHG-12.")}
        ),
        max_length=100,
    )
    summary = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class CommentBody(StrictSerializer):
    """What there is to say; @name tells a person of it."""

    text = serializers.CharField(max_length=MAX_TEXT)


class RevertBody(StrictSerializer):
    """The version to restore."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


def draft_of(body: dict[str, Any]) -> Draft:
    """The draft that a checked body describes: null takes a time away, what is left out stays."""
    cleared = tuple(name for name in WINDOW if name in body and body[name] is None)
    return Draft(**{name: value for name, value in body.items() if value is not None}, cleared=cleared)


__all__ = [
    "AmendBody",
    "CommentBody",
    "CreateBody",
    "DecisionBody",
    "EditBody",
    "EditWithRevision",
    "RebaseBody",
    "RevertBody",
    "TieBody",
    "WithdrawBody",
    "draft_of",
]
