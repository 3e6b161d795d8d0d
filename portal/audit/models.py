"""The audit log: one line for every write, appended in the transaction of the write and never changed."""

from django.db import models

from portal.roles import ActorType


class AuditLine(models.Model):
    """Who did what to which object, when, and what its digest was before and after.

    The database refuses UPDATE, DELETE and TRUNCATE (see the migrations). The actor's name is kept as text so that the
    line outlives the account. Columns carry database defaults, for the set-based statements of the sweeps.
    """

    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    actor_type = models.CharField(max_length=20, choices=ActorType.choices)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_key = models.CharField(max_length=120)
    change_id = models.BigIntegerField(null=True)
    before_digest = models.CharField(max_length=64, db_default="")
    after_digest = models.CharField(max_length=64, db_default="")
    detail = models.TextField(db_default="")
    correlation_id = models.CharField(max_length=64, db_default="")
    trace_id = models.CharField(max_length=32, db_default="")
    address = models.CharField(max_length=45, db_default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["object_kind", "object_key", "-id"], name="audit_object"),
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["actor_name", "-id"], name="audit_actor"),
            models.Index(fields=["actor_type", "-id"], name="audit_actor_type"),
            models.Index(fields=["action"], opclasses=["varchar_pattern_ops"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_kind} {self.object_key}"
