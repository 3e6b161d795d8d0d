"""What people add to an incident: steps they ticked, links, who follows it, its review."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from severity.models.incident import Incident


class IncidentStep(models.Model):
    """A step of the runbook that somebody ticked; the steps themselves stand in the severity table. Append-only."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=300)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    done_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="incident_step_once")]

    def __str__(self) -> str:
        return self.text


class IncidentLink(models.Model):
    """Something that belongs to an incident: a change, a release, another incident, or an address outside."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="links")
    kind = models.CharField(max_length=12)
    reference = models.CharField(max_length=500)
    title = models.CharField(max_length=200)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["incident", "kind", "reference"], name="incident_link_once")]

    def __str__(self) -> str:
        return self.title or self.reference


class IncidentSubscriber(models.Model):
    """Somebody who wants to hear of an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="subscribers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="incident_subscriber_once")]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.incident_id}"


class IncidentReview(models.Model):
    """What was learned from a V2 or V3: written by one person, approved by another; approved, it stays as it is."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, primary_key=True, related_name="review")
    what_happened = models.TextField()
    cause = models.TextField()
    follow_up = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("author")), name="review_by_another"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="review_approved_when",
            ),
        ]

    def __str__(self) -> str:
        return f"Review of INC-{self.incident_id}"
