"""What agents may call, as they ask for it: one row an agent that says whether anything changed, and what was asked."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.models.connector import Connector


class AgentAllowlist(models.Model):
    """Grows with every change of what an agent may call; kept by triggers, so that no way of writing escapes it."""

    agent = models.CharField(max_length=60, unique=True)
    revision = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.agent} {self.revision}"


class CallDecision(models.Model):
    """One answer to an agent's question, until it is counted."""

    at = models.DateTimeField()
    connector_key = models.CharField(max_length=60)
    agent = models.CharField(max_length=60)
    operation = models.CharField(max_length=100)
    environment = models.CharField(max_length=10)
    allowed = models.BooleanField()
    reason = models.CharField(max_length=30, blank=True)

    def __str__(self) -> str:
        return f"{self.agent} {self.connector_key} {self.operation}"


class CallCount(models.Model):
    """Answers of one hour."""

    hour = models.DateTimeField()
    connector = models.ForeignKey(Connector, null=True, on_delete=models.PROTECT, related_name="call_counts")
    connector_key = models.CharField(max_length=60)
    agent = models.CharField(max_length=60)
    operation = models.CharField(max_length=100)
    environment = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True, help_text=_("Empty: it was allowed."))
    calls = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connector_key", "hour", "agent", "operation", "environment", "reason"], name="call_count_once"
            )
        ]
        indexes = [
            models.Index(fields=["connector", "-hour"], name="call_count_connector"),
            models.Index(fields=["agent", "-hour"], name="call_count_agent"),
            models.Index(fields=["hour"], name="call_count_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.connector_key} {self.operation} {self.calls}"
