"""Filters of the lists of incidents; the same for page and API."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.ordering import Ordering
from portal.people.models import Team
from severity.models import Incident, IncidentState
from severity.rules import RULES, Level


class IncidentFilter(django_filters.FilterSet):
    """Severity, state, rule, connector, owner and words."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    severity = django_filters.MultipleChoiceFilter(
        choices=[(level.name, level.name) for level in reversed(Level)], method="by_severity", label=_("Severity")
    )
    state = django_filters.MultipleChoiceFilter(choices=IncidentState.choices, label=_("State"))
    open = django_filters.BooleanFilter(method="only_open", label=_("Unresolved"))
    rule = django_filters.ChoiceFilter(choices=[(name, rule.title) for name, rule in RULES.items()], label=_("Cause"))
    connector = django_filters.CharFilter(field_name="connector__key", label=_("Connector"), max_length=60)
    owner = django_filters.ModelChoiceFilter(queryset=Team.objects.all(), to_field_name="key", label=_("Owner"))
    task = django_filters.NumberFilter(field_name="task_id", label=_("Task"), min_value=1, max_value=2**62)
    ordering = Ordering(
        id="id",
        title="title",
        severity="severity",
        state="state",
        rule="rule",
        object="subject_key",
        owner="owner__key",
        opened_at="opened_at",
        repeats="repeats",
    )

    class Meta:
        model = Incident
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Title contains the words; INC-12 finds that incident."""
        number = value.upper().removeprefix("INC-")
        where = Q(title__icontains=value)
        if number.isascii() and number.isdigit() and len(number) < 18:
            where |= Q(pk=int(number))
        return queryset.filter(where)

    def by_severity(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        """V1 is 1."""
        return queryset.filter(severity__in=[Level[level].value for level in value]) if value else queryset

    def only_open(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Unresolved or resolved ones."""
        return queryset.filter(state=IncidentState.RESOLVED) if value is False else queryset.exclude(
            state=IncidentState.RESOLVED
        )  # fmt: skip
