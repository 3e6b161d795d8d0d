"""`/api/v1/metrics/{key}/values/`: sending measured values, and reading them."""

from datetime import datetime
from typing import Any, TypedDict

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from metrics.models import MeasuredValue, Metric
from metrics.values.rules import MOST_POINTS, plain
from metrics.values.taking import take
from portal.api.views import PortalViewSet
from portal.refusals import Missing
from portal.registry.documents import StrictSerializer
from portal.roles import Permission

SPLIT = "dimensions."


class PointBody(serializers.Serializer[Any]):
    """One measured point."""

    at = serializers.CharField(help_text="ISO 8601 with a zone: 2026-01-31T00:00:00+03:00.")
    value = serializers.CharField(help_text="A number, or its exact text: 20 digits, a point, 12 more digits at most.")
    dimensions = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="Only names that the metric declares."
    )


class PointsBody(serializers.Serializer[Any]):
    """Measured points as they are described; `metrics.values.rules` reads them."""

    unit = serializers.CharField(help_text="The unit of the metric; another one is refused.")
    points = PointBody(many=True, help_text=f"At most {MOST_POINTS}.")


class ValuesBody(StrictSerializer):
    """The same, as far as it is judged before its points are."""

    unit = serializers.CharField(max_length=40)
    points = serializers.JSONField()

    def validate_points(self, points: Any) -> list[object]:
        if not isinstance(points, list):
            raise serializers.ValidationError(_("A list of points."))
        return points


class ValuesTakenAnswer(TypedDict):
    """What became of the points, and the version of the definition that they are of."""

    metric: str
    version: int
    new: int
    repeated: int
    corrected: int
    outside: int


class ValueAnswer(TypedDict):
    """One measured value; `value` is exact text."""

    at: datetime
    value: str
    dimensions: dict[str, str]
    received_at: datetime
    sent_by: str


class ValueViewSet(PortalViewSet):
    """Measured values of one metric."""

    ordering = "-at"
    orderings = {"at": "at"}
    own_parameters = {
        "from": "The first instant, with a zone.",
        "to": "The last instant, with a zone.",
        "whole": "`true`: only values that are not split.",
        f"{SPLIT}NAME": "Only values split so: the name of a dimension, and its value.",
    }
    bodies: dict[str, Any] = {"create": PointsBody}
    answers = {"list": {200: ValueAnswer}, "create": {200: ValuesTakenAnswer}}
    write_permissions = {"create": Permission.REPORT_VALUES}

    def list(self, request: Request, key: str) -> Response:
        """The newest first."""
        metric = Metric.objects.only("key").filter(key=key[:60]).first()
        if metric is None:
            raise Missing("no_such_metric", _("There is no metric “%s”.") % key[:60])
        rows = self._asked(MeasuredValue.objects.filter(metric=metric).select_related("sent_by"))
        return self.get_paginated_response([value_answer(one) for one in self.page_of(rows)])

    def create(self, request: Request, key: str) -> Response:
        """Keep up to 5,000 points: all of them, or none with the reasons.

        A point that is there already counts as `repeated`, so sending again is safe; another value for the same instant and
        dimensions replaces what stood and counts as `corrected`. `outside` counts those out of the stated range.
        """
        body = self.body(ValuesBody)
        taken = take(actor=self.actor, key=key, unit=body["unit"], points=body["points"], now=self.now())
        return Response({"metric": key} | vars(taken))

    def _asked(self, rows: Any) -> Any:
        params = self.request.query_params
        split: dict[str, str] = {}
        for name in params:
            if name.startswith(SPLIT) and len(name) > len(SPLIT):
                split[name.removeprefix(SPLIT)] = params[name]
            elif name not in {"from", "to", "whole", "cursor", "limit", "ordering", "format"}:
                known = ", ".join(sorted({"cursor", "limit", "ordering", "format", *self.own_parameters}))
                raise ValidationError({name: [f"Unknown parameter. Known: {known}."]})
        if "from" in params:
            rows = rows.filter(at__gte=self._moment("from"))
        if "to" in params:
            rows = rows.filter(at__lte=self._moment("to"))
        if params.get("whole", "false") not in ("true", "false"):
            raise ValidationError({"whole": [_("true or false.")]})
        if params.get("whole") == "true":
            rows = rows.filter(dimensions={})
        return rows.filter(dimensions__contains=split) if split else rows

    def _moment(self, name: str) -> datetime:
        # A plus that was not escaped has become a blank.
        text = self.request.query_params[name].replace(" ", "+")
        try:
            found = parse_datetime(text)
        except ValueError:
            found = None
        if found is None or is_naive(found):
            raise ValidationError({name: [_("Write an instant with its zone, as 2026-01-31T00:00:00Z.")]})
        return found


def value_answer(one: MeasuredValue) -> ValueAnswer:
    """One value."""
    return {
        "at": one.at,
        "value": plain(one.value),
        "dimensions": one.dimensions,
        "received_at": one.received_at,
        "sent_by": one.sent_by.username,
    }
