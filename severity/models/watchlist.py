"""What was observed of each server of long operations, added up every few minutes."""

from django.db import models

from connectors.models import Connector


class WatchlistRow(models.Model):
    """One server over so many days. Counts are of tasks accepted in them; times are in seconds, intervals in milliseconds.

    Written anew as a whole by `severity.watchlist.rollup`, from the tasks and incidents alone: nothing here is the truth.
    """

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="watchlist")
    days = models.PositiveSmallIntegerField()
    tasks = models.PositiveIntegerField()
    ended = models.PositiveIntegerField()
    slipped = models.PositiveIntegerField()
    lost = models.PositiveIntegerField()
    expired = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    cancelled_remotely = models.PositiveIntegerField()
    start_unknown = models.PositiveIntegerField()
    cancels = models.PositiveIntegerField()
    cancels_honoured = models.PositiveIntegerField()
    short_lived = models.PositiveIntegerField()
    without_expiry = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()
    drifted = models.PositiveIntegerField()
    interval_least = models.PositiveIntegerField(null=True)
    interval_median = models.PositiveIntegerField(null=True)
    interval_most = models.PositiveIntegerField(null=True)
    mtta = models.FloatField(null=True)
    mttr = models.FloatField(null=True)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "days"], name="watchlist_once")]

    def __str__(self) -> str:
        return f"{self.connector_id} over {self.days} days"

    @property
    def slip_rate(self) -> float | None:
        """The part of its tasks that slipped; None without tasks."""
        return self.slipped / self.tasks if self.tasks else None
