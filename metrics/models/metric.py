"""Metrics, as entries."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from events.models import end_of
from metrics.rules import KEY_PATTERN, MetricType
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry

# A clock that is due whenever it is looked at.
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


class Metric(Entry):
    """One number with one definition. Its key is never used for another, not even when it is retired."""

    key = models.CharField(max_length=60, unique=True, validators=[RegexValidator(KEY_PATTERN)])
    unit = models.CharField(max_length=40)
    type = models.CharField(max_length=10, choices=MetricType.choices)
    certified_until = models.DateField(null=True)
    certification_clock = models.DateTimeField(
        null=True, help_text=_("When its certification is over; NULL = none, or judged.")
    )
    # Of the measured values that are not split; the newest one is held against it.
    range_low = models.DecimalField(max_digits=32, decimal_places=12, null=True)
    range_high = models.DecimalField(max_digits=32, decimal_places=12, null=True)
    judge_at = models.DateTimeField(
        null=True, help_text=_("When its newest value is to be held against its range; NULL = nothing new.")
    )

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(type__in=MetricType.values), name="metric_type_known"),
            models.CheckConstraint(condition=Q(key__regex=KEY_PATTERN), name="metric_key_form"),
        ]
        indexes = [
            *Entry.Meta.indexes,
            models.Index(fields=["state", "key"], name="metric_state"),
            models.Index(fields=["type", "key"], name="metric_type"),
            models.Index(fields=["unit", "key"], name="metric_unit"),
            models.Index(fields=["certified_until", "key"], name="metric_certified"),
            models.Index(
                fields=["certification_clock"],
                condition=Q(certification_clock__isnull=False),
                name="metric_certification",
            ),
            models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="metric_judge"),
        ]

    @property
    def human_id(self) -> str:
        """ME-007."""
        return f"ME-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the metric."""
        return reverse("entry", args=["metrics", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that lists and judgements need."""
        super().take_document(document, owner)
        self.unit = document["unit"]
        self.type = document["type"]
        until = document["certified_until"]
        self.certified_until = date.fromisoformat(until) if until else None
        self.certification_clock = end_of(until)
        # Documents of earlier times have no range.
        low, high = (Decimal(text) if (text := document.get(name)) else None for name in ("range_low", "range_high"))
        # A retired metric is judged once more as well: what is open about it is over.
        self.judge_at = AT_ONCE
        self.range_low, self.range_high = low, high
