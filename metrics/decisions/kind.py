"""Decisions, as the generic parts see them."""

from datetime import datetime
from typing import Any

import django_filters
from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Exists, F, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Coalesce, Concat, Upper
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metrics.decisions import judging
from metrics.decisions.documents import DecisionSerializer
from metrics.models import DecisionRecord, Ruling, Supersession
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.registry.models import EntryState
from portal.web import cells, marks

_RULED = Subquery(
    Ruling.objects.filter(decision_id=OuterRef("id"))
    .values("decision_id")
    .annotate(
        told=StringAgg(
            Concat("topic", Value(": "), "choice", output_field=TextField()), ", ", order_by=F("topic").asc()
        )
    )
    .values("told"),
    output_field=TextField(),
)
_NEWER = Subquery(Supersession.objects.filter(older_id=OuterRef("id")).values("newer__key"), output_field=TextField())


class DecisionFilter(EntryFilter):
    """Filters of the register."""

    topic = django_filters.CharFilter(method="about", label=_("Topic"), max_length=40)
    stands = django_filters.BooleanFilter(method="still", label=_("Stands"))
    ordering = django_filters.OrderingFilter(
        fields=[("number", "number"), ("name", "name"), ("decided_on", "date"), ("key", "key")], label=_("Order")
    )

    def about(self, queryset: Any, name: str, value: str) -> Any:
        """Those that rule a topic; by a subquery, as the versions of the past have no relations."""
        return queryset.filter(Exists(Ruling.objects.filter(decision_id=OuterRef("id"), topic=value)))

    def still(self, queryset: Any, name: str, value: bool) -> Any:
        """Whether no other decision took its place."""
        newer = Exists(Supersession.objects.filter(older_id=OuterRef("id")))
        return queryset.filter(~newer if value else newer)

    class Meta:
        model = DecisionRecord
        fields: list[str] = []


def _ruled(row: Any, now: datetime) -> SafeString:
    if not row.ruled:
        return format_html('<span class="faint">{}</span>', "–")
    return format_html('<bdi class="mono" dir="ltr">{}</bdi>', row.ruled)


def _status(row: Any, now: datetime) -> SafeString:
    """Accepted, or superseded over by which."""
    if row.newer is None:
        return marks.state("accepted")
    return format_html(
        '<span class="two"><span>{}</span><bdi class="mono" dir="ltr">{}</bdi></span>',
        marks.state("superseded"),
        row.newer.upper(),
    )


def _day(row: Any, now: datetime) -> SafeString:
    return format_html('<bdi dir="ltr">{}</bdi>', row.decided_on)


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="decision",
            model=DecisionRecord,
            serializer=DecisionSerializer,
            label=_("Decision"),
            label_plural=_("Decisions"),
            purpose=_(
                "What was decided, by whom and why. It stands as it was accepted until another one supersedes it."
            ),
            collection="decisions",
            own_files="those of `registry decisions` (MADR)",
            pages="decisions",
            prefix="ADR",
            filterset=DecisionFilter,
            floor=judging.floor,
            transition_problems=judging.transition_problems,
            settle=judging.settle,
            blank=judging.blank,
            states=frozenset({EntryState.ACTIVE}),
            detail_template="metrics/decision.html",
            links=((_("Lineage choice"), "lineage-choice"),),
            summary={
                "id": Upper("key", output_field=TextField()),
                "number": "number",
                "date": "decided_on",
                "ruled": Coalesce(_RULED, Value(""), output_field=TextField()),
                "superseded_by": Coalesce(_NEWER, Value(""), output_field=TextField()),
            },
            sections=(
                Section("identity", _("Identity"), ("key", "name", "name_ar", "date", "owner")),
                Section("people", _("People"), ("deciders", "consulted", "informed")),
                Section(
                    "ruling",
                    _("What it rules"),
                    ("decides", "supersedes"),
                    _("One decision of a topic stands at a time; another of the same topic supersedes it."),
                ),
                Section("text", _("Text"), ("text", "description", "description_ar")),
            ),
            columns=(
                Column("name", _("Title"), cells.name, sort="name"),
                Column("ruled", _("Rules"), _ruled, needs={"ruled": _RULED}),
                Column("status", _("Status"), _status, needs={"newer": _NEWER}),
                Column("date", _("Date"), _day, sort="date"),
                Column("owner", _("Owner"), cells.owner),
            ),
        )
    )
