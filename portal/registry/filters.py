"""The filters every list of entries has; the same FilterSet serves page, API and CSV."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.people.models import Team
from portal.registry.models import EntryState
from portal.search.words import holds


class EntryFilter(django_filters.FilterSet):
    """Search, state, owner and order. Kinds extend it."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    state = django_filters.MultipleChoiceFilter(distinct=False, choices=EntryState.choices, label=_("State"))
    owner = django_filters.ModelChoiceFilter(
        queryset=Team.objects.all(), to_field_name="key", label=_("Owner"), field_name="owner"
    )

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Key or name contains the words."""
        return queryset.filter(holds(value, "key", "name", "name_ar"))
