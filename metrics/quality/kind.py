"""Checkpoints and workflows, as the generic parts see them."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import F, Func, IntegerField, OuterRef, Subquery, TextField, Value
from django.db.models.fields.json import KT, KeyTransform
from django.db.models.functions import Cast, Coalesce, Concat, LPad
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metrics.models import Checkpoint, CheckpointState, Workflow
from metrics.quality import judging
from metrics.quality.documents import CheckpointSerializer, WorkflowSerializer
from metrics.quality.rules import DIMENSIONS, TOOLS, verdict_now
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.registry.models import VersionRecord
from portal.web import cells, marks

_ORDERS = [("key", "key"), ("name", "name"), ("updated_at", "updated_at"), ("version", "version")]


class CheckpointFilter(EntryFilter):
    """Filters of the list of checkpoints."""

    dataset = django_filters.CharFilter(field_name="dataset__key", label=_("Dataset"), max_length=60)
    dimension = django_filters.ChoiceFilter(choices=DIMENSIONS, label=_("Readiness row"))
    ordering = django_filters.OrderingFilter(fields=_ORDERS, label=_("Order"))

    class Meta:
        model = Checkpoint
        fields: list[str] = []


class WorkflowFilter(EntryFilter):
    """Filters of the list of workflows."""

    ordering = django_filters.OrderingFilter(fields=_ORDERS, label=_("Order"))

    class Meta:
        model = Workflow
        fields: list[str] = []


def _verdict(row: Any, now: datetime) -> SafeString:
    """What is known now; in a list of the past nothing, for it was another one."""
    if isinstance(row, VersionRecord) or row.verdict is None:
        return format_html('<span class="faint">{}</span>', "–")
    return marks.state(verdict_now(row.verdict, row.stale_at, now))


def _run(row: Any, now: datetime) -> SafeString:
    if isinstance(row, VersionRecord):
        return format_html('<span class="faint">{}</span>', "–")
    return marks.ago(row.run_at, now)


def _dataset(row: Any, now: datetime) -> SafeString:
    return format_html('<bdi class="mono" dir="ltr">{}</bdi>', row.of_dataset or "–")


def _tool(row: Any, now: datetime) -> SafeString:
    return format_html("{}", dict(TOOLS).get(row.tool, row.tool or "–"))


def _count(row: Any, now: datetime) -> SafeString:
    return format_html("{}", row.datasets)


def _length(name: str) -> Any:
    part = KeyTransform(name, F("document"))
    return Coalesce(Func(part, function="jsonb_array_length", output_field=IntegerField()), Value(0))


def _id(prefix: str) -> Concat:
    return Concat(
        Value(f"{prefix}-"),
        LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField()),
        output_field=TextField(),
    )


def _now(name: str) -> Subquery:
    """What is known of the checkpoint now; the rows may be those of its versions."""
    return Subquery(CheckpointState.objects.filter(checkpoint_id=OuterRef("id")).values(name)[:1])


_COMMON = (
    Column("owner", _("Owner"), cells.owner),
    Column("state", _("State"), cells.state),
    Column("updated", _("Changed"), cells.updated, sort="updated_at"),
)


def register_kinds() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="checkpoint",
            model=Checkpoint,
            serializer=CheckpointSerializer,
            label=_("Checkpoint"),
            label_plural=_("Checkpoints"),
            purpose=_(
                "What must hold of a dataset before anything that consumes it is promoted. Only a pass promotes."
            ),
            collection="checkpoints",
            pages="checkpoints",
            prefix="CP",
            filterset=CheckpointFilter,
            floor=judging.floor,
            touched=judging.touched,
            retiring_touches=judging.LOOSER,
            transition_problems=judging.transition_problems,
            settle=judging.settle,
            detail_template="metrics/checkpoint.html",
            links=((_("Workflows"), "workflows"),),
            summary={
                "id": _id("CP"),
                "dataset": KT("document__dataset"),
                "dimension": "dimension",
                "tool": KT("document__tool"),
            },
            blank=lambda asked: {"dimension": "data_quality", "tool": "gx"},
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section("binding", _("Binding"), ("dataset", "dimension"), _("What it looks at and where it counts.")),
                Section(
                    "runs",
                    _("Runs"),
                    ("tool", "definitions", "max_age_minutes"),
                    _("What must have run, and how long a result counts."),
                ),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column(
                    "verdict",
                    _("Verdict"),
                    _verdict,
                    needs={"verdict": _now("verdict"), "stale_at": _now("stale_at")},
                ),
                Column("run", _("Newest run"), _run, needs={"run_at": _now("run_at")}),
                Column("dataset", _("Dataset"), _dataset, needs={"of_dataset": KT("document__dataset")}),
                Column("tool", _("Tool"), _tool, needs={"tool": KT("document__tool")}),
                *_COMMON,
            ),
        )
    )
    register(
        Kind(
            name="workflow",
            model=Workflow,
            serializer=WorkflowSerializer,
            label=_("Workflow"),
            label_plural=_("Workflows"),
            purpose=_("What consumes datasets: promoted only while every checkpoint of what it consumes passes."),
            collection="workflows",
            pages="workflows",
            prefix="WF",
            filterset=WorkflowFilter,
            floor=judging.floor,
            touched=judging.workflow_touched,
            transition_problems=judging.workflow_problems,
            settle=judging.settle_workflow,
            detail_template="metrics/workflow.html",
            links=((_("Checkpoints"), "checkpoints"),),
            summary={"id": _id("WF"), "consumes": KeyTransform("consumes", F("document"))},
            sections=(
                Section(
                    "identity",
                    _("Identity"),
                    ("name", "name_ar", "key", "description", "description_ar", "address", "owner"),
                ),
                Section("consumes", _("Consumes"), ("consumes",), _("Each must have a checkpoint that passes.")),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("datasets", _("Datasets"), _count, needs={"datasets": _length("consumes")}),
                *_COMMON,
            ),
        )
    )
