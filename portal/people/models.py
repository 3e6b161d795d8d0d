"""People, teams and API tokens."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from portal.roles import ActorType, Role

KEY_PATTERN = r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$"
key_validator = RegexValidator(
    KEY_PATTERN,
    _("Use lower-case letters, digits and single hyphens, beginning with a letter: billing-sync."),
)


class User(AbstractUser):
    """A person or an account of a machine. Roles say what it is trusted with; `is_superuser` opens no door."""

    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list, blank=True)
    actor_type = models.CharField(max_length=20, choices=ActorType.choices, default=ActorType.HUMAN)
    language = models.CharField(
        max_length=5,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Of pages and e-mails; empty = as the portal's."),
    )
    accountable = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        help_text=_("The human who answers for this account; required unless the account is a human."),
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(roles__contained_by=list(Role.values)),
                name="user_roles_known",
                violation_error_message=_("Unknown role."),
            ),
            models.CheckConstraint(
                condition=Q(actor_type=ActorType.HUMAN) | Q(accountable__isnull=False),
                name="user_machine_has_accountable_human",
                violation_error_message=_("An account that is not a human needs an accountable human."),
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def role_labels(self) -> list[str]:
        """The roles in words."""
        return [str(Role(role).label) for role in self.roles]

    @property
    def is_human(self) -> bool:
        """Whether a human signs in with it; any other account has tokens alone."""
        return self.actor_type == ActorType.HUMAN

    def get_absolute_url(self) -> str:
        """The page on which administrators manage it."""
        return reverse("person", args=[self.username])


class Team(models.Model):
    """A team owns entries and hears of their incidents."""

    key = models.CharField(max_length=60, unique=True, validators=[key_validator])
    name = models.CharField(max_length=120)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    hours = models.JSONField(
        null=True, blank=True, help_text=_("Its working hours (`portal.people.hours`); NULL = none are told.")
    )
    judge_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When to look whether it has somebody for what it owns; NULL = nothing new.")
    )

    class Meta:
        ordering = ["key"]
        indexes = [models.Index(fields=["judge_at"], condition=Q(judge_at__isnull=False), name="team_judge")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return reverse("team", args=[self.key])


class ApiToken(AbstractAuthToken):
    """A bearer token, stored as a digest only. Revoked and expired tokens stay readable; nothing is deleted."""

    name = models.CharField(max_length=120)
    actor_type = models.CharField(max_length=20, choices=ActorType.choices, default=ActorType.HUMAN)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"

    def usable_at(self, now: datetime) -> bool:
        """Whether the token is neither revoked nor expired at this moment."""
        return self.revoked_at is None and (self.expiry is None or now < self.expiry)
