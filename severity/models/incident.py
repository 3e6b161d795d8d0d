"""Incidents and their timelines."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from connectors.models import Connector, TrackedTask
from portal.people.models import Team, User
from portal.search.words import word_indexes
from severity.rules import Level, fingerprint
from severity.wording import title_words


class Severity(models.IntegerChoices):
    """V0 is the least, V3 the worst."""

    V0 = Level.V0.value, _("V0 informational")
    V1 = Level.V1.value, _("V1 operational")
    V2 = Level.V2.value, _("V2 customer-impacting")
    V3 = Level.V3.value, _("V3 regulatory, release-blocking")


class IncidentState(models.TextChoices):
    """open → acknowledged → mitigated → resolved."""

    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    MITIGATED = "mitigated", _("Mitigated")
    RESOLVED = "resolved", _("Resolved")


class Source(models.TextChoices):
    """What opened it."""

    TASK = "task", _("Tracked task")
    APPROVAL = "approval", _("Approval")
    FRESHNESS = "freshness", _("Data freshness")
    DRIFT = "drift", _("Drift")
    CHECKPOINT = "checkpoint", _("Quality checkpoint")
    METRIC = "metric", _("Metric")
    CONTRADICTION = "contradiction", _("Contradicted claim")
    WATCH = "watch", _("The portal's own watch")
    MANUAL = "manual", _("A person")
    API = "api", _("Another system")


ACTIVE = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED)


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Reads of incidents."""

    def visible(self) -> "IncidentQuerySet":
        """With what every list shows; of its connector all but the document, which is long and shown nowhere here."""
        return self.select_related("owner", "commander", "connector").defer("connector__document")

    def unresolved(self) -> "IncidentQuerySet":
        """Open, acknowledged or mitigated."""
        return self.exclude(state=IncidentState.RESOLVED)

    def unacknowledged(self, least: Level = Level.V2) -> "IncidentQuerySet":
        """Open without acknowledgement, at least this bad, worst and oldest first."""
        return self.filter(state=IncidentState.OPEN, severity__gte=least).order_by("-severity", "opened_at", "id")

    def by_urgency(self) -> "IncidentQuerySet":
        """Worst first, then the oldest."""
        return self.order_by("-severity", "opened_at", "id")

    def of_connector(self, connector_id: int) -> "IncidentQuerySet":
        """The incidents of one connector, newest first."""
        return self.filter(connector_id=connector_id).order_by("-id")

    def of_task(self, task_id: int) -> "IncidentQuerySet":
        """The incidents of one tracked task, newest first."""
        return self.filter(task_id=task_id).order_by("-id")

    def counts(self) -> dict[int, int]:
        """How many are unresolved, by severity 0 to 3, in one query."""
        rows = self.unresolved().order_by().values_list("severity").annotate(count=Count("id"))
        found: dict[int, int] = dict(rows)
        return {level.value: found.get(level.value, 0) for level in Level}


class IncidentVersion(models.Model):
    """What a history row carries beside the incident's own columns."""

    actor_name = models.CharField(max_length=150)

    class Meta:
        abstract = True


