"""Pages of claims: the backlog, and one claim with what it rests on and a form to correct its verdict."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.people.names import names_of
from portal.refusals import Refusal
from portal.roles import ActorType, Permission, may
from portal.web.views.base import PageView
from portal.web.views.listing import Listing, csv_response
from severity.claims import reads, services
from severity.claims.answers import claim_answer, reference_of
from severity.claims.filters import ClaimFilter
from severity.claims.forms import CorrectForm
from severity.incident_words import evidence_kind
from severity.models import Claim, Verdict

# The columns of the CSV, by the names of the API.
CSV = (
    "human_id", "verdict", "reversibility", "statement", "claimed_by", "actor_type", "connector", "owner", "note",
    "reported_by", "reported_at", "judged_at", "incident", "reference",
)  # fmt: skip
MAX_DIGITS = 18
_LOOKS = {
    Verdict.VERIFIED: ("check", "ok"),
    Verdict.PARTIALLY_VERIFIED: ("half", "risk"),
    Verdict.UNVERIFIED: ("ring", "bad"),
    Verdict.CONTRADICTED: ("cross", "bad"),
}


def claim_id_of(text: str) -> int:
    """The number in CLM-12 or 12, or 404."""
    number = text.upper().removeprefix("CLM-")
    if not number.isascii() or not number.isdigit() or len(number) > MAX_DIGITS:
        raise Http404
    return int(number)


class ClaimList(PageView):
    """Claims that are not verified: on the least reversible path first, then what stands so the longest."""

    is_list = True

    tabs = (("", gettext_lazy("Backlog")), ("all", gettext_lazy("All")))

    def _rows(self, tab: str) -> QuerySet[Claim]:
        rows = reads.visible() if tab == "all" else reads.backlog()
        return rows.select_related("incident").defer("evidence", "connector__document", "incident__evidence")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """One tab of the list, or all of its rows as CSV with `?format=csv`."""
        tab = request.GET.get("tab", "")
        if tab not in dict(self.tabs):
            tab = ""
        listing = Listing(request, ClaimFilter, self._rows(tab))
        # The tabs say it.
        listing.form.fields.pop("backlog", None)
        if request.GET.get("format") == "csv":
            answers = (dict(claim_answer(one)) for one in listing.queryset.iterator(500))
            return csv_response("claims", list(CSV), ([one[name] for name in CSV] for one in answers))
        context = listing.context()
        context |= {
            "tab": tab,
            "tabs": [{"label": label, "href": f"?tab={name}", "current": name == tab} for name, label in self.tabs],
            "clear_url": f"?tab={tab}",
            "any": bool(context["rows"]) or Claim.objects.exists(),
            "columns": [
                {"label": _("Claim")},
                {"label": _("Verdict"), "sort": "verdict"},
                {"label": _("Path"), "sort": "reversibility"},
                {"label": _("Claimed by"), "sort": "claimed_by"},
                {"label": _("Object")},
                {"label": _("Owner")},
                {"label": _("Judged"), "sort": "judged_at"},
                {"label": _("Incident")},
            ],
        }
        return render(request, "severity/claims.html", context)


class ClaimPage(PageView):
    """One claim: what was said, on which evidence it stands or falls, and the verdicts so far."""

    def get(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The page."""
        claim = self._claim(pk)
        return self._page(request, claim, CorrectForm.of(claim))

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Give it another verdict."""
        form = CorrectForm.posted(request.POST.dict())
        seen = request.POST.get("seen", "")
        number = self._claim(pk).pk
        given = form.judged()
        if given is None:
            return self._page(request, self._claim(pk), form, status=422)
        try:
            known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= MAX_DIGITS else None
            services.correct(actor=self.actor, claim_id=number, given=given, now=self.now, seen=known)
        except Refusal as refusal:
            form.take(refusal.problems)
            error = "" if refusal.problems else refusal.message
            return self._page(request, self._claim(pk), form, error=error, status=refusal.status)
        messages.success(request, _("The verdict on %s stands.") % f"CLM-{number}")
        return redirect("claim", f"CLM-{number}")

    @staticmethod
    def _claim(pk: str) -> Claim:
        claim = reads.one(claim_id_of(pk))
        if claim is None:
            raise Http404
        return claim

    def _page(
        self, request: HttpRequest, claim: Claim, form: CorrectForm, error: str = "", status: int = 200
    ) -> HttpResponse:
        events = reads.counted_events(claim)
        names = names_of(event.actor_name for event in events)
        context = {
            "claim": claim,
            "reference": reference_of(claim),
            "actor_type": _actor_type(claim.actor_type),
            "pieces": [{**piece, "kind": evidence_kind(piece["kind"])} for piece in claim.evidence],
            "lines": [_line(event, names[event.actor_name]) for event in events],
            "seen": events[0].pk if events else "",
            "may_correct": may(self.actor, Permission.REPORT_CLAIM),
            "correct": form.context(),
            "error": error,
            "crumbs": [{"label": _("Claims"), "href": reverse("claims")}],
        }
        return render(request, "severity/claim.html", context, status=status)


def _actor_type(value: str) -> str:
    return str(ActorType(value).label) if value in ActorType.values else value


def _line(event: Any, actor: str) -> dict[str, Any]:
    shape, tone = _LOOKS[Verdict(event.verdict)]
    pieces = ngettext("%(n)s piece of evidence", "%(n)s pieces of evidence", event.pieces) % {"n": event.pieces}
    return {
        "at": event.at,
        "text": f"{Verdict(event.verdict).label} · {pieces}",
        "note": event.note,
        "actor": actor,
        "shape": shape,
        "tone": tone,
    }
