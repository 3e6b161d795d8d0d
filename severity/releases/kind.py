"""Release candidates, as the generic parts see them."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import CharField, Count, Exists, IntegerField, OuterRef, Subquery, TextField
from django.db.models.functions import Now, Upper
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.web import cells, marks
from severity.models import GateDecision, GateException, Promotion, ReleaseCandidate
from severity.readiness import STAGES
from severity.releases import judging
from severity.releases.documents import ReleaseSerializer

_NEWEST = GateDecision.objects.filter(release_key=OuterRef("key")).order_by("-id")
_SIGNED = Promotion.objects.filter(release_id=OuterRef("id")).order_by("-id")


# Counted without grouping the rows of the list.
_EXEMPTED = Subquery(
    GateException.objects.filter(release_id=OuterRef("id"), state="active", expires_at__gt=Now())
    .order_by()
    .values("release_id")
    .annotate(number=Count("id"))
    .values("number"),
    output_field=IntegerField(),
)


def _live() -> Any:
    """The live exceptions of a release, by the clock of the database."""
    return GateException.objects.filter(release_id=OuterRef("id"), state="active", expires_at__gt=Now())


class ReleaseFilter(EntryFilter):
    """Filters of the list of releases."""

    stage = django_filters.MultipleChoiceFilter(
        distinct=False, choices=[(one, one) for one in STAGES], label=_("Stage")
    )
    excepted = django_filters.BooleanFilter(method="by_exception", label=_("Under an exception"))
    ordering = django_filters.OrderingFilter(
        fields=[("key", "key"), ("name", "name"), ("updated_at", "updated_at"), ("version", "version")],
        label=_("Order"),
    )

    def by_exception(self, queryset: Any, name: str, value: bool) -> Any:
        """Whether an exception is alive for it."""
        return queryset.filter(Exists(_live()) if value else ~Exists(_live()))

    class Meta:
        model = ReleaseCandidate
        fields: list[str] = []


def _name(row: Any, now: datetime) -> SafeString:
    text = '<span class="two"><a href="{}"><bdi class="mono" dir="ltr">{}</bdi></a><bdi>{}</bdi></span>'
    return format_html(text, row.get_absolute_url(), row.human_id, row.local_name)


def _commit(row: Any, now: datetime) -> SafeString:
    text = (
        '<span class="two"><bdi class="mono" dir="ltr" title="{}">{}</bdi><bdi class="mono" dir="ltr">{}</bdi></span>'
    )
    return format_html(text, row.commit, row.commit[:12], row.build)


def _stage(row: Any, now: datetime) -> SafeString:
    return marks.state(row.stage)


def _verdict(row: Any, now: datetime) -> SafeString:
    """What the gate last said, and when: the page of the release asks it anew."""
    if row.asked_at is None:
        return format_html('<span class="faint">{}</span>', _("never asked"))
    badge = marks.gate("ok" if row.allowed else "blocked")
    text = '<span class="two"><span class="row">{}<span>{}</span></span><span class="faint">{}</span></span>'
    return format_html(text, badge, _("to %s") % row.asked_to, marks.ago(row.asked_at, now))


def _rows(row: Any, now: datetime) -> SafeString:
    if not row.asked_rows:
        return format_html('<span class="faint">{}</span>', "–")
    told = list(row.asked_rows.values())
    numbers = "/".join(str(told.count(one)) for one in ("ok", "risk", "blocked"))
    return format_html('<bdi class="mono" dir="ltr">{}</bdi>', numbers)


def _exceptions(row: Any, now: datetime) -> SafeString:
    return format_html("{}", row.exempted or "–")


def _signed(row: Any, now: datetime) -> SafeString:
    return marks.ago(row.signed_at, now) if row.signed_at else format_html('<span class="faint">{}</span>', "–")


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="release",
            model=ReleaseCandidate,
            serializer=ReleaseSerializer,
            label=_("Release"),
            label_plural=_("Releases"),
            purpose=_(
                "A commit and a build on their way from dev to prod. The gate says how far they may go, and why not."
            ),
            collection="releases",
            pages="releases",
            prefix="R",
            filterset=ReleaseFilter,
            floor=judging.floor,
            transition_problems=judging.transition_problems,
            settle=judging.settle,
            blank=judging.blank,
            detail_template="severity/release.html",
            wide=True,
            links=((_("Compare"), "releases-compare"), (_("Exceptions"), "exceptions")),
            summary={
                "id": Upper("key", output_field=TextField()),
                "commit": "commit",
                "build": "build",
                "stage": "stage",
            },
            sections=(
                Section(
                    "identity", _("Identity"), ("key", "name", "name_ar", "description", "description_ar", "owner")
                ),
                Section("build", _("Commit and build"), ("repository", "commit", "build", "notes")),
                Section("stage", _("Stage"), ("stage",), _("One step at a time, by a change of this alone.")),
            ),
            columns=(
                Column("name", _("Release"), _name, sort="name"),
                Column("commit", _("Commit and build"), _commit),
                Column("stage", _("Stage"), _stage),
                Column(
                    "rows",
                    _("OK/Risk/Blocked when asked"),
                    _rows,
                    needs={"asked_rows": Subquery(_NEWEST.values("rows")[:1])},
                ),
                Column("exceptions", _("Exceptions"), _exceptions, needs={"exempted": _EXEMPTED}),
                Column(
                    "verdict",
                    _("Gate"),
                    _verdict,
                    needs={
                        "asked_at": Subquery(_NEWEST.values("at")[:1]),
                        "asked_to": Subquery(_NEWEST.values("to_stage")[:1], output_field=CharField()),
                        "allowed": Subquery(_NEWEST.values("allowed")[:1]),
                    },
                ),
                Column("signed", _("Signed"), _signed, needs={"signed_at": Subquery(_SIGNED.values("at")[:1])}),
                Column("owner", _("Owner"), cells.owner),
                Column("state", _("State"), cells.state),
            ),
        )
    )
