"""`/import/metrics/`: a table of metrics becomes drafts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.interchange import exchange, table
from portal.roles import Permission
from portal.web.views.base import PageView

MOST_LETTERS = 512 * 1024


class ImportMetrics(PageView):
    """The form, and what became of each row."""

    permission = Permission.PROPOSE

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        return self._page(request, {})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open a draft for every sound row; a table that cannot be read opens none."""
        text = request.POST.get("table", "")
        try:
            if len(text) > MOST_LETTERS:
                raise exchange.Unreadable(_("It is longer than %d letters; take it in parts.") % MOST_LETTERS)
            if "\0" in text:
                raise exchange.Unreadable(_("It holds a NUL character."))
            taken = table.read(text, self.now.date().isoformat())
        except exchange.Unreadable as error:
            return self._page(request, {"problem": str(error), "text": text[:MOST_LETTERS]}, status=422)
        opened = exchange.open_changes(actor=self.actor, taken=taken, now=self.now)
        refused = sum(one.refused for one in opened)
        return self._page(request, {"opened": opened, "refused": refused, "text": text if refused else ""})

    def _page(self, request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
        crumbs = [{"label": _("Metrics"), "href": reverse("metrics")}, {"label": _("Import")}]
        known = ", ".join(name for name in dict.fromkeys(table.heads().values()))
        return render(request, "metrics/import.html", {"crumbs": crumbs, "known": known} | context, status=status)