class Incident(models.Model):
    """Something that went wrong. At most one is unresolved per `dedup_key`; the database holds that.

    Written by the statements of `severity.statements` and by `severity.services`; each write leaves a history row, a line of
    the timeline, an audit line and mostly a notice, in the same transaction.
    """

    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    source = models.CharField(max_length=16, choices=Source.choices)
    rule = models.CharField(max_length=30)
    subject_kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=120)
    subject_id = models.BigIntegerField(null=True)
    task = models.ForeignKey(TrackedTask, on_delete=models.PROTECT, null=True, related_name="incidents", db_index=False)
    connector = models.ForeignKey(
        Connector, on_delete=models.PROTECT, null=True, related_name="incidents", db_index=False
    )
    title = models.CharField(max_length=300)
    dedup_key = models.CharField(max_length=120)
    epoch = models.DateTimeField(help_text=_("The instant that was breached."))
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    commander = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    state = models.CharField(max_length=12, choices=IncidentState.choices, default=IncidentState.OPEN)
    opened_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    mitigated_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(
        null=True, help_text=_("When a lasting V1 becomes V2; NULL = not, or not again.")
    )
    repeats = models.PositiveIntegerField(db_default=0, default=0)
    impact = models.TextField(db_default="", default="", help_text=_("Whom it hurts, in one sentence."))
    last_update_at = models.DateTimeField()
    dimension = models.CharField(
        max_length=24, db_default="", default="", help_text=_("The readiness row that it counts in; empty = none.")
    )
    circumstance = models.CharField(
        max_length=12, db_default="plain", default="plain", help_text=_("Which column of the severity table judged it.")
    )
    opened_severity = models.PositiveSmallIntegerField(
        choices=Severity.choices, null=True, help_text=_("As it was opened; NULL = before there was a table.")
    )
    table_version = models.PositiveIntegerField(
        db_default=0, default=0, help_text=_("The version of the severity table that judged it; 0 = the domain's own.")
    )
    evidence = models.JSONField(
        db_default=models.Value([], output_field=models.JSONField()),
        default=list,
        help_text=_("What shows it: a list of kind, reference and note."),
    )
    measure = models.TextField(
        db_default="", default="", help_text=_("What compensates for it; makes a V1 harmless for a release.")
    )
    by_hand = models.BooleanField(
        db_default=False,
        default=False,
        help_text=_("Recovery of its cause does not end it: others were merged into it."),
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged", db_index=False)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    ack_by = models.DateTimeField(null=True, help_text=_("By when somebody must have taken it on."))
    update_by = models.DateTimeField(null=True, help_text=_("By when the next update is due."))
    resolve_by = models.DateTimeField(null=True, help_text=_("By when it must be mitigated or resolved."))
    review_by = models.DateTimeField(null=True, help_text=_("By when its review is due."))
    duty_clock = models.DateTimeField(
        null=True, help_text=_("When the next duty passes; NULL = none, or told already.")
    )

    objects = IncidentQuerySet.as_manager()
    history: Any = HistoricalRecords(
        bases=[IncidentVersion],
        history_id_field=models.BigAutoField(),
        no_db_index=["task", "connector", "owner", "commander", "merged_into", "resolved_by"],
        get_user=lambda instance, **kwargs: getattr(instance, "changed_by", None),
    )
    # Set by the services before a save, read when the history row is made.
    changed_by: User | None = None
    changed_by_name: str = ""

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dedup_key"], condition=~Q(state=IncidentState.RESOLVED), name="incident_one_unresolved"
            ),
            models.UniqueConstraint(fields=["dedup_key", "epoch"], name="incident_once_per_epoch"),
            models.CheckConstraint(condition=Q(severity__lte=Severity.V3), name="incident_severity_known"),
            models.CheckConstraint(
                condition=Q(state=IncidentState.OPEN, acknowledged_at__isnull=True, mitigated_at__isnull=True)
                | Q(state=IncidentState.ACKNOWLEDGED, acknowledged_at__isnull=False, mitigated_at__isnull=True)
                | Q(state=IncidentState.MITIGATED, mitigated_at__isnull=False)
                | Q(state=IncidentState.RESOLVED),
                name="incident_state_has_times",
            ),
            models.CheckConstraint(
                condition=Q(state=IncidentState.RESOLVED, resolved_at__isnull=False)
                | (~Q(state=IncidentState.RESOLVED) & Q(resolved_at__isnull=True)),
                name="incident_resolved_has_time",
            ),
            models.CheckConstraint(
                condition=Q(escalate_at__isnull=True) | Q(severity=Severity.V1, state__in=ACTIVE),
                name="incident_escalates_from_active_v1",
            ),
            models.CheckConstraint(
                condition=Q(severity__lt=Severity.V3) | ~Q(evidence=[]), name="incident_v3_has_evidence"
            ),
            models.CheckConstraint(
                condition=~Q(state=IncidentState.RESOLVED, severity=Severity.V3) | Q(resolved_by__isnull=False),
                name="incident_v3_closed_by_a_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-severity", "opened_at", "id"],
                condition=~Q(state=IncidentState.RESOLVED),
                name="incident_unresolved",
            ),
            models.Index(
                fields=["-resolved_at", "-id"],
                condition=Q(state=IncidentState.RESOLVED),
                name="incident_resolved_newest",
            ),
            models.Index(fields=["task"], condition=Q(task__isnull=False), name="incident_task"),
            models.Index(fields=["connector", "-id"], condition=Q(connector__isnull=False), name="incident_connector"),
            # What is open of each connector of a list.
            models.Index(
                fields=["connector", "-severity"],
                condition=Q(connector__isnull=False, resolved_at__isnull=True),
                name="incident_connector_open",
            ),
            models.Index(fields=["escalate_at"], condition=Q(escalate_at__isnull=False), name="incident_escalate"),
            models.Index(fields=["duty_clock"], condition=Q(duty_clock__isnull=False), name="incident_duty"),
            models.Index(
                fields=["dimension", "-severity", "opened_at", "id"],
                condition=~Q(state=IncidentState.RESOLVED),
                name="incident_dimension",
            ),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="incident_merged"),
            # Rates over time read a window of what was opened.
            models.Index(fields=["opened_at", "id"], name="incident_opened"),
            # What lists are filtered and sorted by, those of resolved ones too.
            models.Index(fields=["severity", "id"], name="incident_severity"),
            models.Index(fields=["rule", "id"], name="incident_rule"),
            models.Index(fields=["source", "id"], name="incident_source"),
            models.Index(fields=["owner", "id"], name="incident_owner"),
            models.Index(fields=["dimension", "id"], name="incident_row"),
            *word_indexes("title", first="title", name="incident"),
        ]

    def __str__(self) -> str:
        return f"{self.human_id} {self.title}"

    @property
    def title_words(self) -> str:
        """The title in the language of whoever reads it."""
        return title_words(self.title)

    @property
    def human_id(self) -> str:
        """INC-12."""
        return f"INC-{self.pk}"

    @property
    def level(self) -> Level:
        """The severity as V0 to V3."""
        return Level(self.severity)

    @property
    def resolved(self) -> bool:
        """Whether it is over."""
        return self.state == IncidentState.RESOLVED

    @property
    def fingerprint(self) -> str:
        """Its digest for the audit log."""
        return fingerprint(
            incident_id=self.pk,
            severity=self.severity,
            state=self.state,
            repeats=self.repeats,
            commander_id=self.commander_id,
            impact=self.impact,
            measure=self.measure,
            merged_into_id=self.merged_into_id,
        )

    def get_absolute_url(self) -> str:
        """The page of the incident. Spelled out, for the notices that SQL writes spell it so too."""
        return f"/incidents/{self.human_id}/"


class TimelineEvent(models.Model):
    """One line of an incident's timeline. The database refuses to change or remove it."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="timeline", db_index=False)
    at = models.DateTimeField()
    what = models.CharField(max_length=20)
    actor_name = models.CharField(max_length=150)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    text = models.TextField(db_default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["incident", "id"], name="timeline_incident")]

    def __str__(self) -> str:
        return f"{self.what} at {self.at:%H:%M:%S}"


def next_deadlines(limit: int = 6) -> models.QuerySet[TrackedTask]:
    """The open tasks whose deadline comes next, those already passed first."""
    return (
        TrackedTask.objects.filter(ended_at__isnull=True)
        .select_related("connector", "owner")
        .defer("connector__document", "arguments", "result", "input_requests")
        .order_by(F("deadline_at").asc())[:limit]
    )


def _carry_actor(sender: type[models.Model], **kwargs: Any) -> None:
    """Give the history row its actor; simple-history offers this signal as the only way in."""
    instance, record = kwargs["instance"], kwargs["history_instance"]
    if isinstance(instance, Incident):
        record.actor_name = instance.changed_by_name


pre_create_historical_record.connect(_carry_actor, dispatch_uid="severity.carry_actor")
