"""What may be done to several entries that were chosen in a list: give them to another team, take them along as files."""

import tempfile
import zipfile
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.changes.handing_over import MOST_AT_ONCE, hand_over
from portal.files.layout import FILED, file_of, name_of
from portal.refusals import Refusal
from portal.registry.twins import local_name
from portal.web.views.entries import KindView

IN_MEMORY = 1 << 20


def keys_of(request: HttpRequest) -> list[str]:
    """The keys that were chosen, each once and one more than are taken at most."""
    return list(dict.fromkeys(key.replace("\0", "")[:60] for key in request.POST.getlist("chosen")))[: MOST_AT_ONCE + 1]


class ChosenView(KindView):
    """One act on several entries of a kind."""

    title = ""

    def get(self, request: HttpRequest, pages: str) -> HttpResponse:
        """Without a choice there is nothing to do."""
        return redirect(self.kind.pages)

    def results(self, rows: list[dict[str, Any]], error: str = "", status: int = 200) -> HttpResponse:
        """What became of each: `key`, and `state`, `href` and `link`, or `told`."""
        return done(self.request, self.kind, self.title, rows, error=error, status=status)


def done(
    request: HttpRequest, kind: Any, title: str, rows: list[dict[str, Any]], *, error: str = "", status: int = 200
) -> HttpResponse:
    """The page of what became of each of several entries: of each `key`, and `state`, `href` and `link`, or `told`."""
    names = dict(kind.entries().filter(key__in=[row["key"] for row in rows]).values_list("key", local_name()))
    context = {
        "kind": kind,
        "title": title,
        "error": error,
        "rows": [row | {"name": names.get(row["key"], "")} for row in rows],
        "crumbs": [{"label": kind.label_plural, "href": reverse(kind.pages)}, {"label": title}],
    }
    return render(request, "generic/chosen.html", context, status=status)


class HandOver(ChosenView):
    """A draft change of each that gives it to another team."""

    def post(self, request: HttpRequest, pages: str) -> HttpResponse:
        """Open the drafts."""
        self.title = _("Give those chosen to another team")
        try:
            team = request.POST.get("team", "").replace("\0", "")
            answers = hand_over(
                actor=self.actor, kind_name=self.kind.name, keys=keys_of(request), team=team, now=self.now
            )  # fmt: skip
        except Refusal as refusal:
            return self.results([], refusal.message, refusal.status)
        return self.results(
            [
                {"key": one.key, "state": "draft", "href": reverse("change-edit", args=[one.change.human_id]),
                 "link": one.change.human_id}
                if one.change
                else {"key": one.key, "told": one.told}
                for one in answers
            ]
        )  # fmt: skip


class Export(ChosenView):
    """Their files, as `registry export` writes them, in one archive."""

    def post(self, request: HttpRequest, pages: str) -> HttpResponseBase:
        """The archive; what is retired, or is not there, has no file."""
        self.title = _("Files of those chosen")
        keys = keys_of(request)
        if not 1 <= len(keys) <= MOST_AT_ONCE:
            return self.results([], _("Choose 1 to %d of them.") % MOST_AT_ONCE, 422)
        rows = self.kind.entries().filter(key__in=keys, state__in=FILED).select_related(None).order_by("key")
        # Closed by the response that sends it.
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        written = 0
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for key, state, document in rows.values_list("key", "state", "document").iterator(chunk_size=20):
                archive.writestr(name_of(self.kind, key), file_of(self.kind, document, state))
                written += 1
        if not written:
            file.close()
            return self.results([], _("None of those chosen has a file: retired entries have none."), 404)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=f"{pages}.zip", content_type="application/zip")
