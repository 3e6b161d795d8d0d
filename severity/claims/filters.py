"""Filters of the list of claims; the same for page, CSV and API."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.ordering import Ordering
from portal.people.models import Team
from portal.policy.rules import ReversibilityClass
from portal.search.words import holds
from severity.models import Claim, Verdict


class ClaimFilter(django_filters.FilterSet):
    """Verdict, reversibility of the path, connector, owner and words."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    verdict = django_filters.MultipleChoiceFilter(distinct=False, choices=Verdict.choices, label=_("Verdict"))
    reversibility = django_filters.MultipleChoiceFilter(
        distinct=False, choices=[(one, one) for one in ReversibilityClass.values], method="by_path", label=_("Path")
    )
    backlog = django_filters.BooleanFilter(method="only_backlog", label=_("In the backlog"))
    connector = django_filters.CharFilter(field_name="connector__key", label=_("Connector"), max_length=60)
    owner = django_filters.ModelChoiceFilter(queryset=Team.objects.all(), to_field_name="key", label=_("Owner"))
    ordering = Ordering(
        id="id",
        verdict="verdict",
        reversibility="reversibility",
        claimed_by="claimed_by",
        judged_at="judged_at",
        reported_at="reported_at",
    )

    class Meta:
        model = Claim
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Reference and statement hold the words; CLM-12 finds that claim."""
        number = value.upper().removeprefix("CLM-")
        where = holds(value, "reference", "statement")
        if number.isascii() and number.isdigit() and len(number) < 18:
            where |= Q(pk=int(number))
        return queryset.filter(where)

    def by_path(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        """R2 is 2."""
        return queryset.filter(reversibility__in=[int(one[1]) for one in value]) if value else queryset

    def only_backlog(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """What is not verified, or what is."""
        is_verified = Q(verdict=Verdict.VERIFIED)
        return queryset.filter(is_verified) if value is False else queryset.filter(~is_verified)
