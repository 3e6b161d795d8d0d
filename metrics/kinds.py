"""Metrics, as the generic parts see them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import django_filters
from django.db.models import OuterRef, Q, Subquery, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Concat, LPad
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from metrics import judging
from metrics.documents import MetricSerializer
from metrics.lineage import judging as lineage
from metrics.models import MeasuredValue, Metric
from metrics.rules import MetricType
from metrics.values.plot import grouped
from metrics.values.rules import outside
from portal.operations.services import database_now
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.registry.models import VersionRecord
from portal.web import cells, marks


class MetricFilter(EntryFilter):
    """Filters of the dictionary."""

    type = django_filters.ChoiceFilter(choices=MetricType.choices, label=_("Type"))
    unit = django_filters.CharFilter(label=_("Unit"), max_length=40)
    certification_over = django_filters.BooleanFilter(method="by_certification", label=_("Certification over"))
    ordering = django_filters.OrderingFilter(
        fields=[("key", "key"), ("name", "name"), ("updated_at", "updated_at"), ("version", "version")],
        label=_("Order"),
    )

    def by_certification(self, queryset: Any, name: str, value: bool) -> Any:
        """Whether a certification has run out; one that nobody ever gave is not over."""
        over = Q(certified_until__lt=timezone.localdate(database_now()))
        return queryset.filter(over) if value else queryset.exclude(over)

    class Meta:
        model = Metric
        fields: list[str] = []


_NEWEST = MeasuredValue.objects.filter(metric_id=OuterRef("id"), dimensions={}).order_by("-at")


def _label(row: Any, now: datetime) -> SafeString:
    """Its label, linked, over its key; that of the other language beside it."""
    other = row.other_name
    beside = format_html(' <bdi class="faint" lang="{lang}" dir="{dir}">{words}</bdi>', **other) if other else ""
    text = '<span class="two"><span><a href="{}"><bdi>{}</bdi></a>{}</span><bdi class="mono" dir="ltr">{}</bdi></span>'
    return format_html(text, row.get_absolute_url(), row.local_name, beside, row.key)


def _meaning(row: Any, now: datetime) -> SafeString:
    """The definition in one line; all of it as the title."""
    short = Truncator(row.definition or "–").chars(60)
    return format_html('<bdi title="{}">{}</bdi>', row.definition or "", short)


def _plain(name: str) -> Callable[[Any, datetime], SafeString]:
    def draw(row: Any, now: datetime) -> SafeString:
        text = getattr(row, name) or ""
        return format_html('<bdi title="{}">{}</bdi>', text, Truncator(text or "–").chars(40))

    return draw


def _measured(row: Any, now: datetime) -> SafeString:
    """The newest value that is not split, over when it was measured; in a list of the past nothing, for it was another one."""
    if row.newest_value is None or isinstance(row, VersionRecord):
        return format_html('<span class="faint">{}</span>', "–")
    out = outside(row.newest_value, row.range_low, row.range_high)
    told = format_html(' <span class="faint">{}</span>', _("outside its range")) if out else ""
    text = '<span class="two"><span><bdi dir="ltr">{} {}</bdi>{}</span><span>{}</span></span>'
    return format_html(text, grouped(row.newest_value), row.unit, told, marks.ago(row.newest_at, now))


def _unit(row: Any, now: datetime) -> SafeString:
    return format_html('<bdi class="mono" dir="ltr">{}</bdi>', row.unit)


def _certified(row: Any, now: datetime) -> SafeString:
    """Until when its owner vouches for it, and whether that is over."""
    if row.certified_until is None:
        return format_html('<span class="faint">{}</span>', _("no"))
    if row.certified_until < timezone.localdate(now):
        return format_html(
            '<span class="muted">{} <bdi dir="ltr">{}</bdi></span>', _("over since"), row.certified_until
        )
    return format_html('<bdi dir="ltr">{}</bdi>', row.certified_until)


def register_kinds() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="metric",
            model=Metric,
            serializer=MetricSerializer,
            label=_("Metric"),
            label_plural=_("Metrics"),
            purpose=_(
                "One definition for every number that executives read; code imports its key, dashboards plot no other."
            ),
            collection="metrics",
            pages="metrics",
            prefix="ME",
            filterset=MetricFilter,
            floor=judging.floor,
            transition_problems=judging.transition_problems,
            advice=judging.advice,
            links=((_("Import"), "metrics-import"),),
            settle=lineage.settle_metric,
            detail_template="metrics/metric.html",
            summary={
                "id": Concat(
                    Value("ME-"),
                    LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField()),
                    output_field=TextField(),
                ),
                "unit": "unit",
                "type": "type",
                "certified_until": "certified_until",
            },
            blank=lambda asked: {"type": MetricType.COUNT.value},
            sections=(
                Section("identity", _("Identity"), ("key", "name", "label_ar", "owner")),
                Section(
                    "meaning",
                    _("Meaning"),
                    ("description", "definition_ar", "primary_source", "unit", "type", "since"),
                    _("One number, one definition, one source."),
                ),
                Section("detail", _("Detail"), ("grain", "dimensions", "expression", "related", "dashboards")),
                Section(
                    "range",
                    _("Expected range"),
                    ("range_low", "range_high"),
                    _("What its measured values keep within."),
                ),
                Section(
                    "life",
                    _("Certification and end"),
                    ("certified_until", "replaced_by", "remove_after"),
                    _("Until when its owner vouches for it, and what comes after it."),
                ),
            ),
            columns=(
                Column("name", _("Metric"), _label, sort="name"),
                Column("meaning", _("Definition"), _meaning, needs={"definition": KT("document__description")}),
                Column("owner", _("Owner"), cells.owner),
                Column("state", _("State"), cells.state),
                Column("grain", _("Grain"), _plain("grain"), needs={"grain": KT("document__grain")}),
                Column("unit", _("Unit"), _unit),
                Column("source", _("Source"), _plain("source"), needs={"source": KT("document__primary_source")}),
                Column("certified", _("Certified until"), _certified),
                Column(
                    "measured",
                    _("Last value"),
                    _measured,
                    needs={
                        "newest_value": Subquery(_NEWEST.values("value")[:1]),
                        "newest_at": Subquery(_NEWEST.values("at")[:1]),
                    },
                ),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
