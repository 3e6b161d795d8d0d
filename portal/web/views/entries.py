"""Pages of the entries of every kind: list, detail, versions."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.audit.models import AuditLine
from portal.changes.models import OPEN_STATES, ChangeRequest
from portal.people.models import Team
from portal.people.names import names_of
from portal.refusals import Invalid
from portal.registry import kinds
from portal.registry.kinds import Kind, Tab
from portal.registry.models import Entry
from portal.registry.twins import local_name_in_document
from portal.roles import may
from portal.web.diffs import field_changes, unified
from portal.web.document_form import meter_segments
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response

VERSIONS_SHOWN = 50


def kind_of_pages(pages: str) -> Kind:
    """The kind under this address, or 404."""
    for kind in kinds.all_kinds():
        if kind.pages == pages:
            return kind
    raise Http404


class KindView(PageView):
    """A page of one kind."""

    kind: Kind

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.kind = kind_of_pages(kwargs["pages"])

    def entry(self, key: str) -> Any:
        """The entry of this kind, and of no other, or 404."""
        return get_object_or_404(self.kind.entries(), key=key)


def parse_moment(text: str) -> datetime | None:
    """The moment that `as_of` names, in the zone of the portal unless it names one; None where it names none."""
    if not text:
        return None
    try:
        found = parse_datetime(text.replace(" ", "+")) or parse_datetime(f"{text}T23:59:59")
    except ValueError:
        found = None
    if found is None:
        raise Invalid("as_of", _("“%s” is no moment: write 2026-11-23 or 2026-11-23T14:30.") % text[:40])
    return found if timezone.is_aware(found) else timezone.make_aware(found)


class EntryList(KindView):
    """The list of one kind, with the registrations that are still on their way."""

    is_list = True

    def get(self, request: HttpRequest, pages: str) -> HttpResponseBase:
        """The page, or CSV with `?format=csv`."""
        moment = parse_moment(request.GET.get("as_of", ""))
        listing = Listing(request, self.kind.filterset, self.kind.listed(moment), sort="name")
        listing.form.fields.pop("kind", None)
        if request.GET.get("format") == "csv":
            own = self.kind.exports if moment is None else ()
            rows = ([entry.human_id, entry.key, entry.name, entry.name_ar, entry.owner.key, entry.state, entry.version,
                     entry.updated_at.isoformat(), *(one(entry) for _name, one in own)]
                    for entry in listing.queryset.iterator(500))  # fmt: skip
            head = ["id", "key", "name", "name_ar", "owner", "state", "version", "changed"]
            head += [name for name, _one in own]
            return csv_response(pages, head, rows)
        columns = [{"label": one.title, "name": one.name, "sort": one.sort} for one in self.kind.columns]
        waiting = (
            ChangeRequest.objects.visible()
            .filter(kind=self.kind.name, base_version=0, state__in=OPEN_STATES)
            .annotate(object_name=local_name_in_document())
            .defer("document", "evidence")
            .order_by("-id")[:10]
        )
        context = listing.context()
        now = timezone.now()
        context |= {
            "kind": self.kind,
            "columns": columns,
            "rows": [
                (row.get_absolute_url(), [column.cell(row, now) for column in self.kind.columns])
                for row in context["rows"]
            ],
            "sort": request.GET.get("sort", "name"),
            "moment": moment,
            "as_of": request.GET.get("as_of", ""),
            "waiting": list(waiting) if not listing.active and moment is None else [],
            "new_url": reverse("entry-new", args=[pages]),
            "teams": list(Team.objects.order_by("key").values("key", "name")) if self.kind.bulk_template else [],
            "may_propose": may(self.actor, self.kind.proposers) and not (self.kind.single and context["total"]),
        }
        return render(request, "generic/list.html", context)


class EntryDetail(KindView):
    """One entry: its document by section, its versions, its changes, its audit."""

    first = (("", gettext_lazy("Summary")),)
    last = (
        ("document", gettext_lazy("Document")),
        ("versions", gettext_lazy("Versions")),
        ("activity", gettext_lazy("Activity")),
    )

    def get(self, request: HttpRequest, pages: str, key: str) -> HttpResponse:
        """One tab of it."""
        entry = self.entry(key)
        tab = request.GET.get("tab", "")
        brought: list[Tab] = [import_string(path) for path in settings.ENTRY_TABS.get(self.kind.name, ())]
        own = {one.name: one for one in (*self.kind.tabs, *brought)}
        tabs = (*self.first, *((one.name, one.title) for one in own.values()), *self.last)
        _document, problems = self.kind.check(entry.document)
        completeness = self.kind.completeness(problems)
        context: dict[str, Any] = {
            "kind": self.kind,
            "entry": entry,
            "tab": tab,
            "tabs": [
                {"label": label, "href": f"?tab={name}" if name else "?", "current": name == tab}
                for name, label in tabs
            ],
            "tab_template": own[tab].template if tab in own else "",
            "segments": meter_segments(self.kind, completeness, base="?"),
            "open_changes": list(
                ChangeRequest.objects.visible().filter(kind=self.kind.name, key=key, state__in=OPEN_STATES)
            ),
            "may_propose": may(self.actor, self.kind.proposers),
            "crumbs": [
                {"label": self.kind.label_plural, "href": reverse(self.kind.pages)},
                {"label": entry.local_name},
            ],
        }
        asked, now = request.GET.dict(), timezone.now()
        context |= self.kind.head(entry, asked, now)
        if tab in own:
            context |= own[tab].context(entry, asked, now)
        elif not tab:
            context |= self.kind.detail(entry, asked, now)
        if not tab and not self.kind.detail_template:
            context["fields"] = field_changes(self.kind, None, entry.document)
        if tab == "document":
            context["lines"] = unified(None, entry.document)
        elif tab == "versions":
            context["versions"] = list(
                type(entry).history.model._default_manager.filter(id=entry.pk)
                .values("version", "state", "digest", "actor_name", "change_id", "history_date", "change__summary",
                        "change__author__username")
                .order_by("-version")[:VERSIONS_SHOWN]
            )  # fmt: skip
            names = names_of(
                one[by] for one in context["versions"] for by in ("actor_name", "change__author__username")
            )
            for one in context["versions"]:
                one["author"], one["applied_by"] = names[one["change__author__username"]], names[one["actor_name"]]
        elif tab == "activity":
            context["audit"] = list(AuditLine.objects.filter(object_kind=self.kind.name, object_key=key)[:100])
        return render(request, "generic/detail.html", context)


class EntryDiff(KindView):
    """Two versions side by side: `?from=3&to=5`."""

    def get(self, request: HttpRequest, pages: str, key: str) -> HttpResponse:
        """Field by field and unified."""
        entry: Entry = self.entry(key)
        newer = self._version(entry, request.GET.get("to", str(entry.version)))
        older_number = request.GET.get("from", str(newer.version - 1))
        older = self._version(entry, older_number) if older_number != "0" else None
        context = {
            "kind": self.kind,
            "entry": entry,
            "older": older,
            "newer": newer,
            "changes": field_changes(self.kind, older.document if older else None, newer.document),
            "lines": unified(older.document if older else None, newer.document),
            **(self.kind.compared(older.document, newer.document) if older else {}),
            "crumbs": [
                {"label": self.kind.label_plural, "href": reverse(self.kind.pages)},
                {"label": entry.local_name, "href": f"{reverse('entry', args=[pages, key])}?tab=versions"},
                {"label": _("Compare versions")},
            ],
        }
        return render(request, "generic/diff.html", context)

    def _version(self, entry: Entry, number: str) -> Any:
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise Http404
        history: Any = type(entry).history.model
        return get_object_or_404(history._default_manager.all(), id=entry.pk, version=int(number))
