"""What was put before the approvers, and what they decided: append-only rows."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.changes.models.change import ChangeRequest
from portal.policy.rules import ApprovalClass
from portal.registry.models import EntryState


class Proposal(models.Model):
    """What was put before the approvers: frozen, append-only (the database refuses changes)."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="proposals")
    number = models.PositiveIntegerField()
    base_version = models.PositiveIntegerField()
    to_state = models.CharField(max_length=12, choices=EntryState.choices)
    document = models.JSONField()
    evidence = models.JSONField(default=dict)
    apply_after = models.DateTimeField(null=True)
    apply_before = models.DateTimeField(null=True)
    policy_rule = models.CharField(max_length=80, default="")
    policy_version = models.PositiveIntegerField(default=0)
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
    EDIT = "edit", _("Edited")
    REJECT = "reject", _("Rejected")
    REVIEW = "review", _("Reviewed")


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
            models.UniqueConstraint(
                fields=["proposal", "actor"], condition=~Q(verdict=Verdict.EDIT), name="decision_once_per_person"
            ),
            models.CheckConstraint(
                condition=~Q(actor=F("author")),
                name="decision_not_by_author",
                violation_error_message=_("Nobody decides on their own change."),
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.REJECT) | ~Q(reason=""), name="decision_reject_has_reason"
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=3), name="decision_level_1_to_3"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.verdict}"
