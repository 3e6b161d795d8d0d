"""Filters of the lists of changes; the same for page and API."""

from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.changes.models import ChangeRequest, ChangeState
from portal.policy.rules import ApprovalClass
from portal.registry import kinds
from portal.search.words import holds


def _kinds() -> list[tuple[str, str]]:
    """The kinds there are, asked when a form is made: apps register theirs as they start."""
    return [(kind.name, str(kind.label)) for kind in kinds.all_kinds()]


DUE = (("overdue", _("Overdue")), ("soon", _("Within a day")))


class ChangeFilter(django_filters.FilterSet):
    """State, kind, object, author, class, rule of the policy, due and words."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    state = django_filters.MultipleChoiceFilter(distinct=False, choices=ChangeState.choices, label=_("State"))
    kind = django_filters.ChoiceFilter(choices=_kinds, label=_("Kind"))
    key = django_filters.CharFilter(label=_("Object"), max_length=60)
    author = django_filters.CharFilter(field_name="author__username", label=_("Requested by"), max_length=150)
    required_class = django_filters.MultipleChoiceFilter(
        distinct=False, choices=[(one, one) for one in ApprovalClass.values], label=_("Class")
    )
    rule = django_filters.CharFilter(
        field_name="policy_rule", lookup_expr="startswith", label=_("Rule of the policy"), max_length=80
    )
    due = django_filters.ChoiceFilter(choices=DUE, method="by_due", label=_("Due"))
    change_set = django_filters.CharFilter(method="of_set", label=_("Set"), max_length=24)

    class Meta:
        model = ChangeRequest
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Summary or key contains the words; CHG-12 finds that change."""
        number = value.upper().removeprefix("CHG-")
        where = holds(value, "key", "summary")
        if number.isascii() and number.isdigit() and len(number) < 18:
            where |= Q(pk=int(number))
        return queryset.filter(where)

    def by_due(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """In review and past its approval SLA, or to be signed within a day."""
        waiting = queryset.filter(state=ChangeState.IN_REVIEW)
        if value == "overdue":
            return waiting.filter(sign_by__lte=Now())
        return waiting.filter(sign_by__gt=Now(), sign_by__lte=Now() + timedelta(days=1))

    def of_set(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The changes of SET-7."""
        number = value.strip().upper().removeprefix("SET-")
        known = number.isascii() and number.isdigit() and len(number) < 18
        return queryset.filter(change_set_id=int(number)) if known else queryset.none()
