"""Change requests: one proposed change of one object, and the sets that apply together."""

from datetime import UTC
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.policy.rules import (
    ActionClass,
    ApprovalClass,
    Classes,
    ReversibilityClass,
    SensitivityClass,
    level,
)
from portal.registry.documents import digest
from portal.registry.models import EntryState
from portal.registry.twins import local_name_of
from portal.roles import ActorType
from portal.search.words import word_indexes


class ChangeState(models.TextChoices):
    """draft → in_review → approved → applied, or one of the three ends without effect."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    APPLIED = "applied", _("Applied")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Superseded")


OPEN_STATES = (ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED)


class ChangeQuerySet(models.QuerySet["ChangeRequest"]):
    """Reads of changes."""

    def visible(self) -> "ChangeQuerySet":
        """With what every list shows."""
        return self.select_related("author")

    def waiting(self) -> "ChangeQuerySet":
        """In review, longest waiting first."""
        return self.filter(state=ChangeState.IN_REVIEW).order_by("submitted_at", "id")


class ChangeSet(models.Model):
    """Several changes that apply together or not at all. Each keeps its own object, proposals and signatures."""

    summary = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.human_id} {self.summary}"

    @property
    def human_id(self) -> str:
        """SET-7."""
        return f"SET-{self.pk}"


class ChangeRequest(models.Model):
    """One proposed change of one object (or to create one), named by kind and key."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=60)
    base_version = models.PositiveIntegerField(help_text=_("Version it was made from; 0 creates the object."))
    to_state = models.CharField(max_length=12, choices=EntryState.choices, default=EntryState.ACTIVE)
    summary = models.CharField(max_length=300)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    proposal_number = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=1)
    # Declared by the author; empty = the least the policy demands.
    approval_class = models.CharField(max_length=2, choices=ApprovalClass.choices, blank=True)
    reversibility_class = models.CharField(max_length=2, choices=ReversibilityClass.choices, blank=True)
    sensitivity_class = models.CharField(max_length=2, choices=SensitivityClass.choices, blank=True)
    # What the policy made of it at the last submission or edit under review.
    required_class = models.CharField(max_length=2, choices=ApprovalClass.choices, blank=True)
    action_class = models.CharField(max_length=1, choices=ActionClass.choices, blank=True)
    policy_rule = models.CharField(max_length=80, blank=True)
    policy_version = models.PositiveIntegerField(default=0)
    evidence = models.JSONField(default=dict)
    # The parts of the document that differ from the base: `facets.retry`, `owner`; for the eye, in lists.
    parts = models.JSONField(default=list)
    evidence_needed = models.BooleanField(default=False)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, blank=True, related_name="changes")
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    restores_version = models.PositiveIntegerField(null=True, blank=True)
    # When it may be applied, once it is signed.
    apply_after = models.DateTimeField(null=True, blank=True)
    apply_before = models.DateTimeField(null=True, blank=True)
    held_back = models.TextField(blank=True, help_text=_("Why it is signed and not applied."))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="changes")
    author_actor_type = models.CharField(max_length=20, choices=ActorType.choices)
    state = models.CharField(max_length=12, choices=ChangeState.choices, default=ChangeState.DRAFT)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_version = models.PositiveIntegerField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text=_("Why it was rejected or withdrawn."))
    emergency = models.BooleanField(default=False)
    emergency_reason = models.TextField(blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    # Instants at which somebody must look, NULL = never. `wake_at` is the earliest of those this app looks at itself; the two
    # clocks are moved on by whoever judges (`severity`), and `judge_at` says that a judged cause is over.
    sign_by = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)
    sign_clock = models.DateTimeField(null=True, blank=True)
    review_clock = models.DateTimeField(null=True, blank=True)
    judge_at = models.DateTimeField(null=True, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ChangeState.APPLIED, applied_version__isnull=False, applied_at__isnull=False)
                | (~Q(state=ChangeState.APPLIED) & Q(applied_version__isnull=True, applied_at__isnull=True)),
                name="change_applied_has_version",
            ),
            models.CheckConstraint(
                condition=~Q(state=ChangeState.REJECTED) | ~Q(reason=""), name="change_rejected_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(emergency=False) | ~Q(emergency_reason=""), name="change_emergency_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(apply_after__isnull=True)
                | Q(apply_before__isnull=True)
                | Q(apply_before__gt=F("apply_after")),
                name="change_window_not_empty",
            ),
            models.UniqueConstraint(
                fields=["kind", "key", "applied_version"],
                condition=Q(applied_version__isnull=False),
                name="change_one_per_version",
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at", "id"], condition=Q(state=ChangeState.IN_REVIEW), name="change_waiting"
            ),
            models.Index(
                fields=["sign_by", "id"],
                condition=Q(state=ChangeState.IN_REVIEW, sign_by__isnull=False),
                name="change_sign_by",
            ),
            # The order of the inbox of approvers.
            models.Index(
                fields=["sign_by", "-required_class", "id"],
                condition=Q(state=ChangeState.IN_REVIEW),
                name="change_inbox",
            ),
            # What waits by a rule of the policy, asked for by how its name begins.
            models.Index(
                fields=["policy_rule"],
                opclasses=["varchar_pattern_ops"],
                condition=Q(state=ChangeState.IN_REVIEW),
                name="change_rule",
            ),
            models.Index(
                fields=["-id"], condition=Q(emergency=True, reviewed_at__isnull=True), name="change_to_review"
            ),
            models.Index(fields=["kind", "key", "-id"], name="change_object"),
            models.Index(fields=["author", "-id"], name="change_author"),
            models.Index(fields=["state", "-id"], name="change_state"),
            models.Index(fields=["wake_at"], condition=Q(wake_at__isnull=False), name="change_wake"),
            models.Index(fields=["sign_clock"], condition=Q(sign_clock__isnull=False), name="change_sign_clock"),
            models.Index(fields=["review_clock"], condition=Q(review_clock__isnull=False), name="change_review_clock"),
            models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="change_judge"),
            *word_indexes("key", "summary", first="summary", name="change"),
        ]

    def __str__(self) -> str:
        return f"{self.human_id} {self.summary}"

    @property
    def human_id(self) -> str:
        """CHG-1043."""
        return f"CHG-{self.pk}"

    @property
    def creates(self) -> bool:
        """Whether it creates its object."""
        return self.base_version == 0

    @property
    def open(self) -> bool:
        """Whether it can still be applied."""
        return self.state in OPEN_STATES

    @property
    def name(self) -> str:
        """The name its object will have."""
        return str(self.document.get("name") or self.key)

    @property
    def local_name(self) -> str:
        """The same in the language of the page."""
        return local_name_of(self.document) or self.key

    @property
    def declared(self) -> Classes:
        """The classes that the author declared."""
        return Classes(
            approval=level(self.approval_class) if self.approval_class else None,
            reversibility=level(self.reversibility_class) if self.reversibility_class else None,
            sensitivity=level(self.sensitivity_class) if self.sensitivity_class else None,
        )

    def content(self) -> dict[str, Any]:
        """All that a decision is bound to. The base version is not part of it: a rebase may leave the content as it is."""
        return {
            "document": self.document,
            "to_state": self.to_state,
            "evidence": self.evidence,
            "declared": [self.approval_class, self.reversibility_class, self.sensitivity_class],
            # An instant is the same in every zone, and the database gives it back in another than it was told in.
            "apply_after": self.apply_after and self.apply_after.astimezone(UTC).isoformat(),
            "apply_before": self.apply_before and self.apply_before.astimezone(UTC).isoformat(),
            "change_set": self.change_set_id,
        }

    def take_digest(self) -> str:
        """Compute the digest of the content anew, keep and return it."""
        self.digest = digest(self.content())
        return self.digest

    def set_wake(self) -> None:
        """The next instant at which a worker must look at it."""
        waiting = {
            ChangeState.IN_REVIEW: (self.remind_at, self.expires_at, self.apply_before),
            ChangeState.APPROVED: (self.apply_after, self.apply_before),
        }.get(ChangeState(self.state), ())
        self.wake_at = min((instant for instant in waiting if instant is not None), default=None)

    def get_absolute_url(self) -> str:
        """The review page."""
        return reverse("change", args=[self.human_id])
