"""Change requests, the proposals frozen for review, and the decisions on them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.changes.rules import (
    ActionClass,
    ApprovalClass,
    Classes,
    ReversibilityClass,
    SensitivityClass,
    level,
)
from portal.people.models import User
from portal.registry.models import EntryState
from portal.roles import ActorType


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

    def to_sign_by(self, user: User) -> "ChangeQuerySet":
        """In review, not this person's own, not yet signed by this person on the current proposal."""
        signed = Decision.objects.filter(
            proposal__change_id=models.OuterRef("pk"),
            proposal__number=models.OuterRef("proposal_number"),
            actor_id=user.pk,
        )
        return self.waiting().exclude(author_id=user.pk).exclude(models.Exists(signed))


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
    evidence = models.JSONField(default=dict)
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
            models.Index(fields=["kind", "key", "-id"], name="change_object"),
            models.Index(fields=["author", "-id"], name="change_author"),
            models.Index(fields=["state", "-id"], name="change_state"),
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
    def declared(self) -> Classes | None:
        """The classes the author declared, or None where none was."""
        if not (self.approval_class or self.reversibility_class or self.sensitivity_class):
            return None
        return Classes(
            approval=level(self.approval_class) if self.approval_class else -1,
            reversibility=level(self.reversibility_class) if self.reversibility_class else 0,
            sensitivity=level(self.sensitivity_class) if self.sensitivity_class else 0,
        )

    def get_absolute_url(self) -> str:
        """The review page."""
        return reverse("change", args=[self.human_id])


class Proposal(models.Model):
    """What was put before the approvers: frozen, append-only (the database refuses changes)."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="proposals")
    number = models.PositiveIntegerField()
    base_version = models.PositiveIntegerField()
    to_state = models.CharField(max_length=12, choices=EntryState.choices)
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    required_class = models.CharField(max_length=2, choices=ApprovalClass.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["change", "number"], name="proposal_once")]

    def __str__(self) -> str:
        return f"proposal {self.number} of CHG-{self.change_id}"


class Verdict(models.TextChoices):
    """What an approver decided."""

    APPROVE = "approve", _("Approved")
    REJECT = "reject", _("Rejected")


class Decision(models.Model):
    """One person's decision on one proposal: append-only, bound to the digest that was looked at.

    `author` is copied from the change so that the database itself can refuse a signature under one's own change.
    """

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    digest = models.CharField(max_length=64)
    level = models.PositiveSmallIntegerField(help_text=_("Highest approval class the person signs for, 1 to 3."))
    reason = models.TextField(blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    actor_name = models.CharField(max_length=150)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "actor"], name="decision_once_per_person"),
            models.CheckConstraint(
                condition=~Q(actor=F("author")),
                name="decision_not_by_author",
                violation_error_message=_("Nobody decides on their own change."),
            ),
            models.CheckConstraint(
                condition=Q(verdict=Verdict.APPROVE) | ~Q(reason=""), name="decision_reject_has_reason"
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=3), name="decision_level_1_to_3"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.verdict}"


def signatures(change: ChangeRequest) -> list[Any]:
    """The approvals that count now: those on the current proposal."""
    return list(
        Decision.objects.filter(
            proposal__change=change, proposal__number=change.proposal_number, verdict=Verdict.APPROVE
        )
    )
