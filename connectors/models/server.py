"""How the server of a runtime tool has answered lately, and what it is to be spared: shared by all workers."""

from django.db import models
from django.db.models import Q

from connectors.models.connector import Connector


class ServerState(models.Model):
    """One server. Made when its connector has limits, or when it first fails; a server that is well needs no row.

    `failures` counts exchanges in a row that ended without an answer, `tries` those made since it is left alone. While
    `open_until` lies ahead nobody asks it; from then on a single exchange tries, and its answer decides. `asked_until` is how
    long the server itself asked to be left alone: nothing ends that sooner. `tokens` are what is left of `per_second` as of
    `tokens_at`.
    """

    connector = models.OneToOneField(Connector, on_delete=models.CASCADE, related_name="server", primary_key=True)
    at_once = models.PositiveIntegerField(null=True)
    per_second = models.FloatField(null=True)
    tokens = models.FloatField(default=0, db_default=0)
    tokens_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, db_default=0)
    tries = models.PositiveIntegerField(default=0, db_default=0)
    opened_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    asked_until = models.DateTimeField(null=True)
    # When it answered again, and when something was last taken for it while it had limits: before, nothing of it was late.
    closed_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(open_until__isnull=True, opened_at__isnull=True)
                | Q(open_until__isnull=False, opened_at__isnull=False),
                name="server_open_since_and_until",
            ),
            models.CheckConstraint(
                condition=Q(per_second__isnull=True) | Q(per_second__gt=0), name="server_rate_positive"
            ),
            models.CheckConstraint(
                condition=Q(at_once__isnull=True) | Q(at_once__gt=0), name="server_at_once_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"server of {self.connector_id}"
