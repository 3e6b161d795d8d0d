"""The audit log."""

import django_filters
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.audit.models import AuditLine
from portal.roles import ActorType, Permission
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response


class AuditFilter(django_filters.FilterSet):
    """Actor, action and object."""

    actor = django_filters.CharFilter(field_name="actor_name", label=gettext_lazy("Actor"))
    actor_type = django_filters.ChoiceFilter(choices=ActorType.choices, label=gettext_lazy("Actor type"))
    action = django_filters.CharFilter(lookup_expr="startswith", label=gettext_lazy("Action"))
    object = django_filters.CharFilter(field_name="object_key", label=gettext_lazy("Object"))

    class Meta:
        model = AuditLine
        fields: list[str] = []


class AuditLog(PageView):
    """Every write, newest first. Read-only."""

    permission = Permission.READ_AUDIT
    is_list = True

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The page, or CSV with `?format=csv`."""
        listing = Listing(request, AuditFilter, AuditLine.objects.order_by("-id"))
        if request.GET.get("format") == "csv":
            rows = ([line.at.isoformat(), line.actor_name, line.actor_type, line.action, line.object_kind,
                     line.object_key, line.change_id, line.before_digest, line.after_digest, line.correlation_id, line.address]
                    for line in listing.queryset.iterator(1000))  # fmt: skip
            head = [
                "at",
                "actor",
                "actor_type",
                "action",
                "kind",
                "key",
                "change",
                "before",
                "after",
                "correlation_id",
                "address",
            ]
            return csv_response("audit", head, rows)
        columns = [
            {"label": label}
            for label in (_("Time"), _("Actor"), _("Action"), _("Object"), _("Change"), _("From address"), _("Digest"))
        ]
        return render(request, "audit.html", listing.context() | {"columns": columns})
