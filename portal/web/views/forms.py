"""Registering an entry and proposing a change of one, in a form made from the document's serializer."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.changes import services
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.rules import ActionClass, still_needed
from portal.changes.services import Draft
from portal.refusals import Forbidden, Problem, Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.roles import Permission
from portal.web.document_form import meter_segments, read_document, sections, summary_of, with_row, without_row
from portal.web.views.base import PageView
from portal.web.views.changes import change_id_of
from portal.web.views.entries import KindView


def _with_first_rows(document: Document, kind: Kind) -> Document:
    """A new form opens with what the kind's blank document holds, so that people see what is asked."""
    return document or kind.blank()


def form_context(
    kind: Kind, document: Document, problems: list[Problem], *, check: bool, creates: bool, **own: Any
) -> dict[str, Any]:
    """What the form page and its side panel need."""
    completeness = kind.completeness(problems)
    made = sections(kind, document, problems, show_errors=check, fixed_key=not creates)
    return {
        "kind": kind,
        "sections": made,
        "segments": meter_segments(kind, completeness),
        "filled": len(completeness.filled),
        "facet_total": completeness.total,
        "problem_count": len(problems),
        "open_sections": [section for section in made if section["state"] != "filled"],
        "errors": summary_of(problems) if check else [],
        "creates": creates,
    } | own


def policy_words(change: ChangeRequest, document: Document) -> dict[str, Any]:
    """Which policy will apply and who will sign, for the side panel."""
    judgement = services.judgement_of(change, document, services.current_entry_of(change))
    forbidden = judgement.action_class == ActionClass.C
    return {
        "class": f"A{judgement.effective.approval}",
        "least": f"A{judgement.least_approval}",
        "rule": judgement.rule,
        "forbidden": forbidden,
        "needed": "" if forbidden else still_needed(judgement.effective.approval, []),
    }


class EntryForm(KindView):
    """A new registration, or a change proposed from the version that stands. The first save opens the draft change."""

    permission = Permission.PROPOSE

    def _start(self, key: str) -> tuple[Document, int]:
        if not key:
            return _with_first_rows({}, self.kind), 0
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
            return self._page(request, _moved(document, request), base, key)
        try:
            change = services.propose(
                actor=self.actor,
                kind_name=self.kind.name,
                key=key or str(document.get("key") or "")[:60],
                draft=Draft(document=document, summary=request.POST.get("_summary", "").strip() or None),
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
    ) -> HttpResponse:
        _clean, problems = self.kind.check(document)
        context = form_context(
            self.kind,
            document,
            [*(refused or []), *problems],
            check=refused is not None,
            creates=not key,
            base=base,
            summary=request.POST.get("_summary", ""),
            check_url=reverse("entry-check", args=[self.kind.pages]),
            crumbs=[
                {"label": self.kind.label_plural, "href": reverse(self.kind.pages)},
                {"label": _("Propose a change") if key else _("Register")},
            ],
        )
        return render(request, "generic/form.html", context, status=status)


def _moved(document: Document, request: HttpRequest) -> Document:
    if "_add" in request.POST:
        return with_row(document, request.POST["_add"][:200])
    return without_row(document, request.POST.get("_remove", "")[:200])


def saved(request: HttpRequest, change: ChangeRequest, view: PageView) -> HttpResponse:
    """After a save: submit if that was the button, and go where the person can see what came of it."""
    if "submit" not in request.POST:
        messages.success(request, _("Draft %s saved.") % change.human_id)
        return redirect("change-edit", pk=change.human_id)
    try:
        change = services.submit(actor=view.actor, change_id=change.pk, now=view.now)
    except Forbidden:
        raise
    except Refusal as refusal:
        if not refusal.problems:
            messages.error(request, refusal.message)
        return redirect(f"{reverse('change-edit', args=[change.human_id])}?check=1")
    if change.state == ChangeState.APPLIED:
        messages.success(request, _("%s needs no approval and has been applied.") % change.human_id)
    else:
        messages.success(request, _("%s is now in review.") % change.human_id)
    return redirect(change.get_absolute_url())


class ChangeForm(PageView):
    """Editing one's own open change."""

    permission = Permission.PROPOSE

    def _change(self, pk: str) -> ChangeRequest:
        change = get_object_or_404(ChangeRequest.objects.visible(), pk=change_id_of(pk))
        if change.author_id != self.actor.user_id:
            raise Forbidden("not_author", _("Only the author edits a change; %s does.") % change.author)
        return change

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The form; with `?check=1` it shows what stands against submitting."""
        change = self._change(pk)
        if change.state not in (ChangeState.DRAFT, ChangeState.IN_REVIEW):
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
            return self._page(request, change, _moved(document, request), check=False)
        revision = request.POST.get("_revision", "")
        try:
            change = services.edit(
                actor=self.actor,
                change_id=change.pk,
                draft=Draft(document=document, summary=request.POST.get("_summary", "").strip() or None),
                revision=int(revision) if revision.isdigit() and len(revision) < 9 else None,
                now=self.now,
            )
        except Refusal as refusal:
            problems = refusal.problems or [Problem("", refusal.message)]
            return self._page(request, change, document, check=True, refused=problems, status=refusal.status)
        if change.state == ChangeState.IN_REVIEW:
            messages.success(request, _("%s was edited; earlier signatures are void.") % change.human_id)
            return redirect(change.get_absolute_url())
        return saved(request, change, self)

    def _page(
        self,
        request: HttpRequest,
        change: ChangeRequest,
        document: Document,
        *,
        check: bool,
        refused: list[Problem] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        kind = kinds.get(change.kind)
        change.document = document
        clean, problems = services.problems_of(change, services.current_entry_of(change))
        if refused is not None and not any(problem.path for problem in refused):
            problems = [*refused, *problems]
        context = form_context(
            kind,
            document,
            problems,
            check=check,
            creates=change.creates,
            change=change,
            base=change.base_version,
            summary=request.POST.get("_summary", change.summary),
            policy=policy_words(change, clean) if not problems else None,
            check_url=reverse("entry-check", args=[kind.pages]),
            crumbs=[
                {"label": kind.label_plural, "href": reverse(kind.pages)},
                {"label": change.human_id, "href": change.get_absolute_url()},
                {"label": _("Edit")},
            ],
        )
        return render(request, "generic/form.html", context, status=status)


class EntryCheck(KindView):
    """The side panel of a form that is being filled: what is complete, what is missing. Writes nothing."""

    permission = Permission.PROPOSE

    def post(self, request: HttpRequest, pages: str) -> HttpResponse:
        """The panel for what the form holds now."""
        document = read_document(self.kind, request.POST)
        _clean, problems = self.kind.check(document)
        context = form_context(self.kind, document, problems, check=False, creates="key" in document)
        return render(request, "generic/form_side.html", context)


class Start(PageView):
    """Which kind? Two cards with examples."""

    permission = Permission.PROPOSE

    def get(self, request: HttpRequest) -> HttpResponse:
        """The cards."""
        return render(request, "generic/start.html", {"kinds": kinds.all_kinds()})
