"""Filters of the lists of incidents; the same for page and API."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.operations.services import database_now
from portal.ordering import Ordering
from portal.people.models import Team
from portal.search.words import holds
from severity.duties import BY_STATE
from severity.models import Incident, IncidentState, IncidentSubscriber, Source
from severity.readiness import Dimension
from severity.rules import RULES, Level


class IncidentFilter(django_filters.FilterSet):
    """Severity, state, rule, connector, owner and words."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    severity = django_filters.MultipleChoiceFilter(
        distinct=False,
        choices=[(level.name, level.name) for level in reversed(Level)],
        method="by_severity",
        label=_("Severity"),
    )
    state = django_filters.MultipleChoiceFilter(distinct=False, choices=IncidentState.choices, label=_("State"))
    open = django_filters.BooleanFilter(method="only_open", label=_("Unresolved"))
    rule = django_filters.ChoiceFilter(choices=[(name, rule.label) for name, rule in RULES.items()], label=_("Cause"))
    source = django_filters.ChoiceFilter(choices=Source.choices, label=_("Found by"))
    dimension = django_filters.ChoiceFilter(choices=Dimension.choices, label=_("Readiness row"))
    overdue = django_filters.BooleanFilter(method="only_overdue", label=_("Overdue"))
    subscribed = django_filters.BooleanFilter(method="only_subscribed", label=_("I follow it"))
    merged = django_filters.BooleanFilter(
        field_name="merged_into", lookup_expr="isnull", exclude=True, label=_("Merged")
    )
    connector = django_filters.CharFilter(field_name="connector__key", label=_("Connector"), max_length=60)
    owner = django_filters.ModelChoiceFilter(queryset=Team.objects.all(), to_field_name="key", label=_("Owner"))
    task = django_filters.NumberFilter(field_name="task_id", label=_("Task"), min_value=1, max_value=2**62)
    ordering = Ordering(id="id", severity="severity", rule="rule", opened_at="opened_at")

    class Meta:
        model = Incident
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Title contains the words; INC-12 finds that incident."""
        number = value.upper().removeprefix("INC-")
        where = holds(value, "title")
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

    def only_overdue(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Unresolved ones of which something is asked that should have been done by now, or the others."""
        now = database_now()
        late = Q(pk__in=[])
        for state, names in BY_STATE.items():
            if state != IncidentState.RESOLVED:
                for clock in names:
                    late |= Q(state=state, **{f"{clock}__lte": now})
        late &= ~Q(state=IncidentState.RESOLVED)
        return queryset.filter(late) if value else queryset.exclude(late)

    def only_subscribed(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Those that the reader follows, or the others."""
        reader = int(getattr(getattr(self.request, "user", None), "pk", None) or 0)
        mine = Exists(IncidentSubscriber.objects.filter(incident_id=OuterRef("pk"), user_id=reader))
        return queryset.filter(mine if value else ~mine)
