"""Metrics, as entries."""

from datetime import date
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from metrics.rules import KEY_PATTERN, MetricType
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry


class Metric(Entry):
    """One number with one definition. Its key is never used for another, not even when it is retired."""

    key = models.CharField(max_length=60, unique=True, validators=[RegexValidator(KEY_PATTERN)])
    unit = models.CharField(max_length=40)
    type = models.CharField(max_length=10, choices=MetricType.choices)
    certified_until = models.DateField(null=True)

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(type__in=MetricType.values), name="metric_type_known"),
            models.CheckConstraint(condition=Q(key__regex=KEY_PATTERN), name="metric_key_form"),
        ]
        indexes = [
            models.Index(fields=["state", "key"], name="metric_state"),
            models.Index(fields=["name"], name="metric_name"),
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
