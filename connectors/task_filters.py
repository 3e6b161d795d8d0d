"""The filters of tracked tasks; page and API use the same."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from connectors.models import TaskState, TrackedTask
from portal.ordering import Ordering
from portal.people.models import Team


class TaskFilter(django_filters.FilterSet):
    """State, connector, owner, whether it is open, and words."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    state = django_filters.MultipleChoiceFilter(distinct=False, choices=TaskState.choices, label=_("State"))
    open = django_filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull", label=_("Open"))
    connector = django_filters.CharFilter(field_name="connector__key", label=_("Connector"), max_length=60)
    owner = django_filters.ModelChoiceFilter(
        queryset=Team.objects.all(), to_field_name="key", label=_("Owner"), field_name="owner"
    )
    ordering = Ordering(
        id="id",
        operation="operation",
        connector="connector__key",
        state="state",
        deadline_at="deadline_at",
        owner="owner__key",
        started_by="started_by_name",
        accepted_at="accepted_at",
        polls="polls",
    )

    class Meta:
        model = TrackedTask
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Own id exactly, or the remote id, operation, idempotency key or connector's name contains the words."""
        number = value.strip().upper().removeprefix("T-")
        found = (
            Q(operation__icontains=value)
            | Q(remote_task_id__icontains=value)
            | Q(idempotency_key__icontains=value)
            | Q(connector__name__icontains=value)
        )
        if number.isascii() and number.isdigit() and len(number) <= 18:
            found |= Q(pk=int(number))
        return queryset.filter(found)
