"""What the portal knows of its own running."""

from django.db import models


class Heartbeat(models.Model):
    """When a piece of background work last ran to its end, by the database's clock."""

    name = models.CharField(primary_key=True, max_length=60)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"


class IdempotencyRecord(models.Model):
    """The answer given to a POST under an `Idempotency-Key`, so that a repeat gets the same one."""

    user_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user_id", "key"], name="idempotency_once")]

    def __str__(self) -> str:
        return self.key
