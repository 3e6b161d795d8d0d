"""What runs told about lineage: who may tell it, the events, the runs, and the graph that outlives them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connectors.models import Connector

MOST_NAME = 500
# Of namespace and name together, in UTF-8: an index entry holds no more than 2,704.
MOST_BYTES = 2000


class NodeKind(models.TextChoices):
    """What a node of the graph stands for, in the order in which data flows."""

    CONNECTOR = "connector", _("Data movement")
    DATASET = "dataset", _("Dataset")
    EVENT = "event", _("Event family")
    METRIC = "metric", _("Metric")
    DASHBOARD = "dashboard", _("Dashboard")


class JobNamespace(models.Model):
    """A job namespace: the data movement that its runs are of, and the account whose tokens may report them."""

    namespace = models.CharField(max_length=200, unique=True)
    connector = models.ForeignKey(Connector, models.PROTECT, related_name="job_namespaces")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.namespace


class LineageRun(models.Model):
    """One run, gathered from its events in whatever order they came. Run ids are the client's: they count in their namespace."""

    namespace = models.ForeignKey(JobNamespace, models.PROTECT, related_name="runs", db_index=False)
    run_id = models.UUIDField()
    job = models.CharField(max_length=MOST_NAME)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True, help_text=_("When it failed or was aborted."))
    last_at = models.DateTimeField()
    # Nodes as kind, namespace and name, parted by line ends; sorted, each once.
    inputs = ArrayField(models.TextField())
    outputs = ArrayField(models.TextField())

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["namespace", "run_id"], name="lineage_run_once"),
        ]
        indexes = [models.Index(fields=["last_at"], name="lineage_run_age")]

    def __str__(self) -> str:
        return f"{self.job} {self.run_id}"


class LineageEvent(models.Model):
    """One event as it was sent, by the digest of its namespace and content: sent again, it is the same. Kept for a time."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    namespace = models.ForeignKey(JobNamespace, models.PROTECT, related_name="+", db_index=False)
    received_at = models.DateTimeField()
    body = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="lineage_event_age")]

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:12]


class LineageNode(models.Model):
    """Something that data comes from or goes to. `namespace` is empty but for datasets."""

    kind = models.CharField(max_length=10, choices=NodeKind.choices)
    namespace = models.CharField(max_length=MOST_NAME)
    name = models.CharField(max_length=MOST_NAME)
    # Of datasets, as the newest event that told them: names of columns.
    columns = ArrayField(models.TextField(), default=list)
    columns_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "namespace", "name"], name="lineage_node_once"),
            models.CheckConstraint(condition=Q(kind__in=NodeKind.values), name="lineage_node_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace} {self.name}".replace("  ", " ")


class LineageEdge(models.Model):
    """Data flows from one node to another: declared in a document, seen in a completed run, or both."""

    source = models.ForeignKey(LineageNode, models.CASCADE, related_name="out_edges", db_index=False)
    target = models.ForeignKey(LineageNode, models.CASCADE, related_name="in_edges", db_index=False)
    declared = models.BooleanField(default=False)
    seen_at = models.DateTimeField(null=True, help_text=_("When the last completed run that showed it ended."))
    seen_by = models.CharField(max_length=120, blank=True, help_text=_("That run: namespace row and run id."))

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "target"], name="lineage_edge_once"),
            models.CheckConstraint(condition=~Q(source=models.F("target")), name="lineage_edge_between_two"),
        ]
        # Both ways, each in the order in which the edges of a node are read.
        indexes = [models.Index(fields=["target", "source"], name="lineage_edge_back")]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"
