"""Exceptions, as the generic parts see them."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast, Concat, LPad, Now
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.web import cells, marks
from severity.exceptions import judging
from severity.exceptions.documents import ExceptionSerializer
from severity.models import GateException


class ExceptionFilter(EntryFilter):
    """Filters of the list of exceptions."""

    live = django_filters.BooleanFilter(method="by_clock", label=_("Alive"))
    release = django_filters.CharFilter(field_name="release__key", label=_("Release"), max_length=60)
    incident = django_filters.NumberFilter(field_name="incident_id", label=_("Incident"), min_value=1, max_value=2**62)
    ordering = django_filters.OrderingFilter(
        fields=[("key", "key"), ("name", "name"), ("expires_at", "expires_at"), ("updated_at", "updated_at")],
        label=_("Order"),
    )

    def by_clock(self, queryset: Any, name: str, value: bool) -> Any:
        """Whether it lifts its block at this moment."""
        alive = queryset.filter(state="active", expires_at__gt=Now())
        return alive if value else queryset.exclude(pk__in=alive.values("pk"))

    class Meta:
        model = GateException
        fields: list[str] = []


def _incident(row: Any, now: datetime) -> SafeString:
    return format_html(
        '<a href="/incidents/INC-{0}/"><bdi class="mono" dir="ltr">INC-{0}</bdi></a>', str(row.incident_id)
    )


def _release(row: Any, now: datetime) -> SafeString:
    text = '<a href="/releases/{}/"><bdi class="mono" dir="ltr">{}</bdi></a>'
    return format_html(text, row.release_key, row.release_key.upper())


def _expires(row: Any, now: datetime) -> SafeString:
    if row.state != "active":
        return marks.state("ended")
    if row.expires_at <= now:
        return format_html('<span class="two">{}{}</span>', marks.state("expired"), marks.ago(row.expires_at, now))
    return marks.until(row.expires_at, now)


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="exception",
            model=GateException,
            serializer=ExceptionSerializer,
            label=_("Exception"),
            label_plural=_("Exceptions"),
            purpose=_(
                "A V2 that a release may live with, on named people's word, until a named moment. Never for a V3."
            ),
            collection="exceptions",
            pages="exceptions",
            prefix="EXC",
            filterset=ExceptionFilter,
            floor=judging.floor,
            transition_problems=judging.transition_problems,
            settle=judging.settle,
            blank=judging.blank,
            detail_template="severity/exception.html",
            links=((_("Releases"), "releases"),),
            summary={
                "id": Concat(
                    Value("EXC-"),
                    LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField()),
                    output_field=TextField(),
                ),
                "incident": Concat(Value("INC-"), Cast("incident_id", TextField()), output_field=TextField()),
                "release": "release__key",
                "expires_at": "expires_at",
            },
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section(
                    "what",
                    _("What is let through"),
                    ("incident", "release", "reason", "expires_at"),
                    _("Whether it is alive is judged by the clock: past its end the block is back by itself."),
                ),
            ),
            columns=(
                Column("name", _("Exception"), cells.name, sort="name"),
                Column("incident", _("Incident"), _incident),
                Column("release", _("Release"), _release, needs={"release_key": F("release__key")}),
                Column("expires", _("Expires"), _expires, sort="expires_at"),
                Column("owner", _("Owner"), cells.owner),
                Column("state", _("State"), cells.state),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
