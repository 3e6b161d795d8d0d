"""The approvals inbox: what needs you, your teams, what is yours, what was decided; and deciding on several at once."""

from typing import Any

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.changes.filters import ChangeFilter
from portal.changes.inbox import MOST_AT_ONCE, NEEDS_YOU, TABS, Decided, decide, rows
from portal.changes.models import ChangeRequest, ChangeState, Decision, Verdict
from portal.changes.reads import to_review_by
from portal.policy import reads
from portal.policy.rules import Row, level
from portal.refusals import Refusal
from portal.registry import kinds
from portal.registry.twins import local_name_in_document
from portal.roles import Permission, may
from portal.web.labels import label_of
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response

CHIPS = 3
CSV = ("id", "summary", "kind", "key", "state", "author", "class", "submitted_at", "sign_by")


def _levels() -> ArraySubquery:
    """The levels of the approvals that stand on the current proposal."""
    return ArraySubquery(
        Decision.objects.filter(
            proposal__change_id=OuterRef("pk"),
            proposal__number=OuterRef("proposal_number"),
            digest=OuterRef("digest"),
            verdict=Verdict.APPROVE,
        )
        .order_by()
        .values("level")
    )


class Approvals(PageView):
    """Needs you, in review, team, mine, decided."""

    is_list = True

    tabs = (("", TABS[NEEDS_YOU]), *((name, label) for name, label in TABS.items() if name != NEEDS_YOU))

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """One tab of the inbox, or all of its rows as CSV with `?format=csv`."""
        tab = request.GET.get("tab", "")
        if tab not in dict(self.tabs):
            tab = ""
        found = (
            rows(tab, self.actor)
            .select_related("author")
            .annotate(levels=_levels(), object_name=local_name_in_document())
            .defer("document", "evidence")
        )
        listing = Listing(request, ChangeFilter, found)
        if request.GET.get("format") == "csv":
            lines = ([one.human_id, one.summary, one.kind, one.key, one.state, one.author.username, one.required_class,
                      one.submitted_at, one.sign_by] for one in listing.queryset.iterator(500))  # fmt: skip
            return csv_response("changes", list(CSV), lines)
        if tab in ("", "team", "review"):
            listing.form.fields.pop("state", None)
        signs = may(self.actor, Permission.SIGN)
        user = self.actor.user
        assert user is not None
        context = listing.context()
        policy = reads.in_force()
        context |= {
            "tab": tab,
            "rows": [self._row(row, policy.row(level(row.required_class or "A0"))) for row in context["rows"]],
            "tabs": [
                {"label": label, "href": f"?tab={name}", "current": name == tab, "waits": not name}
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

    def _row(self, change: ChangeRequest, policy: Row) -> dict[str, Any]:
        kind = kinds.get(change.kind)
        chips = [label_of(kind, path) for path in change.parts]
        levels: list[int] = change.levels  # type: ignore[attr-defined] # annotated above
        return {
            "change": change,
            "chips": chips[:CHIPS],
            "more": max(len(chips) - CHIPS, 0),
            "signed": len(levels),
            "missing": policy.still_needed(levels) if change.state == ChangeState.IN_REVIEW else "",
            "name": change.object_name,  # type: ignore[attr-defined] # annotated above
            "needed": policy.signatures,
            "own": change.author_id == self.actor.user_id,
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        """Approve or reject what was chosen: of one policy row only, each in its own transaction, one's own left out."""
        chosen = [value.partition(":") for value in request.POST.getlist("chosen")[: MOST_AT_ONCE + 1]]
        digests = {int(number): digest for number, _colon, digest in chosen if number.isdigit() and len(number) < 18}
        back = redirect(
            f"{request.path}?tab={tab}" if (tab := request.POST.get("tab", "")) in dict(self.tabs) else request.path
        )
        action = request.POST.get("action", "")
        if not digests:
            messages.warning(request, _("Choose at least one change."))
            return back
        try:
            decided = decide(
                actor=self.actor, verb=action, digests=digests, reason=request.POST.get("reason", ""), now=self.now
            )
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return back
        self._tell(request, decided, action)
        return back

    def _tell(self, request: HttpRequest, decided: list[Decided], action: str) -> None:
        done = sum(one.refusal is None for one in decided)
        if done:
            text = (
                ngettext("You signed one change.", "You signed %(n)s changes.", done)
                if action == "approve"
                else ngettext("You rejected one change.", "You rejected %(n)s changes.", done)
            )
            messages.success(request, text % {"n": done})
        for one in decided:
            if one.refusal is not None:
                messages.warning(request, _("Left out: %s") % f"CHG-{one.number}: {one.refusal.message}")
