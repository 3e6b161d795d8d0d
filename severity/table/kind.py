"""The severity table as a kind of entry."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.operations.services import database_now
from portal.registry.documents import Document
from portal.registry.filters import EntryFilter
from portal.registry.kinds import Column, Impact, Kind, Section, register
from portal.registry.models import EntryState
from portal.registry.rules import Floor
from portal.roles import Permission
from portal.web import cells
from severity.models import SeverityTable
from severity.table.documents import SeverityTableSerializer, table_of
from severity.table.documents import baseline_document as baseline
from severity.table.dry_run import DAYS, dry_run
from severity.table.services import settle

_SHOWN_IN_REVIEW = 10


class SeverityTableFilter(EntryFilter):
    """Filters of the list, which has one row."""

    class Meta:
        model = SeverityTable
        fields: list[str] = []


def _strictest(document: Document) -> Floor:
    """Whatever it says: what is judged how bad decides what may ship."""
    return Floor(approval=3, read_only=False)


def _version(row: Any, now: datetime) -> SafeString:
    return format_html("v{}", row.version)


def impact_of(key: str, before: Document | None, after: Document) -> list[Impact]:
    """The incidents of the last days that this table would have opened at another level."""
    found = dry_run(table_of(after, version=0), now=database_now(), shown=_SHOWN_IN_REVIEW)
    words = gettext("%(count)d of %(all)d incidents of the last %(days)d days would have been opened at another level")
    told = [Impact(words % {"count": found.differ, "all": found.looked_at, "days": DAYS}, gettext("all of them"),
                   reverse("severity-test"))]  # fmt: skip
    told += [
        Impact(f"{one.before.name} → {one.after.name}", gettext("%d incidents") % one.count) for one in found.moved
    ]
    told += [
        Impact(f"{one.before.name} → {one.after.name}", str(one.incident), one.incident.get_absolute_url())
        for one in found.newest
    ]
    return told


def register_kind() -> None:
    """Called once, when the app is ready."""
    register(
        Kind(
            name="severity_table",
            model=SeverityTable,
            serializer=SeverityTableSerializer,
            label=_("Severity table"),
            label_plural=_("Severity table"),
            purpose=_(
                "How bad each slip is, and by when each level must be acknowledged, updated and resolved."
                " It can be made stricter, never milder."
            ),
            built_in=_(
                "The built-in table decides until one of your own is registered; that one can only be stricter."
            ),
            collection="severity-table",
            pages="severity-table",
            prefix="ST",
            filterset=SeverityTableFilter,
            floor=_strictest,
            proposers=Permission.PROPOSE_SEVERITY,
            single=True,
            states=frozenset({EntryState.ACTIVE}),
            links=((_("Dry run"), "severity-test"),),
            blank=lambda asked: baseline(),
            impact=impact_of,
            settle=settle,
            sections=(
                Section(
                    "identity", _("Identity"), ("name", "name_ar", "key", "description", "description_ar", "owner")
                ),
                Section("levels", _("Levels"), ("levels",), _("The domain's level is the least. Less is refused.")),
                Section("clocks", _("Clocks"), ("clocks",), _("Empty where a level does not ask for it.")),
                Section("runbooks", _("Runbooks"), ("runbooks",), _("The steps that an incident shows, to be ticked.")),
                Section("readiness", _("Readiness"), ("stale_days",)),
            ),
            columns=(
                Column("name", _("Name"), cells.name, sort="name"),
                Column("owner", _("Owner"), cells.owner),
                Column("version", _("Version"), _version),
                Column("state", _("State"), cells.state),
                Column("updated", _("Changed"), cells.updated, sort="updated_at"),
            ),
        )
    )
