"""Decisions (ADRs) as entries, what each of them rules, and which one took the place of which."""

from datetime import date
from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from metrics.decisions.rules import KEY_PATTERN, TOPIC_PATTERN, number_of, shown
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry, EntryState


class DecisionRecord(Entry):
    """An accepted decision. It stands as it was accepted; another one may take its place, nothing else ends it."""

    key = models.CharField(max_length=60, unique=True, validators=[RegexValidator(KEY_PATTERN)])
    number = models.PositiveIntegerField(unique=True)
    decided_on = models.DateField()

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(key__regex=KEY_PATTERN), name="decision_key_form"),
            models.CheckConstraint(condition=Q(state=EntryState.ACTIVE), name="decision_never_taken_back"),
        ]

    @property
    def human_id(self) -> str:
        """ADR-0007: the number that people know it by."""
        return shown(self.key)

    def get_absolute_url(self) -> str:
        """The page of the decision."""
        return reverse("entry", args=["decisions", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that lists and judgements need."""
        super().take_document(document, owner)
        self.number = number_of(document["key"])
        self.decided_on = date.fromisoformat(document["date"])


class Supersession(models.Model):
    """One decision that took the place of another; each is superseded once. Never changed, never deleted."""

    older = models.OneToOneField(DecisionRecord, on_delete=models.PROTECT, primary_key=True, related_name="superseded")
    newer = models.ForeignKey(DecisionRecord, on_delete=models.PROTECT, related_name="supersedes")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(older=models.F("newer")), name="supersession_of_another"),
        ]

    def __str__(self) -> str:
        return f"{self.older_id} → {self.newer_id}"


class Ruling(models.Model):
    """What a decision chooses for a topic. One ruling of a topic stands, at most: the database sees to it."""

    decision = models.ForeignKey(DecisionRecord, on_delete=models.PROTECT, related_name="rulings")
    topic = models.CharField(max_length=40, validators=[RegexValidator(TOPIC_PATTERN)])
    choice = models.CharField(max_length=60)
    stands = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["topic"],
                condition=Q(stands=True),
                name="one_ruling_stands",
                violation_error_message="Another accepted decision rules this topic.",
            ),
            models.UniqueConstraint(fields=["decision", "topic"], name="ruling_once"),
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.choice}"
