"""Datasets, as the generic parts see them."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import F, Func, IntegerField, TextField, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, Coalesce, Concat, LPad
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metrics.lineage import judging
from metrics.lineage.documents import DatasetSerializer
from metrics.models import Dataset
from metrics.quality.judging import retiring_dataset_problems
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.web import cells, marks

CLASSES = [
    ("regulated", _("Regulated")),
    ("personal", _("Personal")),
    ("internal", _("Internal")),
    ("public", _("Public")),
]


class DatasetFilter(EntryFilter):
    """Filters of the list of datasets."""

    classification = django_filters.ChoiceFilter(choices=CLASSES, label=_("Strictest class"))
    ordering = django_filters.OrderingFilter(
        fields=[("key", "key"), ("name", "name"), ("updated_at", "updated_at"), ("version", "version")],
        label=_("Order"),
    )

    class Meta:
        model = Dataset
        fields: list[str] = []


def _identity(row: Any, now: datetime) -> SafeString:
    return format_html(
        '<span class="two"><bdi class="mono" dir="ltr">{}</bdi><bdi class="mono" dir="ltr">{}</bdi></span>',
        row.dataset,
        row.namespace,
    )


def _class(row: Any, now: datetime) -> SafeString:
    return marks.state(row.classification)


def _count(row: Any, now: datetime) -> SafeString:
    return format_html("{}", row.consumers)


def _length(name: str) -> Any:
    part = KeyTransform(name, F("document"))
    return Coalesce(Func(part, function="jsonb_array_length", output_field=IntegerField()), Value(0))


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="dataset",
            model=Dataset,
            serializer=DatasetSerializer,
            label=_("Dataset"),
            label_plural=_("Datasets"),
            purpose=_(
                "Data with an owner: what its columns hold, what writes it, who consumes it and what is made of it."
            ),
            collection="datasets",
            pages="datasets",
            prefix="DS",
            filterset=DatasetFilter,
            floor=judging.floor,
            touched=judging.touched,
            transition_problems=judging.transition_problems,
            settle=judging.settle,
            retiring_problems=retiring_dataset_problems,
            detail_template="metrics/dataset.html",
            links=((_("Lineage"), "lineage"),),
            summary={
                "id": Concat(
                    Value("DS-"),
                    LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField()),
                    output_field=TextField(),
                ),
                "namespace": "namespace",
                "dataset": "dataset",
                "classification": "classification",
                "consumers": _length("consumers"),
            },
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section(
                    "place",
                    _("Place"),
                    ("namespace", "dataset"),
                    _("As lineage events name it, so that it is known again."),
                ),
                Section("columns", _("Columns"), ("columns",), _("What they hold decides how bad a failed check is.")),
                Section(
                    "flow",
                    _("Flow"),
                    ("written_by", "read_by", "events", "metrics", "consumers"),
                    _("What writes and reads it and what is made of it: the declared side of lineage."),
                ),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("identity", _("Dataset, store"), _identity),
                Column("class", _("Strictest class"), _class),
                Column("consumers", _("Consumers"), _count, needs={"consumers": _length("consumers")}),
                Column("owner", _("Owner"), cells.owner),
                Column("state", _("State"), cells.state),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
