"""The audit log and the search."""

import django_filters
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.audit.models import AuditLine
from portal.changes.models import ChangeRequest
from portal.registry import finding
from portal.registry.kinds import Kind
from portal.registry.models import Entry
from portal.roles import ActorType, Permission
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response

FOUND = 20


class AuditFilter(django_filters.FilterSet):
    """Actor, action and object."""

    actor = django_filters.CharFilter(field_name="actor_name", lookup_expr="icontains", label=gettext_lazy("Actor"))
    actor_type = django_filters.ChoiceFilter(choices=ActorType.choices, label=gettext_lazy("Actor type"))
    action = django_filters.CharFilter(lookup_expr="startswith", label=gettext_lazy("Action"))
    object = django_filters.CharFilter(field_name="object_key", label=gettext_lazy("Object"))

    class Meta:
        model = AuditLine
        fields: list[str] = []


class AuditLog(PageView):
    """Every write, newest first. Read-only."""

    permission = Permission.READ_AUDIT

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The page, or CSV with `?format=csv`."""
        listing = Listing(request, AuditFilter, AuditLine.objects.order_by("-id"))
        if request.GET.get("format") == "csv":
            rows = ([line.at.isoformat(), line.actor_name, line.actor_type, line.action, line.object_kind,
                     line.object_key, line.change_id, line.before_digest, line.after_digest, line.correlation_id]
                    for line in listing.queryset.iterator(1000))  # fmt: skip
            head = ["at", "actor", "actor_type", "action", "kind", "key", "change", "before", "after", "correlation_id"]
            return csv_response("audit", head, rows)
        columns = [
            {"label": label} for label in (_("Time"), _("Actor"), _("Action"), _("Object"), _("Change"), _("Digest"))
        ]
        return render(request, "audit.html", listing.context() | {"columns": columns})


class Search(PageView):
    """Exact ids jump at once; otherwise names and keys."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The results."""
        query = request.GET.get("q", "").strip()[:120]
        number = query.upper().removeprefix("CHG-")
        if query.upper().startswith("CHG-") and number.isascii() and number.isdigit() and len(number) < 18:
            change = ChangeRequest.objects.filter(pk=int(number)).first()
            if change:
                return redirect(change.get_absolute_url())
        groups: list[tuple[Kind, list[Entry]]] = []
        if query:
            exact, groups = finding.found(query, most=FOUND)
            if exact is not None:
                return redirect(exact.get_absolute_url())
        found = ChangeRequest.objects.visible().filter(summary__icontains=query).defer("document", "evidence")[:FOUND]
        changes = list(found) if query else []
        context = {"search_query": query, "groups": groups, "changes": changes}
        return render(request, "search.html", context | {"found": any(rows for _kind, rows in groups) or bool(changes)})
