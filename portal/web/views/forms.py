"""Registering an entry and proposing a change of one, in a form made from the document's serializer."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.changes import services
from portal.changes.evidence import check_evidence
from portal.changes.freezing import problems_of
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.services import WINDOW, Draft
from portal.changes.signing import current_entry_of, judgement_of
from portal.policy import reads
from portal.policy.rules import ActionClass, Classes, judge
from portal.refusals import Forbidden, Invalid, Problem, Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.registry.models import Entry
from portal.roles import Permission
from portal.web.document_form import meter_segments, read_document, sections, summary_of, with_row, without_row
from portal.web.evidence_form import PREFIX as EVIDENCE
from portal.web.evidence_form import evidence_section, read_evidence
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
    pack: Document = own.pop("evidence", {})
    needed = bool(problems) or _evidence_needed(kind, document, own.pop("entry", None))
    made.append(evidence_section(pack, needed=needed, show=check))
    if needed:
        problems = problems + check_evidence(pack)[1]
    return {
        "kind": kind,
        "sections": made,
        "segments": meter_segments(kind, completeness),
        "filled": len(completeness.filled),
        "facet_total": completeness.total,
        "problem_count": len(problems),
        "open_sections": [section for section in made if section["state"] not in ("filled", "")],
        "errors": summary_of(kind, problems) if check else [],
        "creates": creates,
    } | own


def _evidence_needed(kind: Kind, document: Document, entry: Entry | None) -> bool:
    """Whether the policy in force asks for an evidence pack, as far as the sound document tells."""
    before = entry.document if entry else None
    floors = [kind.floor(document)] + ([kind.floor(before)] if before is not None else [])
    return judge(reads.in_force(), Classes(), floors, kind.touched(before, document)).evidence


def _posted_draft(data: QueryDict, document: Document) -> Draft:
    """What was posted beside the document: reason, evidence, and when it may be applied. Raises Invalid."""
    window: dict[str, datetime | None] = {}
    for name in WINDOW:
        text = data.get(f"_{name}", "").strip()
        try:
            window[name] = WindowField().clean(text) if text else None
        except ValidationError as error:
            raise Invalid("window", error.messages[0], [Problem(name, error.messages[0], "datetime")]) from None
    return Draft(
        document=document,
        summary=data.get("_summary", "").strip() or None,
        evidence=read_evidence(data),
        apply_after=window["apply_after"],
        apply_before=window["apply_before"],
        no_window=True,
    )


class WindowField(forms.DateTimeField):
    """A moment as a browser's datetime-local field sends it, in the zone of the portal."""

    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def policy_words(change: ChangeRequest, document: Document) -> dict[str, Any]:
    """Which policy will apply and who will sign, for the side panel."""
    judgement = judgement_of(change, document, current_entry_of(change))
    forbidden = judgement.action_class == ActionClass.C
    return {
        "class": f"A{judgement.approval}",
        "least": f"A{judgement.least_approval}",
        "rule": judgement.rule,
        "forbidden": forbidden,
        "needed": "" if forbidden else judgement.row.still_needed([]),
    }


def _local(moment: datetime | None) -> str:
    """A moment as a datetime-local field wants it."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


class EntryForm(KindView):
    """A new registration, or a change proposed from the version that stands. The first save opens the draft change."""

    @property
    def permission(self) -> Permission:  # type: ignore[override] # asked of the kind
        """Who proposes entries of this kind."""
        return self.kind.proposers

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
            document, evidence = _moved(document, request)
            return self._page(request, document, base, key, evidence=evidence)
        try:
            change = services.propose(
                actor=self.actor,
                kind_name=self.kind.name,
                key=key or str(document.get("key") or "")[:60],
                draft=_posted_draft(request.POST, document),
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
            window={name: request.POST.get(f"_{name}", "") for name in WINDOW},
            evidence=read_evidence(request.POST) if evidence is None else evidence,
            entry=self.entry(key) if key else None,
            check_url=reverse("entry-check", args=[self.kind.pages]),
            crumbs=[
                {"label": self.kind.label_plural, "href": reverse(self.kind.pages)},
                {"label": _("Propose a change") if key else _("Register")},
            ],
        )
        return render(request, "generic/form.html", context, status=status)


def _moved(document: Document, request: HttpRequest) -> tuple[Document, Document]:
    """The document and the evidence pack with a row more or less, where the button said."""
    both = document | {EVIDENCE: read_evidence(request.POST)}
    if "_add" in request.POST:
        both = with_row(both, request.POST["_add"][:200])
    else:
        both = without_row(both, request.POST.get("_remove", "")[:200])
    return both, both.pop(EVIDENCE)


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
            document, evidence = _moved(document, request)
            return self._page(request, change, document, check=False, evidence=evidence)
        revision = request.POST.get("_revision", "")
        try:
            change = services.edit(
                actor=self.actor,
                change_id=change.pk,
                draft=_posted_draft(request.POST, document),
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
        evidence: Document | None = None,
    ) -> HttpResponse:
        kind = kinds.get(change.kind)
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
            base=change.base_version,
            summary=request.POST.get("_summary", change.summary),
            window={name: request.POST.get(f"_{name}", _local(getattr(change, name))) for name in WINDOW},
            evidence=posted if evidence is None else evidence,
            entry=entry,
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

    @property
    def permission(self) -> Permission:  # type: ignore[override] # asked of the kind
        """Who proposes entries of this kind."""
        return self.kind.proposers

    def post(self, request: HttpRequest, pages: str) -> HttpResponse:
        """The panel for what the form holds now."""
        document = read_document(self.kind, request.POST)
        _clean, problems = self.kind.check(document)
        context = form_context(
            self.kind, document, problems, check=False, creates="key" in document, evidence=read_evidence(request.POST)
        )
        return render(request, "generic/form_side.html", context)


class Start(PageView):
    """Which kind? Two cards with examples."""

    permission = Permission.PROPOSE

    def get(self, request: HttpRequest) -> HttpResponse:
        """The cards."""
        return render(request, "generic/start.html", {"kinds": [kind for kind in kinds.all_kinds() if not kind.single]})
