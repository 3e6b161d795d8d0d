"""Runs of data movements, as they were reported or pulled, and how fresh the data is.

`fresh_until` says until when the data is fresh enough and stays; `freshness_clock` is the armed form of it: NULL once it has been
judged or while nothing is awaited.
"""

from datetime import UTC, datetime

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from connectors.models.connector import Connector

# When a sync is late of which nothing is asked.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class RunState(models.TextChoices):
    """How a run stands."""

    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class SyncRun(models.Model):
    """One run of a data movement, under the key that its scheduler gives it."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="sync_runs")
    run_key = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=RunState.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    data_until = models.DateTimeField(null=True, help_text=_("How new the newest data is that it brought."))
    rows = models.PositiveBigIntegerField(null=True)
    bytes = models.PositiveBigIntegerField(null=True)
    # Each: name, mode, cursor, rows, state, schema_changed_at.
    streams = models.JSONField(default=list)
    note = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=10, default="api", help_text=_("api or airbyte"))
    digest = models.CharField(max_length=64)
    reported_at = models.DateTimeField()
    reported_by = models.CharField(max_length=150)
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["connector", "run_key"], name="sync_run_once"),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, ended_at__isnull=True)
                | (~Q(state=RunState.RUNNING) & Q(ended_at__isnull=False)),
                name="sync_run_ended_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["connector", "-started_at", "-id"], name="sync_run_newest"),
            models.Index(
                fields=["connector", "-started_at", "-id"],
                condition=Q(state=RunState.SUCCEEDED),
                name="sync_run_success",
            ),
        ]

    def __str__(self) -> str:
        return self.run_key

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at is not None else None


class SyncState(models.Model):
    """What is known of a data movement now. One row a connector, made when it is registered."""

    connector = models.OneToOneField(Connector, on_delete=models.PROTECT, related_name="sync")
    last_run = models.ForeignKey(SyncRun, null=True, on_delete=models.PROTECT, related_name="+")
    last_success = models.ForeignKey(SyncRun, null=True, on_delete=models.PROTECT, related_name="+")
    data_until = models.DateTimeField(null=True)
    typical_rows = models.PositiveBigIntegerField(null=True, help_text=_("The median of the last runs that succeeded."))
    fresh_until = models.DateTimeField(null=True)
    freshness_clock = models.DateTimeField(null=True)
    # Set where an open incident must be judged by what changed.
    judge_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    # What lists are sorted by: syncs that nothing is asked of come last, and no row has no place.
    deadline_order = models.GeneratedField(
        expression=Case(
            When(fresh_until__isnull=True, then=Value(NEVER)), default=Greatest("fresh_until", "paused_until")
        ),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    pause_reason = models.CharField(max_length=500, blank=True)
    paused_by = models.CharField(max_length=150, blank=True)
    # Looking at a jobs API, where the document names one.
    pull_at = models.DateTimeField(null=True)
    pull_lease = models.BigIntegerField(default=0)
    pulled_at = models.DateTimeField(null=True)
    pull_failures = models.PositiveIntegerField(default=0)
    pull_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["freshness_clock"], condition=Q(freshness_clock__isnull=False), name="sync_freshness"),
            models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="sync_judge"),
            models.Index(fields=["fresh_until", "id"], condition=Q(fresh_until__isnull=False), name="sync_fresh_until"),
            models.Index(fields=["pull_at"], condition=Q(pull_at__isnull=False), name="sync_pull"),
            models.Index(fields=["deadline_order", "connector"], name="sync_deadline_order"),
            # Few are, and the watch counts them.
            models.Index(fields=["paused_until"], condition=Q(paused_until__isnull=False), name="sync_paused"),
        ]

    def __str__(self) -> str:
        return f"{self.connector_id}"


class BreakingNotice(models.Model):
    """A breaking change of a data movement that was announced: what, until when, and who must move."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="notices")
    title = models.CharField(max_length=200)
    detail = models.CharField(max_length=2000, blank=True)
    deadline = models.DateTimeField()
    announced_at = models.DateTimeField()
    announced_by = models.CharField(max_length=150)
    closed_at = models.DateTimeField(null=True, help_text=_("When everybody had moved, or it was called off."))
    close_reason = models.CharField(max_length=500, blank=True)
    notice_clock = models.DateTimeField(null=True)
    judge_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["deadline", "id"]
        indexes = [
            models.Index(fields=["connector", "deadline"], condition=Q(closed_at__isnull=True), name="notice_open"),
            models.Index(fields=["deadline", "id"], condition=Q(closed_at__isnull=True), name="notice_open_deadline"),
            models.Index(fields=["notice_clock"], condition=Q(notice_clock__isnull=False), name="notice_due"),
            models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="notice_judge"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def human_id(self) -> str:
        """BN-003."""
        return f"BN-{self.pk:03d}"


class NoticeConsumer(models.Model):
    """One that must move before the deadline."""

    notice = models.ForeignKey(BreakingNotice, on_delete=models.PROTECT, related_name="consumers")
    name = models.CharField(max_length=120)
    moved_at = models.DateTimeField(null=True)
    moved_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["notice", "name"], name="notice_consumer_once")]

    def __str__(self) -> str:
        return self.name
