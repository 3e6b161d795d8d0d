"""Claims: what an agent or a person says, held against evidence."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connectors.models import Connector
from portal.people.models import Team
from portal.search.words import word_indexes
from severity.models.incident import Incident


class Verdict(models.TextChoices):
    """What the evidence says of a claim. Unverified is insufficient evidence: it counts as contradicted until corrected."""

    VERIFIED = "verified", _("Verified")
    PARTIALLY_VERIFIED = "partially_verified", _("Partially verified")
    UNVERIFIED = "unverified", _("Unverified")
    CONTRADICTED = "contradicted", _("Contradicted")


class Claim(models.Model):
    """One claim with what it rests on. Corrected, never rewritten: each verdict leaves an event and an audit line."""

    reference = models.CharField(
        max_length=120, unique=True, help_text=_("The reporter's own name for it; told twice, kept once.")
    )
    statement = models.TextField()
    claimed_by = models.CharField(max_length=150)
    actor_type = models.CharField(max_length=24)
    subject_kind = models.CharField(max_length=40, default="", blank=True)
    subject_key = models.CharField(max_length=120, default="", blank=True)
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, null=True, related_name="claims", db_index=False)
    reversibility = models.PositiveSmallIntegerField(help_text=_("R0 to R3 of the path that acts on it."))
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    evidence = models.JSONField(default=list)
    note = models.TextField(default="", blank=True)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reported_at = models.DateTimeField()
    judged_at = models.DateTimeField()
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, related_name="claims")
    digest = models.CharField(
        max_length=64, help_text=_("Of what was first reported: the same reference with another is a conflict.")
    )

    class Meta:
        ordering = ("-id",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(reversibility__lte=3), name="claim_reversibility_known"),
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values) & (~Q(verdict=Verdict.VERIFIED) | ~Q(evidence=[])),
                name="claim_verified_by_evidence",
            ),
        ]
        indexes = [
            # The backlog: all that is not verified.
            models.Index(
                fields=["-reversibility", "judged_at", "id"], condition=~Q(verdict="verified"), name="claim_backlog"
            ),
            # Those of one, and the whole in the order of it, either way.
            *(
                models.Index(fields=[field, "id"], name=f"claim_{name}")
                for field, name in (
                    ("owner", "owner"),
                    ("verdict", "verdict"),
                    ("reversibility", "path"),
                    ("claimed_by", "claimed_by"),
                    ("judged_at", "judged"),
                    ("reported_at", "reported"),
                )
            ),
            *word_indexes("reference", "statement", first="statement", name="claim"),
        ]

    def __str__(self) -> str:
        return f"{self.human_id} {self.statement[:80]}"

    @property
    def human_id(self) -> str:
        """CLM-12."""
        return f"CLM-{self.pk}"

    def get_absolute_url(self) -> str:
        """The page of the claim."""
        return f"/claims/{self.human_id}/"


class ClaimEvent(models.Model):
    """One verdict on a claim: by whom, when, on what. Append-only."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor_name = models.CharField(max_length=150)
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    evidence = models.JSONField(default=list)
    note = models.TextField(default="", blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.verdict} at {self.at:%H:%M:%S}"
