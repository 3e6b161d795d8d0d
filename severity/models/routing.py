"""Who hears of incidents: routes, silences, and what was told of which incident by which route."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connectors.models import Connector
from portal.outbox.models import ChatRoom, WebhookEndpoint
from portal.people.models import Team
from severity.models.incident import Incident, Severity
from severity.routing.rules import Way


class Route(models.Model):
    """Whom incidents are told to: those of a team (NULL = of every team), from a severity on, in its hours.

    `members` of a team hear by e-mail and in the portal, an endpoint by signed webhook, a room by chat. `days` are ISO numbers
    (1 = Monday) and `begins`..`ends` minutes of the day in `zone`; no days means always. It repeats until somebody acknowledges,
    and after `escalate_minutes` without that tells `escalate_to` besides. It never goes away: it is switched off.
    """

    name = models.CharField(max_length=60, unique=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="routes")
    least = models.PositiveSmallIntegerField(choices=Severity.choices)
    sources = models.JSONField(default=list, help_text=_("Sources of incidents; empty means all."))
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, null=True, related_name="+")
    days = models.JSONField(default=list, help_text=_("ISO numbers of days, 1 is Monday; empty means always."))
    begins = models.PositiveSmallIntegerField(default=0)
    ends = models.PositiveSmallIntegerField(default=1440)
    zone = models.CharField(max_length=60)
    way = models.CharField(max_length=8, choices=Way.choices)
    members_of = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, null=True, related_name="+")
    room = models.ForeignKey(ChatRoom, on_delete=models.PROTECT, null=True, related_name="+")
    window_minutes = models.PositiveSmallIntegerField()
    repeat_minutes = models.PositiveSmallIntegerField(null=True)
    escalate_minutes = models.PositiveSmallIntegerField(null=True)
    escalate_to = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="escalated_from")
    only_escalated = models.BooleanField(default=False)
    tells_end = models.BooleanField(default=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(way=Way.MEMBERS, endpoint__isnull=True, room__isnull=True)
                | Q(way=Way.WEBHOOK, members_of__isnull=True, endpoint__isnull=False, room__isnull=True)
                | Q(way=Way.CHAT, members_of__isnull=True, endpoint__isnull=True, room__isnull=False),
                name="route_goes_one_way",
            ),
            models.CheckConstraint(
                condition=Q(escalate_minutes__isnull=True, escalate_to__isnull=True)
                | Q(escalate_minutes__gt=0, escalate_to__isnull=False),
                name="route_escalates_somewhere",
            ),
            models.CheckConstraint(condition=Q(begins__lt=models.F("ends"), ends__lte=1440), name="route_hours"),
            models.CheckConstraint(
                condition=Q(repeat_minutes__isnull=True) | Q(repeat_minutes__gt=0), name="route_repeats_later"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Silence(models.Model):
    """Until its end nobody is told of what it matches, except of V3; the incidents stay as they are.

    At least one of team, connector and rule; all that are given must match. What is unresolved at its end is told then.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    connector = models.ForeignKey(Connector, on_delete=models.PROTECT, null=True, related_name="+")
    rule = models.CharField(max_length=30, db_default="", default="")
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["-ends_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(team__isnull=False) | Q(connector__isnull=False) | ~Q(rule=""), name="silence_of_something"
            ),
            models.CheckConstraint(condition=Q(ends_at__gte=models.F("begun_at")), name="silence_ends"),
            models.CheckConstraint(condition=~Q(reason=""), name="silence_has_reason"),
        ]
        indexes = [models.Index(fields=["ends_at"], name="silence_ends_at")]

    def __str__(self) -> str:
        return self.reason


class Telling(models.Model):
    """One incident on one route (NULL = the portal's own): what is to be told next and when, and what was.

    `tell_at` and `escalate_at` are judged by the database's clock alone. `held` says why it waits: `hours`, `silence`, `window`
    or `flapping`, `about` whose window it waits for. `mailed` is false where the team's own routes say who hears by e-mail.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tellings")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, null=True, related_name="tellings")
    what = models.CharField(max_length=12)
    begun_at = models.DateTimeField()
    tell_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    times = models.PositiveIntegerField(db_default=0, default=0)
    held = models.CharField(max_length=10, db_default="", default="")
    about = models.CharField(max_length=120, db_default="", default="")
    silence = models.ForeignKey(Silence, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    flapping_at = models.DateTimeField(null=True)
    mailed = models.BooleanField(default=True, db_default=True)
    caused_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "route"], name="telling_once", nulls_distinct=False),
        ]
        indexes = [
            models.Index(fields=["tell_at"], name="telling_due", condition=Q(tell_at__isnull=False)),
            models.Index(fields=["about"], name="telling_window", condition=Q(held="window")),
            models.Index(fields=["escalate_at"], name="telling_escalate", condition=Q(escalate_at__isnull=False)),
            models.Index(fields=["silence"], name="telling_silenced", condition=Q(silence__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"INC-{self.incident_id} on {self.route_id or 'the portal’s own'}"


class TellingWindow(models.Model):
    """Until `closes_at` nothing more is told of this group on this route; then all that waits is told at once.

    `turn` is of the statement that opened it: who else comes at the same time sees that it is not theirs.
    """

    route = models.ForeignKey(Route, on_delete=models.CASCADE, null=True, related_name="+")
    about = models.CharField(max_length=120)
    turn = models.UUIDField()
    closes_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "about"], name="window_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return self.about
