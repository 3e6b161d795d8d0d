"""The severity table: which rule is how bad in which circumstance, by when each level wants what. One, versioned."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from portal.registry.models import Entry, EntryState
from severity.rules import CIRCUMSTANCES, Level

KEY = "severity-table"


class SeverityTable(Entry):
    """The one table. Where no version stands yet, the domain's own does; no version is milder than that."""

    class Meta(Entry.Meta):
        ordering = ("key",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(key=KEY), name="severity_table_is_one"),
            models.CheckConstraint(condition=Q(state=EntryState.ACTIVE), name="severity_table_always_active"),
        ]

    @property
    def human_id(self) -> str:
        """ST-001."""
        return f"ST-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the table."""
        return reverse("entry", args=["severity-table", self.key])


class RuleLevel(models.Model):
    """One cell of the table in force, for the statements of the sweep. Written with the entry, in its transaction."""

    rule = models.CharField(max_length=30)
    circumstance = models.CharField(max_length=12, choices=[(one, one) for one in CIRCUMSTANCES])
    level = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule", "circumstance"], name="rule_level_once"),
            models.CheckConstraint(condition=Q(level__lte=Level.V3.value), name="rule_level_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} ({self.circumstance}): V{self.level}"


class LevelClock(models.Model):
    """What a level asks for, by when; NULL = not asked for. There is a row for each level, from the first migration on."""

    level = models.PositiveSmallIntegerField(primary_key=True)
    ack_minutes = models.PositiveIntegerField(null=True)
    update_minutes = models.PositiveIntegerField(null=True)
    resolve_minutes = models.PositiveIntegerField(null=True)
    review_days = models.PositiveIntegerField(null=True)
    table_version = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("level",)

    def __str__(self) -> str:
        return f"V{self.level}"
