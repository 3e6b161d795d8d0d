"""Notices: rows written in the transaction that causes them, delivered at least once by workers."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Concat, Now
from django.utils.translation import gettext_lazy as _

from portal.outbox.rules import Reason
from portal.outbox.wording import subject_words

EMAIL_LANE = "email"
CHAT_LANES = "chat:"


class OutboxEvent(models.Model):
    """Something that happened and that somebody is to hear of.

    `topic` is dotted (`incident.opened`), `payload` is what the webhook sends. It is told to the members of the team of
    `team_key` and to `people` (user id → reason), but not to the person who caused it. An event that `settles` what it is
    `about` has the earlier calls for a signature count as read.

    It goes to every endpoint that wants its topic unless `broadcast` is false, and to the `receivers` that it names (a list of
    channel and receiver). Without `mailed` its team and people hear of it in the portal alone. With `by_route` its team does not
    hear of it from here: whoever looks at `route_at` says who does. `due_at` is when a worker must look at it next, NULL when all
    is delivered or given up.
    """

    topic = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    team_key = models.CharField(max_length=60, db_default="")
    people = models.JSONField(default=dict, db_default=Value({}, output_field=models.JSONField()))
    caused_by = models.BigIntegerField(null=True)
    about = models.CharField(max_length=40, db_default="")
    receivers = models.JSONField(default=list, db_default=Value([], output_field=models.JSONField()))
    broadcast = models.BooleanField(db_default=True)
    mailed = models.BooleanField(db_default=True)
    by_route = models.BooleanField(db_default=False)
    route_at = models.DateTimeField(null=True)
    settles = models.BooleanField(db_default=False)
    payload = models.JSONField()
    dedup_key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True, db_default=Now())
    attempts = models.PositiveSmallIntegerField(db_default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at"], name="outbox_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["about", "id"], name="outbox_about", condition=~Q(about="")),
            models.Index(fields=["route_at"], name="outbox_route", condition=Q(route_at__isnull=False)),
            models.Index(fields=["topic", "id"], opclasses=["varchar_pattern_ops", "int8_ops"], name="outbox_topic"),
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.subject}"

    @property
    def subject_words(self) -> str:
        """The subject in the language of whoever reads it."""
        return subject_words(self.topic, self.subject)


class WebhookEndpoint(models.Model):
    """Where signed webhooks (Standard Webhooks) go. The secret is a reference, never stored here."""

    name = models.CharField(max_length=120, unique=True)
    url = models.URLField(max_length=500)
    secret_ref = models.CharField(max_length=200, help_text="env:NAME or file:NAME")
    topics = models.JSONField(default=list, help_text="Topics to send; empty means all.")
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class ChatRoom(models.Model):
    """A room that notices are told in. Its address holds a token, so it is a reference, never stored here."""

    name = models.CharField(max_length=60, unique=True)
    url_ref = models.CharField(max_length=200, help_text="env:NAME or file:NAME")
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Lane(models.Model):
    """The way to one receiver, taken by one worker at a time so that a receiver has one delivery in flight.

    `lease` counts the takings: what a worker writes counts only while its number is the newest. After a failure nothing
    is tried before `open_at`; `failures` in a row lengthen the pause.
    """

    name = models.CharField(primary_key=True, max_length=520)
    lease = models.BigIntegerField(db_default=0)
    leased_until = models.DateTimeField(db_default=Now())
    served_at = models.DateTimeField(db_default=Now())
    open_at = models.DateTimeField(db_default=Now())
    failures = models.PositiveIntegerField(db_default=0)

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One attempt-until-done at bringing one notice to one receiver: the delivery log.

    `due_at` is when to try (again), NULL when it is delivered or given up; `last_error` then says why. While an attempt
    runs, `due_at` is the end of its lease and `attempts` its number. All e-mails share a lane; each endpoint and
    each room has its own.
    """

    class Channel(models.TextChoices):
        """How the notice travels."""

        EMAIL = "email", _("e-mail")
        WEBHOOK = "webhook", _("webhook")
        CHAT = "chat", _("chat")

    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    receiver = models.CharField(max_length=500)
    lane = models.GeneratedField(
        expression=Case(
            When(channel=Channel.EMAIL.value, then=Value(EMAIL_LANE)),
            When(channel=Channel.CHAT.value, then=Concat(Value("chat:"), F("receiver"))),
            default=Concat(Value("webhook:"), F("receiver")),
        ),
        output_field=models.CharField(max_length=520),
        db_persist=True,
    )
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True, db_default=Now())
    attempts = models.PositiveSmallIntegerField(db_default=0)
    delivered_at = models.DateTimeField(null=True)
    last_error = models.TextField(db_default="")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["event", "channel", "receiver"], name="delivery_once")]
        indexes = [
            models.Index(fields=["lane", "due_at", "id"], name="delivery_lane_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["id"], name="delivery_given_up", condition=Q(due_at__isnull=True, delivered_at__isnull=True)
            ),
            models.Index(fields=["channel", "id"], name="delivery_channel"),
            models.Index(
                fields=["receiver", "id"], opclasses=["varchar_pattern_ops", "int8_ops"], name="delivery_receiver"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.receiver}"


class Notice(models.Model):
    """An event as one person hears of it in the portal, and whether it was read."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="notices")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "event"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_user"),
            models.Index(fields=["user"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} hears of {self.event_id}"


class Choice(models.Model):
    """What one person wants to hear for one reason, and how. Where there is no row, `rules.DEFAULTS` holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choices")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    in_portal = models.BooleanField()
    by_email = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "reason"], name="choice_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.reason}"
