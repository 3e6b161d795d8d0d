"""Maintenance: times in which the clocks of tracked tasks do not run."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from connectors.models.connector import Connector
from portal.people.models import Team


class Maintenance(models.Model):
    """A time in which the clocks of the open tasks of one connector, or of one team, do not run.

    Written before or as it begins; `begun_at` says that the clocks have been moved, which happens once. It ends by itself.
    """

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, null=True, related_name="maintenances")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="maintenances")
    starts_at = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=500)
    planned_by = models.CharField(max_length=150)
    planned_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    # Who ended it before its time, and when.
    ended_by = models.CharField(max_length=150, blank=True, db_default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(connector__isnull=True, team__isnull=False) | Q(connector__isnull=False, team__isnull=True),
                name="maintenance_of_one",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("starts_at")), name="maintenance_ends_after_it_starts"),
        ]
        indexes = [
            models.Index(
                fields=["starts_at"], condition=Q(begun_at__isnull=True, ended_at__isnull=True), name="maintenance_due"
            ),
            models.Index(fields=["connector", "until"], name="maintenance_connector"),
            models.Index(fields=["team", "until"], name="maintenance_team"),
        ]

    def shown(self, now: datetime) -> str:
        """The word for it at a moment: planned, running, over, or taken back before it began."""
        if self.ended_at is not None:
            return "over" if self.starts_at <= self.ended_at else "taken_back"
        return "planned" if self.starts_at > now else "running" if self.until > now else "over"

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"
