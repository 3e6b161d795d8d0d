"""The review page of a change: is this safe to sign?"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.changes import decisions, discussion, rebasing, services, sets
from portal.changes.inbox import queue
from portal.changes.merging import ABSENT, Part
from portal.changes.models import ChangeRequest, ChangeState, Decision
from portal.changes.reads import helpful_signers
from portal.changes.signing import current_entry_of, involved, required_row, signatures
from portal.people.names import names_of
from portal.refusals import Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.roles import Permission, may, signing_level
from portal.web.checks import checks_of
from portal.web.diffs import field_changes, field_label, in_words, unified
from portal.web.document_form import summary_of
from portal.web.evidence_form import evidence_facts
from portal.web.views.base import PageView

_EXECUTIVE = 3
_MOVED_ON = gettext_lazy("It can be signed once its author has made it from the version that stands.")
COMMENTS = 500
SIGNERS = 8
TALK = ("comment", "watch", "unwatch")


def change_id_of(text: str) -> int:
    """The number in CHG-12 or 12, or 404."""
    number = text.upper().removeprefix("CHG-")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Http404
    return int(number)


class Review(PageView):
    """Summary, diff, evidence, impact, checks; who has signed, who may; and the decision."""

    tabs = (
        ("", gettext_lazy("Summary")),
        ("diff", gettext_lazy("Diff")),
        ("document", gettext_lazy("Document")),
        ("evidence", gettext_lazy("Evidence")),
        ("impact", gettext_lazy("Impact")),
        ("checks", gettext_lazy("Checks")),
        ("discussion", gettext_lazy("Discussion")),
    )

    def _change(self, pk: str) -> ChangeRequest:
        found = ChangeRequest.objects.visible().select_related("change_set", "replaces")
        return get_object_or_404(found, pk=change_id_of(pk))

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The proposal against its base, who has signed, who may."""
        return self._page(request, self._change(pk))

    def _page(self, request: HttpRequest, change: ChangeRequest, error: str = "", status: int = 200) -> HttpResponse:
        kind = kinds.get(change.kind)
        entry = current_entry_of(change)
        before = rebasing.base_document(change, entry) or None
        tab = request.GET.get("tab", "")
        row, signed = required_row(change), signatures(change)
        moved_on = change.open and (entry.version if entry else 0) != change.base_version
        parts = rebasing.conflict_of(change, entry) if moved_on else []
        checks = checks_of(change, entry)
        reviewing = change.state == ChangeState.IN_REVIEW
        why_not = decisions.refusal_to_decide(change, self.actor) if reviewing else ""
        rows = Decision.objects.filter(proposal__change=change).select_related("proposal")
        decided = list(rows.order_by("-at", "-id"))
        names = names_of([one.actor_name for one in decided] + [one.actor_name for one in signed])
        following = queue(self.actor).exclude(pk=change.pk).first() if may(self.actor, Permission.SIGN) else None
        context: dict[str, Any] = {
            "change": change,
            "kind": kind,
            "entry": entry,
            "tab": tab,
            "tabs": self._tabs(
                tab, checks=sum(not check.passed for check in checks), discussion=change.comments.count()
            ),
            "signed": [(names[one.actor_name], one.level) for one in signed],
            "row": row,
            "decisions": [(names[one.actor_name], one) for one in decided],
            "amended": list(change.proposals.exclude(author=change.author).select_related("author")),
            "needed": row.still_needed(one.level for one in signed) if change.required_class and change.open else "",
            "may_sign": helpful_signers(change, row=row, signed=signed)[:SIGNERS] if reviewing else [],
            "problems": summary_of(kind, [problem for check in checks for problem in check.problems])
            if change.state == ChangeState.DRAFT
            else [],
            "why_not": why_not,
            "why_not_sign": why_not or (_MOVED_ON if moved_on else ""),
            "own": change.author_id == self.actor.user_id,
            "executive": reviewing and not why_not and not moved_on and signing_level(self.actor.roles) >= _EXECUTIVE,
            "reviews": self._may_review(change),
            "moved_on": moved_on,
            "state_told": kind.state_told(entry, change.document, change.to_state, self.now) if change.open else [],
            "parts": [self._part(kind, part) for part in parts],
            "error": error,
            "reason": request.POST.get("reason", ""),
            "following": following,
            "tieable": self._tieable(change),
            "members": list(change.change_set.changes.exclude(pk=change.pk)) if change.change_set else [],
            "crumbs": [{"label": _("Approvals"), "href": reverse("approvals")}, {"label": change.human_id}],
        }
        return render(
            request, "changes/review.html", context | self._shown(tab, change, kind, before, checks), status=status
        )

    def _tabs(self, tab: str, **counts: int) -> list[dict[str, Any]]:
        return [
            {
                "label": label,
                "href": f"?tab={name}" if name else "?",
                "current": name == tab,
                "count": counts.get(name) or None,
            }
            for name, label in self.tabs
        ]

    def _shown(
        self, tab: str, change: ChangeRequest, kind: Kind, before: Document | None, checks: list[Any]
    ) -> dict[str, Any]:
        if tab == "diff":
            return {"lines": unified(before, change.document)}
        if tab == "document":
            return {"lines": unified(None, change.document)}
        if tab == "evidence":
            return {"facts": evidence_facts(change.evidence)}
        if tab == "impact":
            return {"impact": kind.impact(change.key, before, change.document)}
        if tab == "checks":
            return {"checks": checks}
        if tab == "discussion":
            user = self.actor.user
            assert user is not None
            return {
                "comments": list(change.comments.all()[:COMMENTS]),
                "text": self.request.POST.get("text", ""),
                "may_comment": may(self.actor, Permission.COMMENT),
                "watched": discussion.watches(user, change),
            }
        return {"changes": field_changes(kind, before, change.document)}

    def _part(self, kind: Kind, part: Part) -> dict[str, Any]:
        sides = (part.base, part.current, part.proposed)
        values = [None if value is ABSENT else in_words(value) for value in sides]
        return {
            "path": part.path,
            "label": field_label(kind, part.path),
            "conflict": part.conflict,
            "side": part.side,
            "values": values,
        }

    def _tieable(self, change: ChangeRequest) -> list[ChangeRequest]:
        """One's own other drafts that this draft could apply together with."""
        if change.author_id != self.actor.user_id or change.state != ChangeState.DRAFT or change.change_set_id:
            return []
        others = ChangeRequest.objects.filter(author_id=change.author_id, state=ChangeState.DRAFT, change_set=None)
        others = others.exclude(kind=change.kind, key=change.key).defer("document", "evidence")
        return list(others.order_by("-id")[: sets.MOST])

    def _may_review(self, change: ChangeRequest) -> bool:
        return (
            change.emergency
            and change.reviewed_at is None
            and may(self.actor, Permission.SIGN)
            and self.actor.user_id not in involved(change)
            and not Decision.objects.filter(proposal__change=change, actor_id=self.actor.user_id).exists()
        )

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """What the pressed button says."""
        change = self._change(pk)
        act = self._actions().get(request.POST.get("action", ""))
        if act is None:
            raise Http404
        do, done = act
        talks = request.POST.get("action", "") in TALK
        try:
            changed = do(change)
            change = change if talks else changed
        except Refusal as refusal:
            if refusal.rule == "fresh_sign_in":
                messages.info(request, refusal.message)
                return redirect(f"{reverse('sign-in-again')}?{urlencode({'next': change.get_absolute_url()})}")
            change = self._change(pk)
            return self._page(request, change, error=_with_problems(refusal), status=refusal.status)
        if change.state == ChangeState.APPLIED and done == _("You signed %s."):
            done = _("You signed %s; it is applied.")
        messages.success(request, done % change.human_id)
        return redirect(f"{change.get_absolute_url()}?tab=discussion" if talks else change.get_absolute_url())

    def _tie(self, others: list[int]) -> Callable[[ChangeRequest], ChangeRequest]:
        def tie(change: ChangeRequest) -> ChangeRequest:
            sets.tie(actor=self.actor, change_ids=[change.pk, *others], summary="", now=self.now)
            return change

        return tie

    def _actions(self) -> dict[str, tuple[Callable[[ChangeRequest], Any], str]]:
        posted = self.request.POST
        tied = [
            int(number)
            for number in posted.getlist("with")
            if number.isascii() and number.isdigit() and len(number) < 18
        ]
        digest, reason = posted.get("digest", ""), posted.get("reason", "")
        choices = {name[7:]: str(side) for name, side in posted.items() if name.startswith("choose:")}

        def by(service: Callable[..., Any], **told: Any) -> Callable[[ChangeRequest], Any]:
            return lambda change: service(actor=self.actor, change_id=change.pk, now=self.now, **told)

        return {
            "approve": (by(decisions.approve, digest=digest, reason=reason), _("You signed %s.")),
            "reject": (by(decisions.reject, digest=digest, reason=reason), _("You rejected %s.")),
            "emergency": (
                by(decisions.apply_in_emergency, digest=digest, reason=reason),
                _("%s is applied; two others must review it."),
            ),
            "review": (by(decisions.review, digest=digest, reason=reason), _("You reviewed %s.")),
            "withdraw": (by(services.withdraw, reason=reason), _("You withdrew %s.")),
            "submit": (by(services.submit), _("%s is now in review.")),
            "rebase": (by(rebasing.rebase, choices=choices), _("%s is made from the version that stands now.")),
            "resubmit": (by(rebasing.resubmit), _("Draft %s holds the same content again.")),
            "comment": (by(discussion.comment, text=posted.get("text", "")), _("Your comment is on %s.")),
            "watch": (by(discussion.watch), _("You follow %s.")),
            "unwatch": (by(discussion.unwatch), _("You follow %s no longer.")),
            "tie": (self._tie(tied), _("%s applies together with the others, or not at all.")),
            "untie": (by(sets.untie), _("%s stands alone now.")),
        }


def _with_problems(refusal: Refusal) -> str:
    lines = [f"{problem.path}: {problem.message}" if problem.path else problem.message for problem in refusal.problems]
    return " ".join([refusal.message, *lines[:8]])
