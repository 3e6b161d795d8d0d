"""Connectors of both kinds, kept apart by the database."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.people.models import Team
from portal.registry.documents import Document
from portal.registry.models import Entry
from portal.search.words import SearchGrams, SearchText


class ConnectorKind(models.TextChoices):
    """The two kinds, never confused. Fixed at registration."""

    RUNTIME_TOOL = "runtime_tool", _("Runtime tool")
    DATA_MOVEMENT = "data_movement", _("Data movement")


class Connector(Entry):
    """One registered facade. Its document holds the nine facets and the profile of its own kind, and only that one."""

    kind = models.CharField(max_length=15, choices=ConnectorKind.choices)
    customer_impacting = models.BooleanField(default=False)
    contract_version = models.CharField(max_length=40)
    reversibility_class = models.CharField(max_length=2)
    sensitivity_class = models.CharField(max_length=2)
    approval_class = models.CharField(max_length=2)
    endpoint = models.CharField(max_length=500, blank=True)
    escalation_seconds = models.PositiveIntegerField(default=1800)

    class Meta(Entry.Meta):
        constraints = [
            *Entry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind=ConnectorKind.RUNTIME_TOOL, document__has_key="runtime_tool")
                | Q(kind=ConnectorKind.DATA_MOVEMENT, document__has_key="data_movement"),
                name="connector_has_profile_of_its_kind",
                violation_error_message=_("A connector needs the profile of its own kind."),
            ),
            models.CheckConstraint(
                condition=~Q(document__has_keys=["runtime_tool", "data_movement"]),
                name="connector_never_both_profiles",
                violation_error_message=_("A connector never has both profiles."),
            ),
            models.CheckConstraint(condition=Q(kind__in=ConnectorKind.values), name="connector_kind_known"),
        ]
        indexes = [
            *Entry.Meta.indexes,
            *(
                GinIndex(
                    SearchGrams(KT(f"document__data_movement__{end}__system")),
                    condition=Q(kind=ConnectorKind.DATA_MOVEMENT),
                    name=f"connector_{end}_grams",
                )
                for end in ("source", "destination")
            ),
            *(
                models.Index(
                    OpClass(SearchText(KT(f"document__data_movement__{end}__system")), name="text_pattern_ops"),
                    condition=Q(kind=ConnectorKind.DATA_MOVEMENT),
                    name=f"connector_{end}_words",
                )
                for end in ("source", "destination")
            ),
            models.Index(fields=["kind", "state", "key"], name="connector_kind_state"),
            models.Index(fields=["kind", "name"], name="connector_kind_name"),
            models.Index(fields=["kind", "id"], name="connector_kind_id"),
            models.Index(fields=["kind", "sensitivity_class"], name="connector_kind_sensitivity"),
            models.Index(fields=["kind", "customer_impacting"], name="connector_kind_impacting"),
        ]

    @property
    def human_id(self) -> str:
        """RT-007 or DM-014."""
        return f"{'RT' if self.kind == ConnectorKind.RUNTIME_TOOL else 'DM'}-{self.id:03d}"

    def get_absolute_url(self) -> str:
        """The page of the connector, under the address of its kind."""
        return reverse("entry", args=["tools" if self.kind == ConnectorKind.RUNTIME_TOOL else "syncs", self.key])

    def take_document(self, document: Document, owner: Team) -> None:
        """Set the columns that lists, filters and sweeps need."""
        super().take_document(document, owner)
        policy = document["facets"]["approval_policy_hook"]
        self.customer_impacting = document["customer_impacting"]
        self.contract_version = document["facets"]["version"]["number"]
        self.reversibility_class = policy["reversibility_class"]
        self.sensitivity_class = policy["sensitivity_class"]
        self.approval_class = policy["approval_class"]
        profile = document.get("runtime_tool") or {}
        self.endpoint = profile.get("endpoint", "")
        self.escalation_seconds = profile.get("task_sla", {}).get("escalation_seconds", 1800)

    @property
    def operations(self) -> list[Document]:
        """The operations of the contract."""
        found: list[Document] = self.document["facets"]["contract"]["operations"]
        return found
