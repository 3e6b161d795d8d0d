"""Backfills: loading history again. The plan is an entry, approved like any other change; its progress stands beside it."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connectors.models.connector import Connector
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry


class Backfill(Entry):
    """A window of a data movement that is to be loaded again."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="backfills")
    window_from = models.DateTimeField()
    window_to = models.DateTimeField()

    class Meta(Entry.Meta):
        constraints = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(window_to__gt=models.F("window_from")), name="backfill_window"),
        ]

    @property
    def human_id(self) -> str:
        """BF-003."""
        return f"BF-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the backfill."""
        return reverse("entry", args=["backfills", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that lists and partitions need."""
        super().take_document(document, owner)
        self.connector = Connector.objects.get(key=document["sync"], kind="data_movement")
        self.window_from = datetime.fromisoformat(document["window_from"])
        self.window_to = datetime.fromisoformat(document["window_to"])


class JobState(models.TextChoices):
    """How the work on a backfill stands."""

    READY = "ready", _("Ready")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    VERIFYING = "verifying", _("To be verified")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


# Over for ever; everything else is in work, or may be told to go on.
JOB_OVER = (JobState.DONE, JobState.CANCELLED)


class BackfillJob(models.Model):
    """The work on an approved backfill. One row a backfill, made when it is approved."""

    backfill = models.OneToOneField(Backfill, on_delete=models.PROTECT, related_name="job")
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.READY)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    verified_by = models.CharField(max_length=150, blank=True)
    verification = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text=_("Of the last pause, failure or cancellation."))

    def __str__(self) -> str:
        return f"{self.backfill_id} {self.state}"


class PartitionState(models.TextChoices):
    """How one part of the window stands."""

    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Partition(models.Model):
    """One part of the window of a backfill; whoever works on it holds a lease."""

    job = models.ForeignKey(BackfillJob, on_delete=models.PROTECT, related_name="partitions")
    number = models.PositiveIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=10, choices=PartitionState.choices, default=PartitionState.PENDING)
    attempts = models.PositiveIntegerField(default=0, help_text=_("Since it was last begun anew."))
    # Grows with every claim, for ever: who names an older one no longer holds the part.
    lease = models.PositiveBigIntegerField(default=0)
    worker = models.CharField(max_length=150, blank=True)
    lease_until = models.DateTimeField(null=True)
    rows = models.PositiveBigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="partition_once")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.number}"


class BackfillLine(models.Model):
    """One line of the log of a backfill."""

    job = models.ForeignKey(BackfillJob, on_delete=models.PROTECT, related_name="lines")
    at = models.DateTimeField()
    actor_name = models.CharField(max_length=150)
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text


class Drill(models.Model):
    """A rehearsal of the backfill runbook as it stood in one version; never changed."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="drills")
    connector_version = models.PositiveIntegerField()
    runbook_digest = models.CharField(max_length=64)
    drilled_at = models.DateTimeField()
    passed = models.BooleanField()
    minutes = models.PositiveIntegerField(null=True)
    # One a step of the runbook: {"step": text, "done": bool, "note": text}.
    steps = models.JSONField(default=list)
    note = models.CharField(max_length=1000, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-drilled_at", "-id"]
        indexes = [models.Index(fields=["connector", "-drilled_at"], name="drill_newest")]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.drilled_at:%Y-%m-%d}"

    @property
    def steps_done(self) -> int:
        """How many steps were done."""
        return sum(bool(step["done"]) for step in self.steps)
