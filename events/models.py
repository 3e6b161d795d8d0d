"""Event families and their schema versions, as entries."""

from datetime import date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from events.schemas.modes import Mode
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry


def end_of(day: str) -> datetime | None:
    """The end of a day such as 2027-01-31, where the portal is; None for an empty text."""
    if not day:
        return None
    after = date.fromisoformat(day) + timedelta(days=1)
    return datetime.combine(after, time.min, tzinfo=ZoneInfo(settings.TIME_ZONE))


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
            *Entry.Meta.indexes,
            models.Index(fields=["state", "key"], name="family_state"),
            models.Index(fields=["compatibility", "key"], name="family_mode"),
            models.Index(fields=["sensitivity_class", "key"], name="family_sensitivity"),
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
    waiver_clock = models.DateTimeField(null=True, help_text=_("When its waiver is over; NULL = none, or judged."))
    move_clock = models.DateTimeField(
        null=True, help_text=_("When everybody has moved to its major; NULL = no deadline, or judged.")
    )

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.UniqueConstraint(
                fields=["family", "major", "minor", "patch"],
                name="schema_number_once",
                violation_error_message=_("This number is taken."),
            ),
        ]
        indexes = [
            *Entry.Meta.indexes,
            models.Index(fields=["state", "key"], name="schema_state"),
            models.Index(fields=["waiver_clock"], condition=Q(waiver_clock__isnull=False), name="schema_waiver"),
            models.Index(fields=["move_clock"], condition=Q(move_clock__isnull=False), name="schema_move"),
        ]

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
        self.waiver_clock = end_of(document["waiver_expires"])
        self.move_clock = end_of(document["deadline"])


class RefusedEvents(models.Model):
    """How many events were refused for one reason on one day. What the portal finds itself is in words of the schema.

    `family` and `version` are empty where the event named none that stands; `place` is where in an event, `rule` the keyword.
    """

    day = models.DateField()
    family = models.CharField(max_length=60)
    version = models.CharField(max_length=17)
    place = models.CharField(max_length=300)
    rule = models.CharField(max_length=60)
    seen = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["day", "family", "version", "place", "rule"], name="refused_reason_once"),
        ]
        indexes = [models.Index(fields=["family", "-last_at"], name="refused_family")]

    def __str__(self) -> str:
        return f"{self.day} {self.family or '–'} {self.version or '–'} {self.place or '#'} {self.rule}"


class QuarantinedEvent(models.Model):
    """One of the first events that were refused for a reason on a day; the event itself only where its family allows it."""

    MOST = 5

    refused = models.ForeignKey(RefusedEvents, models.CASCADE, related_name="samples")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # Of the envelope, as the event gave it, where it gave a short text: by these its owner finds the event.
    event_id = models.CharField(max_length=200)
    source = models.CharField(max_length=200)
    event = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["refused", "number"], name="quarantined_once"),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=5), name="quarantined_few"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id or '–'} of {self.refused_id}"
