"""Filters of the lists of people, teams and tokens; the same for page, CSV and API."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.ordering import Ordering
from portal.people.models import ApiToken, Team, User
from portal.roles import ActorType, Role

ACTIVITY = (("active", _("Active")), ("inactive", _("Inactive")))
TOKEN_STATES = (("usable", _("Usable")), ("expired", _("Expired")), ("revoked", _("Revoked")))
_EXPIRED = Q(expiry__lte=Now())


class PersonFilter(django_filters.FilterSet):
    """Words, role, type, team, who answers, and whether it is active."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    role = django_filters.ChoiceFilter(choices=Role.choices, method="by_role", label=_("Role"))
    actor_type = django_filters.ChoiceFilter(choices=ActorType.choices, label=_("Type"))
    state = django_filters.ChoiceFilter(choices=ACTIVITY, method="by_state", label=_("State"))
    team = django_filters.ModelChoiceFilter(
        queryset=Team.objects.all(), field_name="teams", to_field_name="key", label=_("Team")
    )
    accountable = django_filters.CharFilter(
        field_name="accountable__username", label=_("Accountable human"), max_length=150
    )
    ordering = Ordering(username="username", date_joined="date_joined", actor_type="actor_type", id="id")

    class Meta:
        model = User
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """User name, first or last name, or e-mail contains the words."""
        where = Q(username__icontains=value) | Q(email__icontains=value)
        return queryset.filter(where | Q(first_name__icontains=value) | Q(last_name__icontains=value))

    def by_role(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Has this role, perhaps among others."""
        return queryset.filter(roles__contains=[value])

    def by_state(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Active or not."""
        return queryset.filter(is_active=value == "active")


class TeamFilter(django_filters.FilterSet):
    """Words, a member, and whether nobody active is left in it."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    member = django_filters.CharFilter(field_name="members__username", label=_("Member"), max_length=150)
    deserted = django_filters.BooleanFilter(method="by_deserted", label=_("Without active members"))
    ordering = Ordering(key="key", name="name", id="id")

    class Meta:
        model = Team
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Key or name contains the words."""
        return queryset.filter(Q(key__icontains=value) | Q(name__icontains=value))

    def by_deserted(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Nobody active belongs to it, or somebody does."""
        active = Q(pk__in=Team.members.through.objects.filter(user__is_active=True).values("team_id"))
        return queryset.exclude(active) if value else queryset.filter(active)


class TokenOrdering(Ordering):
    """Tokens have no number."""

    tie = "digest"


class TokenFilter(django_filters.FilterSet):
    """Words, account, type, and whether it can be used."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    account = django_filters.CharFilter(field_name="user__username", label=_("Account"), max_length=150)
    actor_type = django_filters.ChoiceFilter(choices=ActorType.choices, label=_("Type"))
    state = django_filters.ChoiceFilter(choices=TOKEN_STATES, method="by_state", label=_("State"))
    ordering = TokenOrdering(created="created", name="name", account="user__username")

    class Meta:
        model = ApiToken
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """What it is for, or its first characters."""
        return queryset.filter(Q(name__icontains=value) | Q(token_key__startswith=value[:15]))

    def by_state(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """One of `TOKEN_STATES`, by the database's clock."""
        if value == "revoked":
            return queryset.filter(revoked_at__isnull=False)
        standing = queryset.filter(revoked_at__isnull=True)
        return standing.filter(_EXPIRED) if value == "expired" else standing.exclude(_EXPIRED)
