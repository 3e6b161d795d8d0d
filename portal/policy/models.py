"""The approval policy as an entry: one, active, versioned, changed by change requests alone."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from portal.policy.documents import KEY
from portal.registry.models import Entry, EntryState


class ApprovalPolicy(Entry):
    """The one policy. Where no version stands yet, the domain's own table does (`reads.in_force`)."""

    class Meta(Entry.Meta):
        ordering = ["key"]
        constraints = [
            *Entry.Meta.constraints,
            models.CheckConstraint(condition=Q(key=KEY), name="policy_is_one"),
            models.CheckConstraint(condition=Q(state=EntryState.ACTIVE), name="policy_always_active"),
        ]

    @property
    def human_id(self) -> str:
        """AP-001."""
        return f"AP-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the policy."""
        return reverse("entry", args=["policies", self.key])
