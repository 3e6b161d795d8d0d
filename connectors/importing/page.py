"""`/tools/import/` and `/syncs/import/`: a description is pasted or uploaded, shown, and opened as a draft."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.importing.service import MOST_BYTES, Imported, imported, open_draft
from connectors.models import ConnectorKind
from portal.people.models import Team
from portal.refusals import Refusal
from portal.registry import kinds
from portal.roles import Permission
from portal.web.document_form import meter_segments, summary_of
from portal.web.views.base import PageView

# What is uploaded and larger is not sent back into the page.
_MOST_LETTERS = 256 * 1024
_MOST_SHOWN = 60
_FORMATS = {
    ConnectorKind.RUNTIME_TOOL: (
        ("mcp", gettext_lazy("MCP server.json")),
        ("openapi", gettext_lazy("OpenAPI 3, JSON or YAML")),
    ),
    ConnectorKind.DATA_MOVEMENT: (("airbyte", gettext_lazy("Airbyte metadata.yaml")),),
}


class ImportConnector(PageView):
    """The form, what came of the description, and the draft."""

    permission = Permission.PROPOSE
    kind_name = ConnectorKind.RUNTIME_TOOL

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        return self._page(request, {})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show what the description says, or open a draft of it and go there."""
        form = request.POST.get("format", "")
        content = self._content(request)
        letters = content.decode("utf-8", "replace") if len(content) <= _MOST_LETTERS else ""
        asked = {name: request.POST.get(name, "")[:10_000] for name in ("only", "key", "owner")}
        sent: dict[str, Any] = {
            "text": letters.replace("\0", ""),
            "too_long": len(content) > _MOST_LETTERS,
            "format": form,
        }
        sent |= asked
        if form not in dict(_FORMATS[self.kind_name]):
            return self._page(request, sent | {"error": _("Choose the format.")}, status=422)
        only = [line.strip() for line in asked["only"].splitlines() if line.strip()]
        try:
            found = imported(content, form, only=only, key=asked["key"].strip(), owner=asked["owner"].strip())
            if request.POST.get("action") != "open":
                return self._page(request, sent | self._shown(found))
            change = open_draft(actor=self.actor, found=found, now=self.now)
        except Refusal as refusal:
            return self._page(request, sent | {"error": refusal.message}, status=refusal.status)
        messages.success(
            request, _("Draft %s is opened; what was guessed stands among its assumptions.") % change.human_id
        )
        return redirect(f"{reverse('change-edit', args=[change.human_id])}?check=1")

    @staticmethod
    def _content(request: HttpRequest) -> bytes:
        upload = request.FILES.get("file")
        if upload is not None:
            return bytes(upload.read(MOST_BYTES + 1))
        return request.POST.get("text", "").encode("utf-8", "surrogatepass")

    def _shown(self, found: Imported) -> dict[str, Any]:
        kind = kinds.get(found.kind)
        problems = summary_of(kind, found.problems)
        return {
            "found": found,
            "segments": [one | {"href": ""} for one in meter_segments(kind, kind.completeness(found.problems))],
            "operations": len(found.document.get("facets", {}).get("contract", {}).get("operations", [])),
            "missing_names": [
                section.title
                for section in kind.sections
                if section.facet and section.paths[0].removeprefix("facets.") in found.missing
            ],
            "problems": problems[:_MOST_SHOWN],
            "more": max(0, len(problems) - _MOST_SHOWN),
            # The contract may be long: it stands in the draft.
            "told": json.dumps(_short(found.document), indent=2, ensure_ascii=False),
        }

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
        kind = kinds.get(self.kind_name.value)
        made = {
            "kind": kind,
            "formats": _FORMATS[self.kind_name],
            "chooses": self.kind_name == ConnectorKind.RUNTIME_TOOL,
            "teams": list(Team.objects.values_list("key", "name")),
            "crumbs": [{"label": kind.label_plural, "href": reverse(kind.pages)}, {"label": _("Import")}],
        }
        return render(request, "connectors/import.html", made | context, status=status)


def _short(document: dict[str, Any]) -> dict[str, Any]:
    """The document without its operations, which are counted."""
    facets = {name: facet for name, facet in document.get("facets", {}).items() if name != "contract"}
    return {name: part for name, part in document.items() if name != "facets"} | ({"facets": facets} if facets else {})
