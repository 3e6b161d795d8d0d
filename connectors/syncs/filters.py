"""The filters of data syncs and their runs; page, CSV and API use the same."""

from typing import Any

import django_filters
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from connectors.models import Connector, RunState, SyncRun
from connectors.syncs.reads import OPEN_NOTICE, shown_as
from connectors.syncs.rules import SyncShown
from portal.ordering import Ordering
from portal.policy.rules import SensitivityClass
from portal.registry.filters import EntryFilter
from portal.search.words import holds


class _SyncOrdering(Ordering):
    def filter(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """By its deadline along the index of what is known now; each sync has a row of that, made when it is registered."""
        if {"deadline", "-deadline"} & set(value or ()) and queryset.model is Connector:
            queryset = queryset.filter(sync__isnull=False).annotate(deadline_order=F("sync__deadline_order"))
        return super().filter(queryset, value)


class SyncFilter(EntryFilter):
    """How it stands now, its ends, whether customers feel it, and whether a breaking change is announced."""

    now = django_filters.MultipleChoiceFilter(
        distinct=False, choices=SyncShown.choices, method="standing", label=_("State now")
    )
    source = django_filters.CharFilter(
        field_name="source_system", method="of_system", label=_("Source"), max_length=120
    )
    destination = django_filters.CharFilter(
        field_name="destination_system", method="of_system", label=_("Destination"), max_length=120
    )
    breaking = django_filters.BooleanFilter(method="pending", label=_("Breaking change pending"))
    sensitivity_class = django_filters.ChoiceFilter(choices=SensitivityClass.choices, label=_("Sensitivity"))
    customer_impacting = django_filters.BooleanFilter(label=_("Customer-impacting"))
    ordering = _SyncOrdering(
        key="key", name="name", updated_at="updated_at", version="version", deadline="deadline_order", id="id"
    )

    class Meta:
        model = Connector
        fields: list[str] = []

    def standing(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        """One of the words it may be shown with."""
        return queryset.filter(shown_as(value)) if value else queryset

    def of_system(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The name of the system holds the words."""
        return queryset.filter(holds(value, name))

    def pending(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """An open notice there is, or there is none."""
        return queryset.filter(OPEN_NOTICE if value else ~OPEN_NOTICE)


class RunFilter(django_filters.FilterSet):
    """Key of the run and how it stands."""

    run = django_filters.CharFilter(field_name="run_key", label=_("Run"), max_length=120)
    state = django_filters.MultipleChoiceFilter(distinct=False, choices=RunState.choices, label=_("State"))

    class Meta:
        model = SyncRun
        fields: list[str] = []
