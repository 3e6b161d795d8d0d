"""Quality checkpoints: what they are bound to, what was last seen of each, the runs; and the workflows that consume datasets."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from metrics.models.dataset import Dataset
from metrics.quality.wording import TOLD
from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry


class CheckVerdict(models.TextChoices):
    """What is known of a checkpoint. Only a pass promotes."""

    PASS = "pass", _("Pass")
    FAIL = "fail", _("Fail")
    INCOMPLETE = "incomplete", _("Incomplete")
    EMPTY = "empty", _("Empty")
    ERROR = "error", _("Error")
    STALE = "stale", _("Stale")
    UNKNOWN = "unknown", _("Unknown")


class Checkpoint(Entry):
    """A checkpoint: the dataset it looks at, the readiness row it counts in, what it declares to run, how old a result may be."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="checkpoints")
    dimension = models.CharField(max_length=24)
    max_age_minutes = models.PositiveIntegerField()

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [*Entry.Meta.constraints]
        indexes = [
            *Entry.Meta.indexes,
            models.Index(fields=["state", "key"], name="checkpoint_state"),
            models.Index(fields=["dimension", "key"], name="checkpoint_row"),
        ]

    @property
    def human_id(self) -> str:
        """CP-007."""
        return f"CP-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the checkpoint."""
        return reverse("entry", args=["checkpoints", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that the gate needs."""
        super().take_document(document, owner)
        self.dataset = Dataset.objects.get(key=document["dataset"])
        self.dimension = document["dimension"]
        self.max_age_minutes = document["max_age_minutes"]


class CheckpointRun(models.Model):
    """One run as it was reported: verdicts, counts, names of columns. Never a value of a row. Append-only."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="runs", db_index=False)
    run_key = models.CharField(max_length=200, help_text="The reporter's name of the run; told twice, kept once.")
    tool = models.CharField(max_length=12)
    run_at = models.DateTimeField()
    received_at = models.DateTimeField()
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    verdict = models.CharField(max_length=10, choices=CheckVerdict.choices)
    results = models.JSONField(help_text="By definition: what passed and failed, of which type, on which columns.")
    columns = models.JSONField(default=list, help_text="The columns that failed expectations name.")
    unknowable = models.BooleanField(default=False, help_text="Something failed whose columns nobody can name.")
    told = models.TextField(default="")
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ("-run_at", "-id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["checkpoint", "run_key"], name="checkpoint_run_once"),
        ]
        indexes = [models.Index(fields=["checkpoint", "-run_at", "-id"], name="checkpoint_run_newest")]

    def __str__(self) -> str:
        return f"{self.run_key}: {self.verdict}"

    @property
    def told_words(self) -> str:
        """What is told of it, in the language of the page."""
        return TOLD.words(self.told)


class CheckpointState(models.Model):
    """What was last seen of a checkpoint: written with each run, judged by the sweep at `judge_at`.

    `verdict` is that of the newest run; past `stale_at` it is stale, whatever it was: `severity` and the gate judge by the clock.
    """

    checkpoint = models.OneToOneField(Checkpoint, on_delete=models.PROTECT, related_name="now")
    verdict = models.CharField(max_length=10, choices=CheckVerdict.choices, default=CheckVerdict.UNKNOWN)
    run = models.ForeignKey(CheckpointRun, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    run_at = models.DateTimeField(null=True)
    circumstance = models.CharField(
        max_length=12,
        default="regulated",
        help_text="Whom a failure of the newest run touches: plain, customer, regulated.",
    )
    consumed = models.CharField(
        max_length=12, default="plain", help_text="Whom the absence of a result touches: plain or customer."
    )
    told = models.TextField(default="")
    stale_at = models.DateTimeField(help_text="When the newest result is too old, or the first one is overdue.")
    judge_at = models.DateTimeField(
        null=True, help_text="When the sweep looks next; NULL = when something is reported."
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(run__isnull=False, run_at__isnull=False) | Q(run__isnull=True, verdict="unknown"),
                name="checkpoint_verdict_of_a_run",
            ),
        ]
        indexes = [models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="checkpoint_judge")]

    def __str__(self) -> str:
        return f"{self.checkpoint_id}: {self.verdict}"

    @property
    def told_words(self) -> str:
        """What is told of it, in the language of the page."""
        return TOLD.words(self.told)


class Workflow(Entry):
    """A workflow that consumes datasets and is promoted only while their checkpoints pass."""

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [*Entry.Meta.constraints]
        indexes = [
            *Entry.Meta.indexes,
            models.Index(fields=["state", "key"], name="workflow_state"),
        ]

    @property
    def human_id(self) -> str:
        """WF-007."""
        return f"WF-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the workflow."""
        return reverse("entry", args=["workflows", self.key])


class WorkflowDataset(models.Model):
    """One dataset that a workflow consumes; written with the workflow, in its transaction."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="consumes")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="workflows")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["workflow", "dataset"], name="workflow_dataset_once"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} consumes {self.dataset_id}"
