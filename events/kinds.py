"""Event families and schema versions, as the generic parts see them."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import django_filters
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, Func, IntegerField, OuterRef, Q, Subquery, TextField, Value
from django.db.models.fields.json import KT, KeyTransform
from django.db.models.functions import Cast, Coalesce, Concat, LPad
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events import impact, proposing, rules
from events.documents import SchemaSerializer
from events.family_document import FamilySerializer
from events.models import EventFamily, EventSchema
from events.schemas.modes import Mode
from portal.changes.models import ChangeRequest, ChangeState
from portal.policy.rules import SensitivityClass
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.registry.models import EntryState
from portal.web import cells, marks

MOST_VERSIONS = 1000
_ORDERS = [("key", "key"), ("name", "name"), ("updated_at", "updated_at"), ("version", "version")]


class FamilyFilter(EntryFilter):
    """Filters of the list of families."""

    compatibility = django_filters.ChoiceFilter(choices=[(mode.value, mode.value) for mode in Mode], label=_("Mode"))
    sensitivity_class = django_filters.ChoiceFilter(choices=SensitivityClass.choices, label=_("Sensitivity"))
    breaking = django_filters.BooleanFilter(method="with_breaking", label=_("Break waiting"))
    ordering = django_filters.OrderingFilter(fields=_ORDERS, label=_("Order"))

    def with_breaking(self, queryset: Any, name: str, value: bool) -> Any:
        """Whether a version that breaks the promise, openly or by a waiver, waits for its approvers."""
        breaks = _waiting("event_schema", of_family=OuterRef("key")).exclude(
            Q(document__migration_note="") & Q(document__waiver_reason="")
        )
        return queryset.filter(Exists(breaks) if value else ~Exists(breaks))

    class Meta:
        model = EventFamily
        fields: list[str] = []


class SchemaFilter(EntryFilter):
    """Filters of the list of schema versions."""

    family = django_filters.CharFilter(label=_("Family"), max_length=40)
    ordering = django_filters.OrderingFilter(fields=_ORDERS, label=_("Order"))

    class Meta:
        model = EventSchema
        fields: list[str] = []


def _waiting(kind: str, **which: Any) -> Any:
    """Changes of a kind that are before their approvers, or approved and not yet applied."""
    rows = ChangeRequest.objects.filter(kind=kind, state__in=[ChangeState.IN_REVIEW, ChangeState.APPROVED])
    return rows.annotate(of_family=KT("document__family")).filter(**which).order_by()


def _how_many(rows: Any) -> Any:
    count = rows.values("kind").annotate(n=Count("id")).values("n")
    return Coalesce(Subquery(count, output_field=IntegerField()), Value(0))


def _length(name: str) -> Any:
    part = KeyTransform(name, F("document"))
    return Coalesce(Func(part, function="jsonb_array_length", output_field=IntegerField()), Value(0))


def _standing(**more: Any) -> Any:
    return EventSchema.objects.filter(
        family=OuterRef("key"), state__in=[EntryState.ACTIVE, EntryState.DEPRECATED], **more
    ).order_by()


_NUMBER = Concat(
    Cast("major", TextField()), Value("."), Cast("minor", TextField()), Value("."), Cast("patch", TextField()),
    output_field=TextField(),
)  # fmt: skip
_NEWEST = Subquery(
    _standing().order_by("-major", "-minor", "-patch").values(number=_NUMBER)[:1], output_field=TextField()
)
# Read along the index of numbers, as where one family has nearly all versions a plain count reads the table for every family.
_VERSIONS = Func(
    ArraySubquery(_standing().order_by("-major", "-minor", "-patch").values("id")[:MOST_VERSIONS]),
    function="cardinality",
    output_field=IntegerField(),
)


_WAITING = _how_many(_waiting("event_family", key=OuterRef("key"))) + _how_many(
    _waiting("event_schema", of_family=OuterRef("key"))
)


def _id(prefix: str) -> Any:
    return Concat(
        Value(prefix), LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField()), output_field=TextField()
    )


def _mono(name: str) -> Any:
    def draw(row: Any, now: datetime) -> SafeString:
        value = getattr(row, name)
        return format_html('<bdi class="mono" dir="ltr">{}</bdi>', value if value not in (None, "") else "–")

    return draw


def _current(row: Any, now: datetime) -> SafeString:
    """The newest version that stands, over how many there are."""
    if not row.newest:
        return format_html('<span class="faint">{}</span>', _("none yet"))
    count = ngettext("one version", "%(n)d versions", row.versions) % {"n": row.versions}
    if row.versions == MOST_VERSIONS:
        count = _("%d versions or more") % MOST_VERSIONS
    return format_html(
        '<span class="two"><bdi class="mono" dir="ltr">{}</bdi><span>{}</span></span>', row.newest, count
    )


def _parties(row: Any, now: datetime) -> SafeString:
    return format_html('<span class="row">{}{}{}</span>', row.producers, marks.icon("arrow"), row.consumers)


def _changes(row: Any, now: datetime) -> SafeString:
    """How many open changes wait, of the family and of its versions; a link to them."""
    if not row.waiting:
        return format_html('<span class="faint">{}</span>', "–")
    address = f"{reverse('approvals')}?{urlencode({'tab': 'review', 'q': row.key})}"
    return format_html('<a href="{}">{}</a>', address, row.waiting)


def _family(row: Any, now: datetime) -> SafeString:
    address = reverse("entry", args=["events", row.family])
    return format_html('<a href="{}"><bdi class="mono" dir="ltr">{}</bdi></a>', address, row.family)


OWN_FILES = "those of `registry schemas` (docs/schemas/events)"


def register_kinds() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="event_family",
            model=EventFamily,
            serializer=FamilySerializer,
            label=_("Event family"),
            label_plural=_("Event families"),
            purpose=_("Events of one meaning, with an owner, a channel and a promise of how their schema may change."),
            collection="event-families",
            own_files=OWN_FILES,
            pages="events",
            prefix="EF",
            filterset=FamilyFilter,
            floor=rules.floor_of_family,
            touched=rules.touched_by_family,
            impact=impact.impact_of_family,
            detail_template="events/family.html",
            links=((_("Schema versions"), "event-schemas"),),
            summary={
                "id": _id("EF-"),
                "channel": "channel",
                "compatibility": "compatibility",
                "sensitivity_class": "sensitivity_class",
                "producers": _length("producers"),
                "consumers": _length("consumers"),
            },
            blank=lambda asked: {"compatibility": Mode.BACKWARD.value, "sensitivity_class": "S1"},
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section(
                    "promise",
                    _("Channel and promise"),
                    ("channel", "compatibility", "sensitivity_class"),
                    _("Where its events travel and what a new schema version must get on with."),
                ),
                Section(
                    "parties", _("Producers and consumers"), ("producers", "consumers"), _("Who is hit by a change.")
                ),
                Section(
                    "envelope",
                    _("Envelope"),
                    ("envelope", "keep_refused"),
                    _("What every event must carry beside its own data, and what is kept of those that are refused."),
                ),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("newest", _("Current version"), _current, needs={"newest": _NEWEST, "versions": _VERSIONS}),
                Column("mode", _("Mode"), _mono("compatibility")),
                Column("channel", _("Channel"), _mono("channel")),
                Column("sensitivity", _("Sensitivity"), _mono("sensitivity_class")),
                Column("owner", _("Owner"), cells.owner),
                Column(
                    "parties",
                    _("Producers → consumers"),
                    _parties,
                    needs={"producers": _length("producers"), "consumers": _length("consumers")},
                ),
                Column("waiting", _("Waiting"), _changes, needs={"waiting": _WAITING}),
                Column("state", _("State"), cells.state),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
    register(
        Kind(
            name="event_schema",
            model=EventSchema,
            serializer=SchemaSerializer,
            label=_("Schema version"),
            label_plural=_("Schema versions"),
            purpose=_(
                "One JSON Schema of a family, fixed once registered; the next one must keep the family's promise."
            ),
            collection="event-schemas",
            own_files=OWN_FILES,
            pages="event-schemas",
            prefix="ES",
            filterset=SchemaFilter,
            floor=rules.floor_of_schema,
            transition_problems=rules.schema_transition,
            retiring_problems=rules.schema_retiring,
            impact=impact.impact_of_schema,
            detail_template="events/schema.html",
            links=((_("Event families"), "events"),),
            summary={"id": _id("ES-"), "family": "family", "number": _NUMBER},
            blank=proposing.blank,
            sections=(
                Section(
                    "identity",
                    _("Identity"),
                    ("family", "number", "key", "name", "name_ar", "description", "description_ar", "owner"),
                ),
                Section(
                    "schema", _("Schema"), ("schema",), _("What an event must be. The verdict shows while you write.")
                ),
                Section("examples", _("Examples"), ("examples",), _("Tried against this version and every later one.")),
                Section(
                    "break",
                    _("If it breaks the promise"),
                    ("migration_note", "deadline", "waiver_reason", "waiver_expires"),
                    _("A new major with a note and a deadline, or a waiver that the approvers sign."),
                ),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("family", _("Family"), _family),
                Column("number", _("Number"), _mono("number")),
                Column("owner", _("Owner"), cells.owner),
                Column("state", _("State"), cells.state),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
