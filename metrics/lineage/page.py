"""`/lineage/`: the graph as a drawing and as a table, and where lineage is kept."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext_lazy as _

from metrics.lineage.drawing import draw
from metrics.lineage.graph import STATES, around
from metrics.models import NodeKind
from metrics.reads import lineage_choice
from portal.refusals import Refusal
from portal.roles import Permission, may
from portal.web.views.base import PageView

# What each state means, under the drawing.
MEANINGS = {
    "proven": _("seen in a completed run and declared"),
    "declared": _("declared and never seen"),
    "stale": _("not seen any more"),
    "undeclared": _("seen in a completed run, declared nowhere"),
}


class LineagePage(PageView):
    """The graph around something; filters by state leave the drawing as it is and thin the table."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; `focus`, `depth` and `state` in its address."""
        focus, depth, state = (request.GET.get(name, "") for name in ("focus", "depth", "state"))
        hops = int(depth) if depth in ("1", "2", "3", "4") else 2
        context: dict[str, Any] = {
            "focus": focus,
            "depth": str(hops),
            "state": state if state in STATES else "",
            "meanings": [{"name": name, "words": words} for name, words in MEANINGS.items()],
            "kinds": NodeKind.labels,
            "choice": lineage_choice(),
            "may_record": may(self.actor, Permission.PROPOSE),
        }
        status = 200
        try:
            graph = around(focus, depth=hops, now=self.now)
        except Refusal as refusal:
            context["refused"], status = refusal.message, refusal.status
        else:
            counts = {name: sum(edge.state == name for edge in graph.edges) for name in STATES}
            context |= {
                "graph": graph,
                "sheet": draw(graph, mirrored=get_language_bidi()),
                "mirrored": get_language_bidi(),
                "edges": [edge for edge in graph.edges if not context["state"] or edge.state == context["state"]],
                "counts": [{"name": name, "n": counts[name]} for name in STATES],
                "any": bool(graph.edges),
            }
        return render(request, "lineage/graph.html", context, status=status)
