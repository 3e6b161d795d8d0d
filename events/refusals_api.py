"""`/api/v1/events/refusals/`: what was refused and why, and the reports of services that judge events by themselves."""

from datetime import date, datetime
from typing import Any, TypedDict

import django_filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from events import quarantine
from events.models import QuarantinedEvent, RefusedEvents
from portal.api.views import PortalViewSet
from portal.people.models import KEY_PATTERN
from portal.registry.documents import StrictSerializer
from portal.roles import Permission, may


class SampleAnswer(TypedDict):
    """One of the first events that were refused for a reason; `event` is null unless its family keeps refused events."""

    event_id: str
    source: str
    at: datetime
    reported_by: str
    event: Any


class RefusedAnswer(TypedDict):
    """One reason on one day: how often, and the first few."""

    id: int
    day: date
    family: str
    version: str
    place: str
    rule: str
    seen: int
    last_at: datetime
    samples: list[SampleAnswer]


class TakenAnswer(TypedDict):
    """How many refusals were counted."""

    counted: int


class SampleBody(StrictSerializer):
    """One refused event; the event itself is kept only where its family allows it, and need not be sent."""

    event_id = serializers.CharField(max_length=200, allow_blank=True, default="")
    source = serializers.CharField(max_length=200, allow_blank=True, default="")  # type: ignore[assignment] # a field
    event = serializers.JSONField(required=False, allow_null=True)


class ReasonBody(StrictSerializer):
    """How often events were refused for one reason. Family and version are left out where the event named none that stands."""

    family = serializers.RegexField(KEY_PATTERN, max_length=60, allow_blank=True, default="")
    version = serializers.RegexField(r"^\d{1,5}\.\d{1,5}\.\d{1,5}$", allow_blank=True, default="")
    place = serializers.RegexField(r"^(/[^/]*)*$", max_length=300, allow_blank=True, default="", trim_whitespace=False)
    rule = serializers.RegexField(r"^[A-Za-z_$]{1,60}$")
    seen = serializers.IntegerField(min_value=1, max_value=10**9)
    samples = SampleBody(many=True, default=list, max_length=QuarantinedEvent.MOST)  # type: ignore[call-arg] # of a list


class ReportBody(StrictSerializer):
    """What a service refused since its last report."""

    refused = ReasonBody(many=True, max_length=quarantine.MOST_REASONS)  # type: ignore[call-arg] # of a list


class RefusedFilter(django_filters.FilterSet):
    """Filters of the list of reasons."""

    family = django_filters.CharFilter(label="Family", max_length=60)
    since = django_filters.DateFilter(field_name="day", lookup_expr="gte", label="First day")

    class Meta:
        model = RefusedEvents
        fields: list[str] = []


def refused_answer(row: RefusedEvents, *, whole: bool) -> RefusedAnswer:
    """One reason with its samples; the events themselves only for those who may propose changes."""
    return {
        "id": row.pk,
        "day": row.day,
        "family": row.family,
        "version": row.version,
        "place": row.place,
        "rule": row.rule,
        "seen": row.seen,
        "last_at": row.last_at,
        "samples": [
            {
                "event_id": one.event_id,
                "source": one.source,
                "at": one.at,
                "reported_by": one.reported_by.username,
                "event": one.event if whole else None,
            }
            for one in sorted(row.samples.all(), key=lambda one: one.number)
        ],
    }


def _strange(family: str, rule: str) -> str:
    """The rule by which an event of no version that stands was refused."""
    return rule if not family and rule in {"type", "unknown_family", "too_deep", "other"} else "unknown_version"


def _event(sample: dict[str, Any]) -> dict[str, Any]:
    """A sample as an event: what was sent of it, with the two names by which it is found."""
    event = sample.get("event")
    return (event if isinstance(event, dict) else {}) | {"event_id": sample["event_id"], "source": sample["source"]}


class RefusalViewSet(PortalViewSet):
    """Reasons for which events were refused, by day."""

    filterset_class = RefusedFilter
    bodies: dict[str, Any] = {"create": ReportBody}
    answers = {"list": {200: RefusedAnswer}, "create": {200: TakenAnswer}}
    write_permissions = {"create": Permission.VIEW}

    def list(self, request: Request) -> Response:
        """The newest first. Nothing of a payload stands in it unless the family keeps refused events."""
        whole = may(self.actor, Permission.PROPOSE)
        rows = self.filtered(RefusedEvents.objects.prefetch_related("samples__reported_by"))
        return self.get_paginated_response([refused_answer(one, whole=whole) for one in self.page_of(rows)])

    def create(self, request: Request) -> Response:
        """Count what a service refused by its own copy of the schemas. Send an Idempotency-Key, so that a repeat counts once."""
        given = self.body(ReportBody)["refused"]
        stands = quarantine.standing((one["family"], one["version"]) for one in given)
        tally = quarantine.Tally()
        for one in given:
            named = (one["family"], one["version"]) if (one["family"], one["version"]) in stands else ("", "")
            # What it says of a version that does not stand is not of the registry's words.
            reason = (one["place"], one["rule"]) if named[0] else ("", _strange(one["family"], one["rule"]))
            tally.count(quarantine.Why(*named, *reason), one["seen"], [_event(sample) for sample in one["samples"]])
        quarantine.keep(actor=self.actor, tally=tally, now=self.now())
        return Response({"counted": sum(one["seen"] for one in given)})
