"""The order of lists: what may be sorted by is said once, in the FilterSet, for page, CSV and API alike."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.constants import EMPTY_VALUES


class Ordering(django_filters.OrderingFilter):
    """`ordering=deadline_at` or `-deadline_at`; rows that are equal in it go the same way by their number, so that
    pages are stable and one index serves both ways.

    `columns` maps the name people use to the column. Name only columns that are never empty: pages by cursor cannot
    step over nothing.
    """

    # What tells equal rows apart; for a model without `id` another unique column.
    tie = "id"

    def __init__(self, **columns: str) -> None:
        self.columns = columns
        super().__init__(fields=[(column, name) for name, column in columns.items()], label=_("Order"))

    def filter(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Sorted as asked for, as it is unless asked."""
        if value in EMPTY_VALUES:
            return queryset
        columns = [self.get_ordering_value(one) for one in value]
        return queryset.order_by(*columns, f"-{self.tie}" if columns[-1].startswith("-") else self.tie)


def orderings_of(filterset_class: Any) -> dict[str, str]:
    """What a FilterSet may be sorted by: name → column."""
    found = filterset_class.base_filters.get("ordering") if filterset_class is not None else None
    return dict(found.columns) if isinstance(found, Ordering) else {}
