"""Release candidates, what people say of their rows, and what was frozen when they were promoted."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry
from severity.readiness import BY_PEOPLE, STAGES, RowStatus


class ReleaseCandidate(Entry):
    """A release candidate: a commit and a build on their way from dev to prod. A promotion is a change of its stage."""

    commit = models.CharField(max_length=64)
    build = models.CharField(max_length=200)
    stage = models.CharField(max_length=8, choices=[(one, one) for one in STAGES])

    class Meta(Entry.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(stage__in=STAGES), name="release_stage_known"),
        ]
        indexes = [
            *Entry.Meta.indexes,
            models.Index(fields=["state", "key"], name="release_state"),
            models.Index(fields=["stage", "key"], name="release_stage"),
            models.Index(fields=["-created_at", "-id"], name="release_newest"),
        ]

    @property
    def human_id(self) -> str:
        """R-2026.12: the key as people write it."""
        return self.key.upper()

    def get_absolute_url(self) -> str:
        """The page with the matrix."""
        return reverse("entry", args=["releases", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that lists and the gate need."""
        super().take_document(document, owner)
        self.commit = document["commit"]
        self.build = document["build"]
        self.stage = document["stage"]


class ReadinessStatement(models.Model):
    """What a person says of one row of a release, with evidence. Append-only: the newest of a row counts."""

    release = models.ForeignKey(ReleaseCandidate, on_delete=models.PROTECT, related_name="statements", db_index=False)
    dimension = models.CharField(max_length=24)
    status = models.CharField(max_length=8, choices=RowStatus.choices)
    note = models.TextField(default="", blank=True)
    evidence = models.JSONField(default=list)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(dimension__in=BY_PEOPLE), name="statement_of_a_row_of_people"),
            models.CheckConstraint(condition=~Q(evidence=[]), name="statement_has_evidence"),
        ]
        indexes = [models.Index(fields=["release", "dimension", "-id"], name="statement_newest")]

    def __str__(self) -> str:
        return f"{self.dimension}: {self.status}"


class Attestation(models.Model):
    """What CI attests of how the build of a release came to be. Append-only."""

    release = models.ForeignKey(ReleaseCandidate, on_delete=models.PROTECT, related_name="attestations", db_index=False)
    received_at = models.DateTimeField()
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    predicate_type = models.CharField(max_length=200)
    builder = models.CharField(max_length=300)
    commit = models.CharField(max_length=64)
    subjects = models.JSONField(default=list, help_text="Name and digests of what was built.")
    signed_by = models.CharField(
        max_length=120, default="", blank=True, help_text="The trusted key that signed it, if one did."
    )
    statement = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["release", "digest"], name="attestation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.predicate_type} by {self.builder}"


class Promotion(models.Model):
    """One promotion that was signed off, with the matrix as it stood then. Append-only."""

    release = models.ForeignKey(ReleaseCandidate, on_delete=models.PROTECT, related_name="promotions")
    from_stage = models.CharField(max_length=8)
    to_stage = models.CharField(max_length=8)
    change = models.OneToOneField("changes.ChangeRequest", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    signed_by = models.JSONField(default=list)
    matrix = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["release", "to_stage"], name="promoted_once_to_a_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"
