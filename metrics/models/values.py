"""Measured values of metrics."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from metrics.models.metric import Metric

# Digits of a value before the point and after it.
WHOLE_DIGITS, PLACES = 20, 12


class MeasuredValue(models.Model):
    """What a metric measured at one instant, whole (`dimensions` is empty) or split by some of its dimensions.

    One value stands at a place; a later one for the same place replaces it, and the audit log tells both.
    """

    metric = models.ForeignKey(Metric, models.PROTECT, related_name="values", db_index=False)
    at = models.DateTimeField()
    dimensions = models.JSONField(default=dict)
    value = models.DecimalField(max_digits=WHOLE_DIGITS + PLACES, decimal_places=PLACES)
    received_at = models.DateTimeField()
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        ordering = ["-at", "-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Also the index by which a metric's values of a time are found, and those that are too old.
            models.UniqueConstraint(fields=["metric", "at", "dimensions"], name="value_once"),
        ]

    def __str__(self) -> str:
        return f"{self.value} at {self.at:%Y-%m-%d %H:%M}"
