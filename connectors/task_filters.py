"""The filters of tracked tasks; page and API use the same."""

from typing import Any, ClassVar

import django_filters
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from connectors.models import Connector, TaskState, TrackedTask
from portal.ordering import Ordering
from portal.people.models import Team
from portal.search.words import holds


class _OneOf(Func):
    """Whether a column is in an array. Unlike of a subquery, the planner knows only to find each by the index."""

    arg_joiner = " = ANY("
    template = "%(expressions)s)"
    output_field: ClassVar[Any] = BooleanField()


class TaskFilter(django_filters.FilterSet):
    """State, connector, owner, whether it is open, and words."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    state = django_filters.MultipleChoiceFilter(distinct=False, choices=TaskState.choices, label=_("State"))
    open = django_filters.BooleanFilter(field_name="ended_at", lookup_expr="isnull", label=_("Open"))
    connector = django_filters.CharFilter(field_name="connector__key", label=_("Connector"), max_length=60)
    owner = django_filters.ModelChoiceFilter(
        queryset=Team.objects.all(), to_field_name="key", label=_("Owner"), field_name="owner"
    )
    ordering = Ordering(id="id", state="state", deadline_at="deadline_at")

    class Meta:
        model = TrackedTask
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Own id exactly; or its remote id, idempotency key or operation begins with this; or its connector holds the words."""
        connectors = Connector.objects.filter(holds(value, "key", "name", "name_ar")).order_by().values("pk")
        found = Q(_OneOf(F("connector_id"), ArraySubquery(connectors)))
        for column in ("remote_task_id", "idempotency_key", "operation"):
            # The index of remote ids leaves out what has none.
            found |= Q(**{f"{column}__startswith": value}) & ~Q(**{column: ""})
        number = value.strip().upper().removeprefix("T-")
        if number.isascii() and number.isdigit() and len(number) <= 18:
            found |= Q(pk=int(number))
        return queryset.filter(found)
