"""What people say about a change, who follows it, and the files that its evidence names."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.changes.models.change import ChangeRequest


class Comment(models.Model):
    """A line of the discussion: append-only. `mentions` are the people named with @."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=150)
    text = models.TextField(max_length=10_000)
    mentions = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comment_says_something")]
        indexes = [models.Index(fields=["change", "id"], name="comment_of_change")]

    def __str__(self) -> str:
        return f"{self.author_name} on CHG-{self.change_id}"


class Watch(models.Model):
    """Somebody who wants to hear what becomes of a change."""

    change = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="watches")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change", "user"], name="watch_once")]

    def __str__(self) -> str:
        return f"{self.user_id} watches CHG-{self.change_id}"


class Attachment(models.Model):
    """A file of an evidence pack, stored by its digest: append-only, so that frozen evidence stays what was looked at."""

    class MediaType(models.TextChoices):
        """What may be attached. Nothing that a browser would run."""

        PDF = "application/pdf", "PDF"
        PNG = "image/png", "PNG"
        JPEG = "image/jpeg", "JPEG"
        TEXT = "text/plain", _("plain text")
        CSV = "text/csv", "CSV"
        JSON = "application/json", "JSON"

    digest = models.CharField(max_length=64, unique=True)
    media_type = models.CharField(max_length=40, choices=MediaType.choices)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(media_type__in=["application/pdf", "image/png", "image/jpeg", "text/plain",
                                                              "text/csv", "application/json"]),
                                   name="attachment_type_known"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.media_type} {self.digest[:12]}"
