"""The approvals inbox: what needs you, your teams, what is yours, what was decided; and deciding on several at once."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.changes import decisions
from portal.changes.filters import ChangeFilter
from portal.changes.models import OPEN_STATES, ChangeRequest, Decision, Verdict
from portal.changes.reads import of_teams, to_review_by, to_sign_by
from portal.policy import reads
from portal.policy.rules import level
from portal.refusals import Refusal
from portal.registry import kinds
from portal.roles import Permission, may
from portal.web.labels import label_of
from portal.web.views.base import PageView
from portal.web.views.listing import Listing

MOST_AT_ONCE = 50
CHIPS = 3


def queue(view: PageView) -> QuerySet[ChangeRequest]:
    """What waits for this person, the most urgent first."""
    user = view.actor.user
    assert user is not None
    if not may(view.actor, Permission.SIGN):
        return ChangeRequest.objects.none()
    return to_sign_by(user).order_by(F("sign_by").asc(nulls_last=True), "-required_class", "id")


def _signed() -> Coalesce:
    """How many approvals stand on the current proposal."""
    standing = (
        Decision.objects.filter(
            proposal__change_id=OuterRef("pk"),
            proposal__number=OuterRef("proposal_number"),
            digest=OuterRef("digest"),
            verdict=Verdict.APPROVE,
        )
        .order_by()
        .values("proposal__change_id")
        .annotate(n=Count("id"))
        .values("n")
    )
    return Coalesce(Subquery(standing, output_field=IntegerField()), 0)


class Approvals(PageView):
    """Needs you, in review, team, mine, decided."""

    tabs = (
        ("", gettext_lazy("Needs you")),
        ("team", gettext_lazy("Team")),
        ("review", gettext_lazy("In review")),
        ("mine", gettext_lazy("Mine")),
        ("decided", gettext_lazy("Decided")),
    )

    def _rows(self, tab: str) -> QuerySet[ChangeRequest]:
        user = self.actor.user
        assert user is not None
        if tab == "team":
            return of_teams(user)
        if tab == "review":
            return ChangeRequest.objects.waiting()
        if tab == "mine":
            return ChangeRequest.objects.filter(author=user)
        if tab == "decided":
            return ChangeRequest.objects.exclude(state__in=OPEN_STATES)
        return queue(self)

    def get(self, request: HttpRequest) -> HttpResponse:
        """One tab of the inbox."""
        tab = request.GET.get("tab", "")
        if tab not in dict(self.tabs):
            tab = ""
        rows = (
            self._rows(tab)
            .select_related("author")
            .annotate(signed=_signed(), object_name=KeyTextTransform("name", "document"))
            .defer("document", "evidence")
        )
        listing = Listing(request, ChangeFilter, rows)
        if tab in ("", "team", "review"):
            listing.form.fields.pop("state", None)
        signs = may(self.actor, Permission.SIGN)
        user = self.actor.user
        assert user is not None
        context = listing.context()
        policy = reads.in_force()
        context |= {
            "tab": tab,
            "rows": [
                self._row(row, policy.row(level(row.required_class or "A0")).signatures) for row in context["rows"]
            ],
            "tabs": [
                {"label": label, "href": f"?tab={name}" if name else "?", "current": name == tab}
                for name, label in self.tabs
            ],
            "signs": signs,
            "bulk": signs and tab in ("", "team", "review") and bool(context["rows"]),
            "to_review": list(to_review_by(user)[:5]) if signs and not tab else [],
            "now": self.now,
            "columns": self._columns(bulk=signs and tab in ("", "team", "review")),
        }
        return render(request, "changes/inbox.html", context)

    def _columns(self, *, bulk: bool) -> list[dict[str, Any]]:
        chosen = [{"label": _("Choose"), "hide_label": True}] if bulk else []
        labels = (_("Change"), _("Object"), _("What changed"), _("Requested by"), _("Class"), _("Signatures"),
                  _("State"), _("Age"), _("Due"))  # fmt: skip
        return chosen + [{"label": label} for label in labels]

    def _row(self, change: ChangeRequest, needed: int) -> dict[str, Any]:
        kind = kinds.get(change.kind)
        chips = [label_of(kind, path) for path in change.parts]
        return {
            "change": change,
            "chips": chips[:CHIPS],
            "more": max(len(chips) - CHIPS, 0),
            "signed": change.signed,  # type: ignore[attr-defined] # annotated above
            "name": change.object_name,  # type: ignore[attr-defined] # annotated above
            "needed": needed,
            "own": change.author_id == self.actor.user_id,
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        """Approve or reject what was chosen: of one policy row only, each in its own transaction, one's own left out."""
        chosen = [value.partition(":") for value in request.POST.getlist("chosen")[:MOST_AT_ONCE]]
        digests = {int(number): digest for number, _colon, digest in chosen if number.isdigit() and len(number) < 18}
        action, reason = request.POST.get("action", ""), request.POST.get("reason", "").strip()
        changes = list(ChangeRequest.objects.filter(pk__in=digests).order_by("pk").defer("document", "evidence"))
        back = redirect(
            f"{request.path}?tab={tab}" if (tab := request.POST.get("tab", "")) in dict(self.tabs) else request.path
        )
        if not changes or action not in ("approve", "reject"):
            messages.warning(request, _("Choose at least one change."))
            return back
        if not reason:
            messages.error(request, _("Deciding on several at once needs a reason."))
            return back
        if len({(change.required_class, change.policy_rule) for change in changes}) > 1:
            messages.error(request, _("Choose changes under one policy row only: these need different signatures."))
            return back
        self._decide(request, changes, digests, action, reason)
        return back

    def _decide(
        self, request: HttpRequest, changes: list[ChangeRequest], digests: dict[int, str], action: str, reason: str
    ) -> None:
        decide = decisions.approve if action == "approve" else decisions.reject
        done, left_out = 0, []
        for change in changes:
            try:
                decide(actor=self.actor, change_id=change.pk, digest=digests[change.pk], reason=reason, now=self.now)
            except Refusal as refusal:
                left_out.append(f"{change.human_id}: {refusal.message}")
            else:
                done += 1
        if done:
            text = (
                ngettext("You signed one change.", "You signed %(n)s changes.", done)
                if action == "approve"
                else ngettext("You rejected one change.", "You rejected %(n)s changes.", done)
            )
            messages.success(request, text % {"n": done})
        for line in left_out:
            messages.warning(request, _("Left out: %s") % line)
