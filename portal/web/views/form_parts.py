"""What the forms of entries and of changes share: their context, and what is read from what was posted."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.changes import services
from portal.changes.evidence import check_evidence
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.services import WINDOW, Draft
from portal.changes.signing import current_entry_of, judgement_of
from portal.policy import reads
from portal.policy.rules import ActionClass, Classes, judge
from portal.refusals import Forbidden, Invalid, Problem, Refusal
from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.registry.models import Entry
from portal.web.document_form import meter_segments, sections, summary_of
from portal.web.evidence_form import PREFIX as EVIDENCE
from portal.web.evidence_form import evidence_section, read_evidence
from portal.web.posted import with_row, without_row
from portal.web.views.base import PageView


def form_context(
    kind: Kind, document: Document, problems: list[Problem], *, check: bool, creates: bool, **own: Any
) -> dict[str, Any]:
    """What the form page and its side panel need."""
    completeness = kind.completeness(problems)
    made = sections(kind, document, problems, show_errors=check, fixed_key=not creates)
    pack: Document = own.pop("evidence", {})
    needed = bool(problems) or evidence_needed(kind, document, own.pop("entry", None))
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
        "open_sections": [section for section in made if section["state"] not in ("filled", "optional", "")],
        "errors": summary_of(kind, problems) if check else [],
        "creates": creates,
    } | own


def evidence_needed(kind: Kind, document: Document, entry: Entry | None) -> bool:
    """Whether the policy in force asks for an evidence pack, as far as the sound document tells."""
    before = entry.document if entry else None
    floors = [kind.floor(document)] + ([kind.floor(before)] if before is not None else [])
    return judge(reads.in_force(), Classes(), floors, kind.touched(before, document)).evidence


def posted_draft(data: QueryDict, document: Document) -> Draft:
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


def with_rows_moved(document: Document, request: HttpRequest) -> tuple[Document, Document]:
    """The document and the evidence pack with a row more or less, where the button said."""
    both = document | {EVIDENCE: read_evidence(request.POST)}
    if "_add" in request.POST:
        both = with_row(both, request.POST["_add"][:200])
    else:
        both = without_row(both, request.POST.get("_remove", "")[:200])
    return both, both.pop(EVIDENCE)


def assisted(kind: Kind, document: Document, view: PageView) -> tuple[Document, dict[str, Any]]:
    """The document after the help that the button of the kind gives, and what to show of it."""
    if kind.assist is None:
        raise Http404
    try:
        return kind.assist(document, view.request.POST, view.actor, view.now)
    except Refusal as refusal:
        return document, {"refused": refusal.message}


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
