"""The approvals inbox and the review page of a change."""

from typing import Any

from django.contrib import messages
from django.db.models.fields.json import KeyTextTransform
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.changes import decisions, services
from portal.changes.filters import ChangeFilter
from portal.changes.freezing import problems_of
from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeState, Decision
from portal.changes.reads import to_sign_by
from portal.changes.signing import current_entry_of, required_row, signatures
from portal.refusals import Refusal
from portal.registry import kinds
from portal.roles import Permission, may
from portal.web.diffs import field_changes, unified
from portal.web.document_form import summary_of
from portal.web.views.base import PageView
from portal.web.views.listing import Listing


def change_id_of(text: str) -> int:
    """The number in CHG-12 or 12, or 404."""
    number = text.upper().removeprefix("CHG-")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Http404
    return int(number)


def _named(changes: Any) -> Any:
    """With the name that each proposes for its object, without the documents."""
    return changes.defer("document", "evidence").annotate(object_name=KeyTextTransform("name", "document"))


class Approvals(PageView):
    """Needs you, in review, mine, decided."""

    tabs = (
        ("", gettext_lazy("Needs you")),
        ("review", gettext_lazy("In review")),
        ("mine", gettext_lazy("Mine")),
        ("decided", gettext_lazy("Decided")),
    )

    def _rows(self, tab: str) -> Any:
        changes = _named(ChangeRequest.objects.visible())
        user = self.actor.user
        assert user is not None
        if tab == "review":
            return changes.waiting()
        if tab == "mine":
            return changes.filter(author=user)
        if tab == "decided":
            return changes.exclude(state__in=OPEN_STATES)
        return _named(to_sign_by(user).select_related("author")) if may(self.actor, Permission.SIGN) else changes.none()

    def get(self, request: HttpRequest) -> HttpResponse:
        """One tab of the inbox."""
        tab = request.GET.get("tab", "")
        if tab not in dict(self.tabs):
            tab = ""
        listing = Listing(request, ChangeFilter, self._rows(tab))
        if tab in ("", "review"):
            # All of them are in one state.
            listing.form.fields.pop("state", None)
        context = listing.context() | {
            "tab": tab,
            "tabs": [
                {"label": label, "href": f"?tab={name}" if name else "?", "current": name == tab}
                for name, label in self.tabs
            ],
            "signs": may(self.actor, Permission.SIGN),
            "columns": [
                {"label": _("Change")},
                {"label": _("Object")},
                {"label": _("Requested by")},
                {"label": _("Class")},
                {"label": _("State")},
                {"label": _("Waiting")},
            ],
            "kind_labels": {kind.name: kind.label for kind in kinds.all_kinds()},
        }
        return render(request, "changes/inbox.html", context)


class Review(PageView):
    """Is this safe to sign?"""

    tabs = (("", gettext_lazy("Summary")), ("diff", gettext_lazy("Diff")), ("document", gettext_lazy("Document")))

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The proposal against its base, who has signed, who may."""
        change = get_object_or_404(ChangeRequest.objects.visible(), pk=change_id_of(pk))
        return self._page(request, change)

    def _page(self, request: HttpRequest, change: ChangeRequest, error: str = "", status: int = 200) -> HttpResponse:
        kind = kinds.get(change.kind)
        entry = current_entry_of(change)
        before = self._base_document(change, entry)
        tab = request.GET.get("tab", "")
        signed = signatures(change)
        problems = problems_of(change, entry)[1] if change.state == ChangeState.DRAFT else []
        moved_on = change.open and (entry.version if entry else 0) != change.base_version
        context: dict[str, Any] = {
            "change": change,
            "kind": kind,
            "entry": entry,
            "tab": tab,
            "tabs": [
                {"label": label, "href": f"?tab={name}" if name else "?", "current": name == tab}
                for name, label in self.tabs
            ],
            "signed": signed,
            "decisions": list(
                Decision.objects.filter(proposal__change=change).select_related("proposal").order_by("-at")
            ),
            "needed": required_row(change).still_needed(one.level for one in signed)
            if change.required_class and change.open
            else "",
            "problems": summary_of(kind, problems),
            "why_not": decisions.refusal_to_decide(change, self.actor) if change.state == ChangeState.IN_REVIEW else "",
            "own": change.author_id == self.actor.user_id,
            "moved_on": moved_on,
            "error": error,
            "reason": request.POST.get("reason", ""),
            "crumbs": [{"label": _("Approvals"), "href": reverse("approvals")}, {"label": change.human_id}],
        }
        if tab == "diff":
            context["lines"] = unified(before, change.document)
        elif tab == "document":
            context["lines"] = unified(None, change.document)
        else:
            context["changes"] = field_changes(kind, before, change.document)
        return render(request, "changes/review.html", context, status=status)

    def _base_document(self, change: ChangeRequest, entry: Any) -> dict[str, Any] | None:
        """The document the change was made from."""
        if change.base_version == 0 or entry is None:
            return None
        if entry.version == change.base_version:
            return dict(entry.document)
        found = type(entry).history.model._default_manager.filter(id=entry.pk, version=change.base_version).first()
        return dict(found.document) if found else None

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Approve, reject, submit or withdraw, by the button that was pressed."""
        change = get_object_or_404(ChangeRequest.objects.visible(), pk=change_id_of(pk))
        action, reason = request.POST.get("action", ""), request.POST.get("reason", "")
        digest = request.POST.get("digest", "")
        try:
            if action == "approve":
                change = decisions.approve(
                    actor=self.actor, change_id=change.pk, digest=digest, reason=reason, now=self.now
                )
                done = _("You signed %s.") if change.open else _("You signed %s; it is applied.")
            elif action == "reject":
                change = decisions.reject(
                    actor=self.actor, change_id=change.pk, digest=digest, reason=reason, now=self.now
                )
                done = _("You rejected %s.")
            elif action == "withdraw":
                change = services.withdraw(actor=self.actor, change_id=change.pk, reason=reason, now=self.now)
                done = _("You withdrew %s.")
            elif action == "submit":
                change = services.submit(actor=self.actor, change_id=change.pk, now=self.now)
                done = _("%s is now in review.")
            else:
                raise Http404
        except Refusal as refusal:
            change.refresh_from_db()
            return self._page(request, change, error=refusal.message, status=refusal.status)
        messages.success(request, done % change.human_id)
        return redirect(change.get_absolute_url())
