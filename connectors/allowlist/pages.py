"""Pages of agents: who is named by allowlists, and what one of them may call and was refused."""

from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.allowlist import shown
from connectors.models import AgentAllowlist, CallCount
from portal.ordering import Ordering
from portal.roles import Permission
from portal.web.views.base import PageView
from portal.web.views.listing import Listing


class AgentFilter(django_filters.FilterSet):
    """Words of the key."""

    q = django_filters.CharFilter(
        field_name="agent", lookup_expr="icontains", label=gettext_lazy("Search"), max_length=60
    )
    ordering = Ordering(agent="agent", changed_at="changed_at", calls="calls", refused="refused")

    class Meta:
        model = AgentAllowlist
        fields: list[str] = []


def _calls(where: Q) -> Any:
    counts = CallCount.objects.filter(where, agent=OuterRef("agent")).values("agent")
    return Coalesce(
        Subquery(counts.annotate(n=Sum("calls")).values("n"), output_field=BigIntegerField()), 0,
        output_field=BigIntegerField(),
    )  # fmt: skip


class AgentList(PageView):
    """Every agent that an allowlist names or has named."""

    permission = Permission.READ_ALLOWLIST
    is_list = True

    def _rows(self) -> QuerySet[AgentAllowlist]:
        since = self.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=24)
        return AgentAllowlist.objects.annotate(
            calls=_calls(Q(hour__gte=since, reason="")), refused=_calls(Q(hour__gte=since) & ~Q(reason=""))
        )

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        listing = Listing(request, AgentFilter, self._rows(), sort="agent")
        context = listing.context()
        context |= {
            "any": bool(context["rows"]) or AgentAllowlist.objects.exists(),
            "columns": [
                {"label": _("Agent"), "sort": "agent"},
                {"label": _("Allowlist changed"), "sort": "changed_at"},
                {"label": _("Calls 24 h"), "numeric": True, "sort": "calls"},
                {"label": _("Refused 24 h"), "numeric": True, "sort": "refused"},
            ],
        }
        return render(request, "connectors/agents.html", context)


class AgentPage(PageView):
    """What one agent may call, and what it was refused."""

    permission = Permission.READ_ALLOWLIST

    def get(self, request: HttpRequest, agent: str) -> HttpResponse:
        """The page."""
        known = AgentAllowlist.objects.filter(agent=agent).first()
        if known is None:
            raise Http404
        context = shown.of_agent(agent, self.now) | {
            "agent": known,
            "crumbs": [{"label": _("Agents"), "href": reverse("agents")}],
        }
        return render(request, "connectors/agent.html", context)
