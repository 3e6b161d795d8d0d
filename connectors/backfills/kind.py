"""Backfills, as the generic parts see them."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Count, F, IntegerField, Max, OuterRef, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat, Greatest, LPad
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from connectors.backfills import estimating, judging
from connectors.backfills.documents import BackfillSerializer
from connectors.backfills.progress import is_stalled
from connectors.backfills.shown import shown
from connectors.models import Backfill, BackfillJob, JobState, Partition, PartitionState
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.web import cells, marks


class BackfillFilter(EntryFilter):
    """Filters of the list of backfills."""

    sync = django_filters.CharFilter(field_name="connector__key", label=_("Data movement"), max_length=60)
    job = django_filters.MultipleChoiceFilter(
        distinct=False, field_name="job__state", choices=JobState.choices, label=_("Work")
    )
    ordering = django_filters.OrderingFilter(
        fields=[
            ("key", "key"), ("name", "name"), ("window_from", "window_from"), ("updated_at", "updated_at"),
            ("version", "version"),
        ],
        label=_("Order"),
    )  # fmt: skip

    class Meta:
        model = Backfill
        fields: list[str] = []


def _parts(**where: Any) -> Any:
    """How many parts there are; the rows may be those of versions of the past."""
    rows = Partition.objects.filter(job__backfill_id=OuterRef("id"), **where).order_by()
    counted = rows.values("job_id").annotate(number=Count("id")).values("number")
    return Subquery(counted, output_field=IntegerField())


def _newest(of: Any, **where: Any) -> Any:
    rows = Partition.objects.filter(job__backfill_id=OuterRef("id"), **where).order_by()
    return Subquery(rows.values("job_id").annotate(newest=Max(of)).values("newest"))


_JOB = Subquery(BackfillJob.objects.filter(backfill_id=OuterRef("id")).values("state")[:1])


def _sync(row: Any, now: datetime) -> SafeString:
    return format_html('<a href="/syncs/{0}/?tab=runbook"><bdi class="mono" dir="ltr">{0}</bdi></a>', row.sync_key)


def _window(row: Any, now: datetime) -> SafeString:
    text = '<span class="two"><bdi class="mono" dir="ltr">{}</bdi><bdi class="mono" dir="ltr">{}</bdi></span>'
    since, until = (f"{timezone.localtime(at):%Y-%m-%d %H:%M}" for at in (row.window_from, row.window_to))
    return format_html(text, since, until)


def _work(row: Any, now: datetime) -> SafeString:
    if row.job_state is None:
        return format_html('<span class="faint">{}</span>', "–")
    number = '<bdi class="faint small" dir="ltr">{}/{}</bdi>'
    parts = format_html(number, row.parts_done or 0, row.parts or 0)
    left = (row.parts or 0) - (row.parts_done or 0)
    stalled = is_stalled(row.job_state, left=left, held=row.held, sign=row.sign, now=now)
    return format_html('<span class="two">{}{}</span>', marks.state("stalled" if stalled else row.job_state), parts)


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="backfill",
            model=Backfill,
            serializer=BackfillSerializer,
            label=_("Backfill"),
            label_plural=_("Backfills"),
            purpose=_("A window of a data movement that is loaded again in parts, once it is approved."),
            collection="backfills",
            pages="backfills",
            prefix="BF",
            filterset=BackfillFilter,
            floor=judging.floor,
            transition_problems=judging.transition_problems,
            retiring_problems=judging.retiring_problems,
            settle=judging.settle,
            states=judging.STATES,
            impact=estimating.impact_of,
            advice=estimating.advice,
            blank=estimating.blank,
            detail=shown,
            wide=True,
            detail_template="connectors/backfills/summary.html",
            links=((_("Data syncs"), "syncs"),),
            summary={
                "id": Concat(
                    Value("BF-"),
                    LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField()),
                    output_field=TextField(),
                ),
                "sync": "connector__key",
                "window_from": "window_from",
                "window_to": "window_to",
            },
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section(
                    "window",
                    _("What is loaded again"),
                    ("sync", "streams", "window_from", "window_to", "partition_hours"),
                    _("Fixed once it is registered: what was signed is what is loaded."),
                ),
                Section(
                    "estimate",
                    _("Why, and what it takes"),
                    ("reason", "estimate"),
                    _(
                        "Rows as the runs so far suggest; what it costs and whom it touches, those who sign want to know."
                    ),
                ),
                Section(
                    "runbook", _("Runbook"), ("runbook_digest",), _("How it is done: the runbook of the data movement.")
                ),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("sync", _("Data movement"), _sync, needs={"sync_key": F("connector__key")}),
                Column("window", _("Window"), _window, sort="window_from"),
                Column(
                    "work",
                    _("Work"),
                    _work,
                    needs={
                        "job_state": _JOB,
                        "parts": _parts(),
                        "parts_done": _parts(state=PartitionState.DONE),
                        "held": _newest("lease_until", state=PartitionState.RUNNING),
                        "sign": _newest(Greatest("started_at", "ended_at")),
                    },
                ),
                Column("owner", _("Owner"), cells.owner),
                Column("state", _("State"), cells.state),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
