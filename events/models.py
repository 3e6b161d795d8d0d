"""Event families and their schema versions, as entries."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from events.schemas.modes import Mode
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry


class EventFamily(Entry):
    """Events of one meaning: their owner, channel, compatibility mode, producers and consumers."""

    channel = models.CharField(max_length=200)
    compatibility = models.CharField(max_length=20, choices=[(mode.value, mode.value) for mode in Mode])
    sensitivity_class = models.CharField(max_length=2)

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(compatibility__in=list(Mode)), name="family_mode_known"),
        ]
        indexes = [
            models.Index(fields=["state", "key"], name="family_state"),
            models.Index(fields=["name"], name="family_name"),
        ]

    @property
    def human_id(self) -> str:
        """EF-007."""
        return f"EF-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the family."""
        return reverse("entry", args=["events", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that lists and judgements need."""
        super().take_document(document, owner)
        self.channel = document["channel"]
        self.compatibility = document["compatibility"]
        self.sensitivity_class = document["sensitivity_class"]


class EventSchema(Entry):
    """One schema version of a family, immutable once registered but for its life and its words."""

    family = models.CharField(max_length=40)
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField()
    patch = models.PositiveIntegerField()

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.UniqueConstraint(
                fields=["family", "major", "minor", "patch"],
                name="schema_number_once",
                violation_error_message=_("This number is taken."),
            ),
        ]
        indexes = [models.Index(fields=["name"], name="schema_name")]

    @property
    def human_id(self) -> str:
        """ES-007."""
        return f"ES-{self.id:03d}"

    @property
    def number(self) -> str:
        """1.2.0."""
        return f"{self.major}.{self.minor}.{self.patch}"

    def get_absolute_url(self) -> str:
        """The page of the version."""
        return reverse("entry", args=["event-schemas", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that the line of versions is found by."""
        super().take_document(document, owner)
        self.family = document["family"]
        self.major, self.minor, self.patch = (int(part) for part in document["number"].split("."))
