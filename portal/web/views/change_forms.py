"""Editing one's own open change, and amending somebody else's as an approver."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.changes import decisions, services
from portal.changes.freezing import problems_of
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.services import WINDOW, Draft
from portal.changes.signing import current_entry_of
from portal.refusals import Forbidden, Problem, Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.times import local_text
from portal.roles import Permission
from portal.web.evidence_form import read_evidence
from portal.web.posted import read_document
from portal.web.views.base import PageView
from portal.web.views.form_parts import (
    assisted,
    form_context,
    policy_words,
    posted_draft,
    saved,
    with_rows_moved,
)
from portal.web.views.review import change_id_of


class ChangeForm(PageView):
    """Editing one's own open change."""

    amends = False

    def _change(self, pk: str) -> ChangeRequest:
        change = get_object_or_404(ChangeRequest.objects.visible(), pk=change_id_of(pk))
        self._allow(change)
        return change

    def _allow(self, change: ChangeRequest) -> None:
        services.own(change, self.actor, _("Only the author edits a change; %s does."))

    def _may_change(self, change: ChangeRequest) -> bool:
        return change.open

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The form; with `?check=1` it shows what stands against submitting."""
        change = self._change(pk)
        if not self._may_change(change):
            return redirect(change.get_absolute_url())
        return self._page(request, change, change.document, check=request.GET.get("check") == "1")

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Add or remove a row, or save and perhaps submit."""
        change = self._change(pk)
        kind = kinds.get(change.kind)
        document = read_document(kind, request.POST)
        if not change.creates:
            document["key"] = change.key
        if "_add" in request.POST or "_remove" in request.POST:
            document, evidence = with_rows_moved(document, request)
            return self._page(request, change, document, check=False, evidence=evidence)
        if "_assist" in request.POST:
            document, assist = assisted(kind, document, self)
            return self._page(request, change, document, check=False, assist=assist)
        try:
            change = self._save(change, posted_draft(request.POST, document))
        except Refusal as refusal:
            problems = refusal.problems or [Problem("", refusal.message)]
            return self._page(request, change, document, check=True, refused=problems, status=refusal.status)
        return self._saved(request, change)

    def _save(self, change: ChangeRequest, draft: Draft) -> ChangeRequest:
        revision = self.request.POST.get("_revision", "")
        return services.edit(
            actor=self.actor,
            change_id=change.pk,
            draft=draft,
            revision=int(revision) if revision.isdigit() and len(revision) < 9 else None,
            now=self.now,
        )

    def _saved(self, request: HttpRequest, change: ChangeRequest) -> HttpResponse:
        if change.state == ChangeState.DRAFT:
            return saved(request, change, self)
        messages.success(request, _("%s was edited; signatures of other content are void.") % change.human_id)
        return redirect(change.get_absolute_url())

    def _page(
        self,
        request: HttpRequest,
        change: ChangeRequest,
        document: Document,
        *,
        check: bool,
        refused: list[Problem] | None = None,
        status: int = 200,
        evidence: Document | None = None,
        assist: dict[str, Any] | None = None,
    ) -> HttpResponse:
        kind = kinds.get(change.kind)
        looked_at = request.POST.get("_digest", change.digest)
        change.document = document
        entry = current_entry_of(change)
        clean, problems = problems_of(change, entry)
        posted = read_evidence(request.POST) if request.method == "POST" else change.evidence
        if refused is not None and not any(problem.path for problem in refused):
            problems = [*refused, *problems]
        context = form_context(
            kind,
            document,
            problems,
            check=check,
            creates=change.creates,
            change=change,
            amends=self.amends,
            looked_at=looked_at,
            base=change.base_version,
            summary=request.POST.get("_summary", change.summary),
            window={name: request.POST.get(f"_{name}", local_text(getattr(change, name))) for name in WINDOW},
            evidence=posted if evidence is None else evidence,
            assist=assist,
            entry=entry,
            policy=policy_words(change, clean) if not problems else None,
            check_url=reverse("entry-check", args=[kind.pages]),
            crumbs=[
                {"label": kind.label_plural, "href": reverse(kind.pages)},
                {"label": change.human_id, "href": change.get_absolute_url()},
                {"label": _("Amend") if self.amends else _("Edit")},
            ],
        )
        return render(request, "generic/form.html", context, status=status)


class AmendForm(ChangeForm):
    """An approver amends what is in review. The original stays beside it; the approver does not sign it any more."""

    permission = Permission.SIGN
    amends = True

    def _allow(self, change: ChangeRequest) -> None:
        why = decisions.refusal_to_decide(change, self.actor)
        if why and change.state == ChangeState.IN_REVIEW:
            raise Forbidden("four_eyes", why)

    def _may_change(self, change: ChangeRequest) -> bool:
        return change.state == ChangeState.IN_REVIEW

    def _save(self, change: ChangeRequest, draft: Draft) -> ChangeRequest:
        return decisions.edit(
            actor=self.actor,
            change_id=change.pk,
            digest=self.request.POST.get("_digest", ""),
            draft=replace(draft, summary=None),
            reason=self.request.POST.get("_reason", ""),
            now=self.now,
        )

    def _saved(self, request: HttpRequest, change: ChangeRequest) -> HttpResponse:
        messages.success(request, _("You amended %s; somebody else must sign it now.") % change.human_id)
        return redirect(change.get_absolute_url())
