"""Tracked tasks: operations that outlive one HTTP exchange, their clocks, and what was seen of them.

Clocks are columns. `*_at` says when something is due or happened and stays; `*_clock` is the armed form of it: the instant at
which somebody must judge, NULL when it is not running or has been judged. `due_at` is the earliest armed clock, kept by the
database itself.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Least
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from connectors.models.connector import Connector
from portal.people.models import Team


class TaskState(models.TextChoices):
    """What the portal knows of a task (pages: P10)."""

    STARTING = "starting", _("Starting")
    START_UNKNOWN = "start_unknown", _("Start unknown")
    WORKING = "working", _("Running")
    INPUT_REQUIRED = "input_required", _("Waiting for owner")
    CANCEL_REQUESTED = "cancel_requested", _("Cancel requested")
    COMPLETED = "completed", _("Done")
    FAILED_TOOL = "failed_tool", _("Failed (tool)")
    FAILED = "failed", _("Failed (protocol)")
    CANCELLED = "cancelled", _("Cancelled")
    CANCELLED_REMOTELY = "cancelled_remotely", _("Cancelled remotely")
    LOST = "lost", _("Lost")
    EXPIRED = "expired", _("Expired")
    NOT_STARTED = "not_started", _("Not started")
    CLOSED = "closed", _("Closed as unknown")


ENDED = (
    TaskState.COMPLETED,
    TaskState.FAILED_TOOL,
    TaskState.FAILED,
    TaskState.CANCELLED,
    TaskState.CANCELLED_REMOTELY,
    TaskState.LOST,
    TaskState.EXPIRED,
    TaskState.NOT_STARTED,
    TaskState.CLOSED,
)
# Ends that are a slip of their own (domain: Tracked tasks).
FAILURES = (
    TaskState.FAILED_TOOL,
    TaskState.FAILED,
    TaskState.CANCELLED_REMOTELY,
    TaskState.LOST,
    TaskState.EXPIRED,
    TaskState.NOT_STARTED,
)
CLOCKS = ("start", "deadline", "stall", "input", "blind", "cancel")


class Trouble(models.TextChoices):
    """What hinders looking at a task, or starting it."""

    UNAUTHORIZED = "unauthorized", _("The credential is not accepted")
    RATE_LIMITED = "rate_limited", _("The server asks to slow down")
    UNAVAILABLE = "unavailable", _("The server does not answer")
    DRIFT = "drift", _("The server does not keep to the protocol")
    NOT_FOUND = "not_found", _("The server does not know the task")
    REFUSED = "refused", _("The portal may not reach this address")
    CREDENTIAL = "credential", _("The credential is missing here")
    SET_ASIDE = "set_aside", _("The answer could not be recorded")


# What no further look will mend by itself.
FOR_PEOPLE = (Trouble.UNAUTHORIZED, Trouble.CREDENTIAL, Trouble.DRIFT)


class InUtc(Func):
    """An instant as the time of day in UTC: with that, unlike with an instant, an index can count on."""

    template = "(%(expressions)s AT TIME ZONE 'UTC')"
    output_field: ClassVar[Any] = models.DateTimeField()


class After(Func):
    """A time of day and so many seconds: `After(time, seconds)`."""

    template = "(%(expressions)s * interval '1 second')"
    arg_joiner = " + "
    output_field: ClassVar[Any] = models.DateTimeField()


def still_until() -> Func:
    """Until when, in UTC, a task that shows no change has not stalled: its last change and its stall window."""
    return After(InUtc(F("last_change_at")), F("stall_seconds"))


class TrackedTask(models.Model):
    """One long operation of one connector. Written by `connectors.tracking` and the sweeps of `severity`."""

    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, related_name="tasks", db_index=False)
    operation = models.CharField(max_length=100)
    remote_task_id = models.CharField(max_length=512, blank=True)
    remote_session = models.CharField(
        max_length=512, blank=True, db_default="", help_text=_("Of the legacy protocol: it is seen in no other.")
    )
    idempotency_key = models.CharField(max_length=200)
    owner = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+", db_index=False)
    arguments = models.JSONField(null=True, help_text=_("Kept until the start is over, then dropped."))
    arguments_digest = models.CharField(max_length=64)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    started_by_name = models.CharField(max_length=150)
    correlation_id = models.CharField(max_length=64, blank=True)

    state = models.CharField(max_length=20, choices=TaskState.choices, default=TaskState.STARTING)
    adopted = models.BooleanField(default=False)
    remote_status = models.CharField(max_length=60, blank=True)
    status_message = models.CharField(max_length=500, blank=True)
    trouble = models.CharField(max_length=300, blank=True, help_text=_("What hinders looking at it now."))
    trouble_kind = models.CharField(max_length=20, choices=Trouble.choices, blank=True, db_default="")
    result = models.JSONField(null=True)
    input_requests = models.JSONField(null=True)

    # The clocks of its SLA, in seconds: those of `sla_told` as the request set them, the others as the connector says now.
    start_seconds = models.PositiveIntegerField()
    deadline_seconds = models.PositiveIntegerField()
    stall_seconds = models.PositiveIntegerField()
    input_seconds = models.PositiveIntegerField()
    blind_seconds = models.PositiveIntegerField()
    cancel_seconds = models.PositiveIntegerField(default=60)
    sla_told = models.JSONField(default=list, db_default=Value([], output_field=models.JSONField()))
    extended_seconds = models.PositiveIntegerField(default=0, db_default=0)
    extension_reason = models.CharField(max_length=500, blank=True, db_default="")
    # Until then no time counts; every armed clock has been moved on by what was left of the pause when it began.
    paused_until = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=500, blank=True, db_default="")
    paused_by = models.CharField(max_length=150, blank=True, db_default="")

    accepted_at = models.DateTimeField()
    start_attempted_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True)
    last_change_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_acknowledged_at = models.DateTimeField(null=True, help_text=_("The server took note; no more than that."))
    ended_at = models.DateTimeField(null=True)
    remote_expires_at = models.DateTimeField(null=True)

    start_clock = models.DateTimeField(null=True)
    deadline_clock = models.DateTimeField(null=True)
    stall_clock = models.DateTimeField(null=True)
    input_clock = models.DateTimeField(null=True)
    blind_clock = models.DateTimeField(null=True)
    cancel_clock = models.DateTimeField(null=True)
    # When the stall window ends; its clock is pushed on from there while no look succeeds.
    stall_at = models.DateTimeField(null=True)
    due_at = models.GeneratedField(
        expression=Least(*(F(f"{clock}_clock") for clock in CLOCKS)),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    # Set by an observer when something changed that an open incident or an end must be judged by.
    judge_at = models.DateTimeField(null=True)

    next_poll_at = models.DateTimeField(null=True)
    poll_lease = models.BigIntegerField(
        default=0, help_text=_("Grows with each claim; an answer of an older one is dropped.")
    )
    # While a look or a start is out; forgotten when its answer is recorded.
    busy_until = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True, help_text=_("When it was last taken to be looked at."))
    # Of what reports by itself: the moment that its newest report tells, and the digest of the secret of its heartbeat.
    reported_at = models.DateTimeField(null=True)
    beat_digest = models.CharField(max_length=64, blank=True, db_default="")
    poll_interval_ms = models.PositiveIntegerField(null=True)
    polls = models.PositiveIntegerField(default=0)
    misses = models.PositiveIntegerField(default=0, help_text=_("Looks in a row that failed."))

    # The secret of its heartbeat address, where this very object made the task; never stored.
    beat = ""

    class Meta:
        ordering = ["-id"]
        constraints = [
            # What people paste comes first in both, so that they find tasks by it too.
            models.UniqueConstraint(
                fields=["idempotency_key", "connector", "owner"],
                opclasses=["varchar_pattern_ops", "int8_ops", "int8_ops"],
                name="task_once_per_idempotency_key",
            ),
            models.UniqueConstraint(
                fields=["remote_task_id", "connector"],
                opclasses=["varchar_pattern_ops", "int8_ops"],
                condition=~Q(remote_task_id=""),
                name="task_remote_id_once",
            ),
            models.UniqueConstraint(fields=["beat_digest"], condition=~Q(beat_digest=""), name="task_beat_once"),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False) | (~Q(state__in=ENDED) & Q(ended_at__isnull=True)),
                name="task_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=ENDED)
                | Q(next_poll_at__isnull=True, **{f"{clock}_clock__isnull": True for clock in CLOCKS}),
                name="task_ended_has_no_clock",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="task_due"),
            models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="task_judge"),
            models.Index(
                fields=["connector", "next_poll_at"],
                condition=Q(next_poll_at__isnull=False),
                name="task_poll",
            ),
            models.Index(fields=["connector"], condition=Q(busy_until__isnull=False), name="task_busy"),
            models.Index(fields=["deadline_at", "id"], condition=Q(ended_at__isnull=True), name="task_open_deadline"),
            # Few are, and the watch counts them.
            models.Index(
                fields=["paused_until"],
                condition=Q(paused_until__isnull=False, ended_at__isnull=True),
                name="task_paused",
            ),
            models.Index(fields=["-ended_at", "-id"], condition=Q(ended_at__isnull=False), name="task_ended_newest"),
            # Those that go no further without a person; with the index of states.
            models.Index(
                still_until(), condition=Q(state=TaskState.WORKING, ended_at__isnull=True), name="task_still_until"
            ),
            models.Index(
                fields=["trouble_kind"],
                condition=Q(trouble_kind__in=FOR_PEOPLE, ended_at__isnull=True),
                name="task_for_people",
            ),
            # What lists are filtered and sorted by. Every look at a task writes to each of these: name no more of them.
            models.Index(fields=["connector", "-id"], name="task_connector"),
            models.Index(fields=["owner", "-id"], name="task_owner"),
            models.Index(fields=["state", "id"], name="task_state"),
            models.Index(fields=["deadline_at", "id"], name="task_deadline"),
            models.Index(
                fields=["operation", "id"], opclasses=["varchar_pattern_ops", "int8_ops"], name="task_operation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.human_id} {self.operation}"

    @property
    def human_id(self) -> str:
        """T-12."""
        return f"T-{self.pk}"

    @property
    def open(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    @property
    def late(self) -> bool:
        """Whether it ended after its deadline."""
        return self.ended_at is not None and self.ended_at > self.deadline_at

    def get_absolute_url(self) -> str:
        """The page of the task."""
        return reverse("task", args=[self.pk])


class HookMessage(models.Model):
    """A webhook message that was taken, so that it is not taken again; kept longer than its timestamp is believed."""

    connector = models.ForeignKey(Connector, on_delete=models.CASCADE, related_name="+")
    message_id = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "message_id"], name="hook_message_once")]
        indexes = [models.Index(fields=["at"], name="hook_message_at")]

    def __str__(self) -> str:
        return self.message_id


class Observation(models.Model):
    """One thing that was seen of a task and differed from what was seen before. Times are the portal's own."""

    task = models.ForeignKey(TrackedTask, on_delete=models.CASCADE, related_name="observations")
    at = models.DateTimeField()
    what = models.CharField(max_length=30)
    state = models.CharField(max_length=20, choices=TaskState.choices)
    remote_status = models.CharField(max_length=60, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["task", "at"], name="observation_task")]

    def __str__(self) -> str:
        return f"{self.what} at {self.at:%H:%M:%S}"
