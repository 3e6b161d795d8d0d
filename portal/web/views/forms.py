"""Registering an entry and proposing a change of one, in a form made from the document's serializer."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.changes import rebasing, services
from portal.changes.services import WINDOW
from portal.refusals import Problem, Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.roles import Permission
from portal.web.evidence_form import read_evidence
from portal.web.posted import read_document
from portal.web.views.base import PageView
from portal.web.views.entries import KindView
from portal.web.views.form_parts import assisted, form_context, posted_draft, saved, with_rows_moved

# So many points are told while a form is being filled.
LIVE = 6


class EntryForm(KindView):
    """A new registration, or a change proposed from the version that stands. The first save opens the draft change."""

    @property
    def permission(self) -> Permission:  # type: ignore[override] # asked of the kind
        """Who proposes entries of this kind."""
        return self.kind.proposers

    def _start(self, key: str) -> tuple[Document, int]:
        if not key:
            return self.kind.blank(self.request.GET.dict()), 0
        entry = self.entry(key)
        return entry.document, entry.version

    def get(self, request: HttpRequest, pages: str, key: str = "") -> HttpResponse:
        """The form."""
        document, base = self._start(key)
        return self._page(request, document, base, key)

    def post(self, request: HttpRequest, pages: str, key: str = "") -> HttpResponse:
        """Add or remove a row, or save the draft and perhaps submit it."""
        document = read_document(self.kind, request.POST)
        posted_base = request.POST.get("_base", "0")
        base = int(posted_base) if posted_base.isdigit() and len(posted_base) < 9 else 0
        if key:
            document["key"] = key
        if "_add" in request.POST or "_remove" in request.POST:
            document, evidence = with_rows_moved(document, request)
            return self._page(request, document, base, key, evidence=evidence)
        if "_assist" in request.POST:
            document, assist = assisted(self.kind, document, self)
            return self._page(request, document, base, key, assist=assist)
        try:
            change = services.propose(
                actor=self.actor,
                kind_name=self.kind.name,
                key=key or str(document.get("key") or "")[:60],
                draft=posted_draft(request.POST, document),
                base_version=base,
                now=self.now,
            )
        except Refusal as refusal:
            problems = refusal.problems or [Problem("", refusal.message)]
            return self._page(request, document, base, key, refused=problems, status=refusal.status)
        return saved(request, change, self)

    def _page(
        self,
        request: HttpRequest,
        document: Document,
        base: int,
        key: str,
        refused: list[Problem] | None = None,
        status: int = 200,
        evidence: Document | None = None,
        assist: dict[str, Any] | None = None,
    ) -> HttpResponse:
        _clean, problems = self.kind.check(document)
        entry = self.entry(key) if key else None
        context = form_context(
            self.kind,
            document,
            [*(refused or []), *problems],
            check=refused is not None,
            creates=not key,
            base=base,
            summary=request.POST.get("_summary", ""),
            window={name: request.POST.get(f"_{name}", "") for name in WINDOW},
            evidence=read_evidence(request.POST) if evidence is None else evidence,
            assist=assist,
            entry=entry,
            check_url=reverse("entry-check", args=[self.kind.pages]),
            crumbs=[
                {"label": self.kind.label_plural, "href": reverse(self.kind.pages)},
                *([{"label": entry.local_name, "href": entry.get_absolute_url()}] if entry else []),
                {"label": _("Propose a change") if entry else _("Register")},
            ],
        )
        return render(request, "generic/form.html", context, status=status)


class EntryCheck(KindView):
    """The side panel of a form that is being filled: what is complete, what is missing. Writes nothing."""

    @property
    def permission(self) -> Permission:  # type: ignore[override] # asked of the kind
        """Who proposes entries of this kind."""
        return self.kind.proposers

    def post(self, request: HttpRequest, pages: str) -> HttpResponse:
        """The panel for what the form holds now."""
        document = read_document(self.kind, request.POST)
        clean, problems = self.kind.check(document)
        creates = "key" in document
        # What only shows against everything else that is registered; of a change it is judged when it is saved.
        live = self.kind.transition_problems(None, clean) if creates and not problems else []
        context = form_context(
            self.kind, document, problems + live, check=False, creates=creates, evidence=read_evidence(request.POST),
            live=[*(problem.message for problem in live[:LIVE]), *self.kind.advice(document)],
        )  # fmt: skip
        return render(request, "generic/form_side.html", context)


class Start(PageView):
    """Which kind? Two cards with examples for connectors, and what else there is."""

    permission = Permission.PROPOSE

    def get(self, request: HttpRequest) -> HttpResponse:
        """The cards."""
        offered = [kind for kind in kinds.all_kinds() if not kind.single]
        context = {
            "connectors": [kind for kind in offered if kind.facets],
            "others": [kind for kind in offered if not kind.facets],
        }
        return render(request, "generic/start.html", context)


class Restore(KindView):
    """Opens a draft that restores an earlier version."""

    @property
    def permission(self) -> Permission:  # type: ignore[override] # asked of the kind
        """Who proposes entries of this kind."""
        return self.kind.proposers

    def post(self, request: HttpRequest, pages: str, key: str) -> HttpResponse:
        """The draft, in its form: the version number of the contract may have to go on."""
        entry = self.entry(key)
        version = request.POST.get("version", "")
        try:
            change = rebasing.revert(
                actor=self.actor,
                kind_name=self.kind.name,
                key=entry.key,
                version=int(version) if version.isdigit() and len(version) < 9 else 0,
                now=self.now,
            )
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect(f"{entry.get_absolute_url()}?tab=versions")
        messages.success(request, _("Draft %s restores it; look at what is missing and submit it.") % change.human_id)
        return redirect(f"{reverse('change-edit', args=[change.human_id])}?check=1")
