"""`/architecture/`: the picture and the same as tables; `?format=svg` and `?format=mermaid` to take away."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language_bidi

from connectors.diagram import mermaid
from connectors.diagram.drawing import draw
from connectors.diagram.picture import Lane, lanes
from connectors.diagram.reading import rows, words
from portal.language.lists import joined
from portal.people.models import Team
from portal.refusals import Invalid, Problem
from portal.registry.models import STANDING, EntryState
from portal.web.views.base import PageView


def asked_lanes(owner: str, state: str) -> list[Lane]:
    """The lanes of what is asked for. Raises Invalid for a state that is none, or a team that is none."""
    if state and state not in EntryState.values:
        message = f"There is no state “{state[:20]}”. Known: {', '.join(EntryState.values)}."
        raise Invalid("state", message, [Problem("state", message, "state")])
    if owner and not Team.objects.filter(key=owner[:60]).exists():
        message = f"There is no team “{owner[:60]}”."
        raise Invalid("owner", message, [Problem("owner", message, "owner")])
    return lanes(rows(owner=owner, state=state))


def svg_of(found: list[Lane], *, mirrored: bool) -> str:
    """The picture as a file of its own, with its own style and links to the portal."""
    sheet = draw(found, words(), mirrored=mirrored)
    context = {"sheet": sheet, "words": words(), "alone": True, "origin": settings.PUBLIC_URL}
    return render_to_string("connectors/diagram.svg", context).strip() + "\n"


def mermaid_of(found: list[Lane], *, mirrored: bool) -> str:
    """The same as text of Mermaid."""
    return mermaid.text(found, words(), settings.PUBLIC_URL, mirrored=mirrored)


class Architecture(PageView):
    """The picture of what is registered."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page, or a file."""
        owner, state = (request.GET.get(name, "").strip() for name in ("owner", "state"))
        found = asked_lanes(owner, state)
        mirrored = get_language_bidi()
        if request.GET.get("format") == "svg":
            return _file(svg_of(found, mirrored=mirrored), "image/svg+xml", "architecture.svg")
        if request.GET.get("format") == "mermaid":
            return _file(mermaid_of(found, mirrored=mirrored), "text/plain", "architecture.mmd")
        context: dict[str, Any] = {
            "sheet": draw(found, words(), mirrored=mirrored),
            "words": words(),
            "any": any(one.connectors for one in found),
            "owner": owner,
            "state": state,
            "teams": Team.objects.order_by("name"),
            "states": [(one.value, one.label) for one in EntryState],
            "standing": joined(one.label for one in STANDING),
        }
        return render(request, "connectors/architecture.html", context)


def _file(text: str, kind: str, name: str) -> HttpResponse:
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(text, content_type=f"{kind}; charset=utf-8", headers={"Content-Disposition": disposition})
