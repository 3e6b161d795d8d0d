"""Filters of the lists of notices and deliveries; the same for page and API."""

from typing import Any

import django_filters
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.ordering import Ordering
from portal.outbox.models import Delivery, Notice, OutboxEvent
from portal.outbox.rules import Reason

STATES = (
    ("waiting", _("Waiting")),
    ("retrying", _("Retrying")),
    ("delivered", _("Delivered")),
    ("given_up", _("Given up")),
)
_WHERE = {
    "waiting": Q(due_at__isnull=False, attempts=0),
    "retrying": Q(due_at__isnull=False, attempts__gt=0),
    "delivered": Q(delivered_at__isnull=False),
    "given_up": Q(due_at__isnull=True, delivered_at__isnull=True),
}


def state_of(delivery: Delivery) -> str:
    """How far a delivery has come, by the names of `STATES`."""
    if delivery.delivered_at is not None:
        return "delivered"
    if delivery.due_at is None:
        return "given_up"
    return "retrying" if delivery.attempts else "waiting"


class NoticeFilter(django_filters.FilterSet):
    """Unread ones, the reason, and words of the subject."""

    q = django_filters.CharFilter(method="search", label=_("Search"), max_length=120)
    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull", label=_("Unread"))
    reason = django_filters.ChoiceFilter(choices=Reason.choices, label=_("Reason"))

    class Meta:
        model = Notice
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The subject holds the words; read event by event of the person's own notices, for there may be millions of others'."""
        subject = OutboxEvent.objects.filter(pk=OuterRef("event_id")).order_by().values("subject")
        found: QuerySet[Any] = queryset.alias(subject=Subquery(subject)).filter(subject__icontains=value)
        return found


class DeliveryFilter(django_filters.FilterSet):
    """State, channel, topic, receiver, and whether it is overdue."""

    state = django_filters.ChoiceFilter(choices=STATES, method="by_state", label=_("State"))
    channel = django_filters.ChoiceFilter(choices=Delivery.Channel.choices, label=_("Channel"))
    topic = django_filters.CharFilter(
        field_name="event__topic", lookup_expr="startswith", label=_("Topic"), max_length=60
    )
    receiver = django_filters.CharFilter(lookup_expr="startswith", label=_("Receiver"), max_length=120)
    overdue = django_filters.BooleanFilter(method="by_overdue", label=_("Overdue"))
    ordering = Ordering(id="id", channel="channel")

    class Meta:
        model = Delivery
        fields: list[str] = []

    def by_state(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """One of `STATES`."""
        return queryset.filter(_WHERE[value])

    def by_overdue(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        """Due by now and still not tried, or not."""
        due = Q(due_at__lte=Now())
        return queryset.filter(due) if value else queryset.exclude(due)
