"""The board of incidents: by state, V3 above all, each column bounded."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.roles import Permission, may
from portal.web.views.base import PageView
from severity.answers import due_of
from severity.duties import next_due
from severity.incident_words import DUTIES
from severity.models import Incident, IncidentState
from severity.pages import cause_of, tabs
from severity.rules import Level

SHOWN = 20
RECENT = timedelta(days=7)
COLUMNS = (
    (IncidentState.OPEN, gettext_lazy("Detected")),
    (IncidentState.ACKNOWLEDGED, gettext_lazy("Acknowledged")),
    (IncidentState.MITIGATED, gettext_lazy("Mitigated")),
)


class Board(PageView):
    """What is burning, by how far people have come with it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The board; it renews itself."""
        lasting = Incident.objects.unresolved()
        worst = Q(severity=Level.V3.value)
        rows = lasting.exclude(worst).order_by().values_list("state").annotate(count=Count("id"))
        counts: dict[str, int] = dict(rows)
        over = Incident.objects.filter(state=IncidentState.RESOLVED, resolved_at__gte=self.now - RECENT)
        columns = [
            self._column(
                label, lasting.exclude(worst).filter(state=state).by_urgency(), counts.get(state, 0), f"?state={state}"
            )
            for state, label in COLUMNS
        ]
        columns.append(
            self._column(_("Resolved in 7 days"), over.order_by("-resolved_at", "-id"), over.count(), "?tab=resolved")
        )
        pinned = self._column("", lasting.filter(worst).by_urgency(), lasting.filter(worst).count(), "?severity=V3")
        context = {
            "pinned": pinned,
            "columns": columns,
            "tabs": tabs("board"),
            "may_work": may(self.actor, Permission.WORK_INCIDENT),
            "empty": not pinned["count"] and not any(one["count"] for one in columns),
        }
        return render(request, "severity/board.html", context)

    @staticmethod
    def _column(label: Any, rows: QuerySet[Incident], count: int, query: str) -> dict[str, Any]:
        shown: list[Incident] = list(rows.visible()[:SHOWN]) if count else []  # type: ignore[attr-defined] # our own queryset
        return {
            "label": label,
            "count": count,
            "shown": len(shown),
            "href": f"{reverse('incidents')}{query}",
            "cards": [Board._card(one) for one in shown],
        }

    @staticmethod
    def _card(incident: Incident) -> dict[str, Any]:
        due = next_due(due_of(incident), incident.state) if not incident.resolved else None
        return {
            "incident": incident,
            "cause": cause_of(incident),
            "duty": DUTIES[due[0]] if due else "",
            "due": due[1] if due else None,
        }
