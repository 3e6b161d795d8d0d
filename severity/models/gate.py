"""The gate row that promotions and bad news take turns on, and the log of the gate's answers."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Gate(models.Model):
    """One row. Whatever may close the gate touches it in the same transaction (triggers of migration 0007), and a promotion
    locks it before it looks: so no promotion slips through beside an incident that is being opened.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    touched = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(id=1), name="gate_is_one")
        ]

    def __str__(self) -> str:
        return f"gate, touched {self.touched} times"


class GateDecision(models.Model):
    """One answer of the gate. Append-only but for its age."""

    at = models.DateTimeField()
    release_key = models.CharField(max_length=60)
    to_stage = models.CharField(max_length=8)
    allowed = models.BooleanField()
    reasons = models.JSONField(default=list, help_text="Rules and objects that blocked, the first of them.")
    blocked = models.PositiveIntegerField(default=0)
    rows = models.JSONField(default=dict, help_text="Status by row.")
    asked_by = models.CharField(max_length=150)
    way = models.CharField(max_length=8)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["release_key", "-id"], name="gate_decision_of_release"),
            models.Index(fields=["at"], name="gate_decision_age"),
        ]

    def __str__(self) -> str:
        return f"{self.release_key} to {self.to_stage}: {'yes' if self.allowed else 'no'}"
