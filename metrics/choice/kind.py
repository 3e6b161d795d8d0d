"""The lineage choice, as the generic parts see it."""

from datetime import datetime
from typing import Any

from django.db.models import TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Concat, LPad
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from metrics.choice import judging
from metrics.choice.documents import LineageChoiceSerializer
from metrics.choice.rules import KEY
from metrics.models import LineageChoice
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Kind, Section, register
from portal.registry.models import EntryState
from portal.web import cells


class ChoiceFilter(EntryFilter):
    """Filters of the list, which has one row."""

    class Meta:
        model = LineageChoice
        fields: list[str] = []


def _choice(row: Any, now: datetime) -> SafeString:
    return format_html('<bdi class="mono" dir="ltr">{}</bdi>', row.choice)


def _decision(row: Any, now: datetime) -> SafeString:
    address = reverse("entry", args=["decisions", row.decision])
    return format_html('<a href="{}"><bdi class="mono" dir="ltr">{}</bdi></a>', address, row.decision.upper())


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="lineage_choice",
            model=LineageChoice,
            serializer=LineageChoiceSerializer,
            label=_("Lineage choice"),
            label_plural=_("Lineage choice"),
            purpose=_("Where lineage is kept. There is one choice; only an accepted decision changes it."),
            collection="lineage-choice",
            pages="lineage-choice",
            prefix="LC",
            filterset=ChoiceFilter,
            floor=judging.floor,
            transition_problems=judging.transition_problems,
            states=frozenset({EntryState.ACTIVE}),
            single=True,
            detail_template="metrics/choice.html",
            links=((_("Decisions"), "decisions"),),
            blank=lambda asked: {"key": KEY, "name": "Lineage", "choice": "", "decision": ""},
            summary={
                "id": Concat(
                    Value("LC-"),
                    LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField()),
                    output_field=TextField(),
                ),
                "choice": "choice",
                "decision": KT("document__decision"),
            },
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section(
                    "choice",
                    _("Choice"),
                    ("choice", "decision", "alternatives"),
                    _("The decision comes first: it names the topic lineage and this choice."),
                ),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("choice", _("Choice"), _choice),
                Column("decision", _("Decision"), _decision, needs={"decision": KT("document__decision")}),
                Column("owner", _("Owner"), cells.owner),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
