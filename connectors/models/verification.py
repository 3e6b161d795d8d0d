"""What was seen of the servers of runtime tools, and what of it is not as approved.

The approved fingerprints stand in the document (`runtime_tool.tool_pins`); here stands what the server shows. A tool that
differs is quarantined by the same row, so that the allowlist refuses it at once.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connectors.models.connector import Connector


class ProbeOutcome(models.TextChoices):
    """How a probe ended."""

    SEEN = "seen", _("Seen")
    UNAVAILABLE = "unavailable", _("Does not answer")
    UNAUTHORIZED = "unauthorized", _("Credential not accepted")
    CREDENTIAL = "credential", _("Credential missing")
    RATE_LIMITED = "rate_limited", _("Asks to slow down")
    REFUSED = "refused", _("Address refused")
    PROTOCOL = "protocol", _("Does not keep to the protocol")


class ToolState(models.TextChoices):
    """How a tool stands to what was approved."""

    UNSEEN = "unseen", _("Not seen yet")
    PINNED = "pinned", _("Pinned")
    CHANGED = "changed", _("Changed")
    NEW = "new", _("New")
    GONE = "gone", _("Gone")
    RENAMED = "renamed", _("Renamed?")
    UNPINNED = "unpinned", _("Not pinned")


class Verification(models.Model):
    """The looks at the server of one runtime tool. One row a connector."""

    connector = models.OneToOneField(Connector, on_delete=models.PROTECT, related_name="verification")
    probe_at = models.DateTimeField(null=True, help_text=_("When it is to be looked at next; NULL: not by itself."))
    lease = models.BigIntegerField(
        default=0, help_text=_("Grows with each claim; an answer of an older one is dropped.")
    )
    probed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text=_("The last look that showed the tools."))
    outcome = models.CharField(max_length=20, choices=ProbeOutcome.choices, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text=_("Looks in a row that failed."))
    server_name = models.CharField(max_length=200, blank=True)
    server_version = models.CharField(max_length=100, blank=True)
    protocol_versions = models.JSONField(default=list)
    has_tasks = models.BooleanField(default=False)
    tools = models.PositiveIntegerField(default=0)
    # The whole connector, by a person.
    quarantined_at = models.DateTimeField(null=True)
    quarantine_reason = models.CharField(max_length=500, blank=True)
    quarantined_by = models.CharField(max_length=150, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["probe_at"], condition=Q(probe_at__isnull=False), name="verification_due"),
        ]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.outcome}"


class ToolDefinition(models.Model):
    """A definition of a tool as some look showed it, kept once for each digest; never changed."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="tool_definitions")
    name = models.CharField(max_length=256)
    digest = models.CharField(max_length=64, help_text=_("sha256 over the four fingerprints."))
    definition = models.JSONField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "name", "digest"], name="tool_definition_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.digest[:12]}"


# What of a tool can differ, in words.
_DIFFERENCES = {
    "input": _("input"),
    "output": _("output"),
    "prose": _("prose"),
    "annotations": _("annotations"),
    "added": _("added"),
    "removed": _("removed"),
    "renamed": _("renamed"),
}


class KnownTool(models.Model):
    """One tool of a connector: approved, or shown by its server, or both."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="known_tools")
    name = models.CharField(max_length=256)
    state = models.CharField(max_length=10, choices=ToolState.choices, default=ToolState.UNSEEN)
    # The fingerprints of what was seen last, empty where nothing was.
    input_digest = models.CharField(max_length=64, blank=True)
    output_digest = models.CharField(max_length=64, blank=True)
    prose_digest = models.CharField(max_length=64, blank=True)
    annotations_digest = models.CharField(max_length=64, blank=True)
    seen = models.ForeignKey(ToolDefinition, null=True, on_delete=models.PROTECT, related_name="+")
    approved = models.ForeignKey(ToolDefinition, null=True, on_delete=models.PROTECT, related_name="+")
    # What differs: input, output, prose, annotations, added, removed, renamed.
    differs = models.JSONField(default=list)
    renamed_to = models.CharField(max_length=256, blank=True)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    drift_since = models.DateTimeField(null=True)
    drift_at = models.DateTimeField(null=True, help_text=_("When what differs changed last; each is an occurrence."))
    quarantined = models.BooleanField(default=False, help_text=_("Calls to it are refused."))
    # Set where an incident must be judged by what changed.
    judge_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "name"], name="known_tool_once")]
        indexes = [
            models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="known_tool_judge"),
            models.Index(fields=["connector"], condition=Q(quarantined=True), name="known_tool_quarantined"),
            models.Index(fields=["-drift_since"], condition=Q(drift_since__isnull=False), name="known_tool_drift"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def differs_words(self) -> list[str]:
        """What of it differs, in the words of the page's language."""
        return [str(_DIFFERENCES.get(name, name)) for name in self.differs]
