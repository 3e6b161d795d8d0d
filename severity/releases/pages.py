"""Pages of releases beside the matrix: setting a row, asking, promoting, frozen matrices, comparing two."""

import csv
import io
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.people.models import Team
from portal.refusals import Refusal
from portal.roles import Permission
from portal.web.views.base import PageView
from severity.gate import services as gate
from severity.gate.answers import digest_of, matrix_answer
from severity.gate.rules import next_stage
from severity.models import Promotion, ReadinessStatement, ReleaseCandidate
from severity.readiness import BY_PEOPLE, STAGES, Dimension, RowStatus
from severity.releases import services
from severity.releases.panel import compare
from severity.releases.services import Statement

PIECES = 3


def _release(key: str) -> ReleaseCandidate:
    return get_object_or_404(ReleaseCandidate.objects.select_related("owner"), key=key.lower())


def _crumbs(release: ReleaseCandidate, here: str) -> list[dict[str, str]]:
    return [
        {"label": _("Releases"), "href": reverse("releases")},
        {"label": release.human_id, "href": release.get_absolute_url()},
        {"label": here},
    ]


class Redirected(PageView):
    """`/releases/R-2026.12/`, as people write it: the page of the key."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """There."""
        return redirect(_release(key).get_absolute_url(), permanent=False)


class RowForm(forms.Form):
    """What somebody says of a row."""

    status = forms.ChoiceField(choices=RowStatus.choices, label=gettext_lazy("Status"))
    owner = forms.ChoiceField(label=gettext_lazy("Owner team"))
    note = forms.CharField(
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        label=gettext_lazy("What stands in the way"),
        help_text=gettext_lazy("Needed unless the row is OK."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ChoiceField)
        owner.choices = [(team.key, team.name) for team in Team.objects.order_by("name")]
        for number in range(1, PIECES + 1):
            self.fields[f"title_{number}"] = forms.CharField(
                max_length=200, required=number == 1, label=_("Evidence %d: what it is") % number
            )
            self.fields[f"address_{number}"] = forms.CharField(
                max_length=500, required=number == 1, label=_("Evidence %d: its address") % number,
                help_text=_("https://… or a page of the portal, /…."),
            )  # fmt: skip

    def statement(self, dimension: str) -> Statement:
        """What the form says."""
        said = self.cleaned_data
        pieces = [
            {"title": said[f"title_{number}"], "address": said[f"address_{number}"]}
            for number in range(1, PIECES + 1)
            if said[f"title_{number}"] or said[f"address_{number}"]
        ]
        return Statement(dimension, said["status"], said["owner"], pieces, said["note"])


class SetRow(PageView):
    """A form for one row that people set; what was said before stands below."""

    permission = Permission.SET_READINESS

    def get(self, request: HttpRequest, key: str, dimension: str) -> HttpResponse:
        """The form."""
        release = _release(key)
        return self._page(request, release, dimension, RowForm(initial={"owner": release.owner.key}))

    def post(self, request: HttpRequest, key: str, dimension: str) -> HttpResponse:
        """Set it."""
        release = _release(key)
        form = RowForm(request.POST)
        if not form.is_valid():
            return self._page(request, release, dimension, form, status=422)
        try:
            services.say(actor=self.actor, key=release.key, statement=form.statement(dimension), now=self.now)
        except Refusal as refusal:
            told = "; ".join(one.message for one in refusal.problems) or refusal.message
            return self._page(request, release, dimension, form, error=told, status=refusal.status)
        messages.success(request, _("%s is set.") % services.label_of(dimension))
        return redirect(release.get_absolute_url())

    def _page(
        self,
        request: HttpRequest,
        release: ReleaseCandidate,
        dimension: str,
        form: RowForm,
        error: str = "",
        status: int = 200,
    ) -> HttpResponse:
        if dimension not in BY_PEOPLE:
            raise Http404
        label = services.label_of(dimension)
        rows = ReadinessStatement.objects.filter(release=release, dimension=dimension).select_related("owner", "by")
        context = {
            "release": release,
            "label": label,
            "form": form,
            "error": error,
            "said": list(rows[:20]),
            "crumbs": _crumbs(release, label),
        }
        return render(request, "severity/release_row.html", context, status=status)


class Ask(PageView):
    """Ask the gate, so that its answer is logged."""

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Ask for the next promotion."""
        release = _release(key)
        to = next_stage(release.stage)
        if to is not None:
            gate.ask(actor=self.actor, key=release.key, to=to, way="page")
            messages.success(request, _("The gate was asked; its answer is in the log."))
        return redirect(release.get_absolute_url())


class Promote(PageView):
    """Open the change that promotes a release; its evidence is written there, and there it is submitted."""

    permission = Permission.PROPOSE

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """A draft, opened for its evidence."""
        release = _release(key)
        try:
            change = services.request_promotion(actor=self.actor, key=release.key, now=self.now)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect(release.get_absolute_url())
        return redirect("change-edit", change.human_id)


class Matrix(PageView):
    """The matrix as CSV, evaluated now for the next promotion."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The nine rows."""
        release = _release(key)
        matrix = matrix_answer(gate.evaluate(release.key, next_stage(release.stage) or STAGES[-1]))
        return _csv(matrix, f"{release.key}-{matrix['to']}")


def _csv(matrix: dict[str, Any], name: str) -> HttpResponse:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["row", "status", "worst_severity", "reasons", "evidence", "owner", "exceptions"])
    for row in matrix["rows"]:
        said = row["said"] or {"evidence": [], "owner": ""}
        writer.writerow(
            _plain(cell)
            for cell in (
                row["dimension"],
                row["status"],
                row["worst_severity"] or "",
                "; ".join(f"{one['object']} {one['what']}".strip() for one in row["reasons"]),
                "; ".join(f"{one['title']} {one['address']}" for one in said["evidence"]),
                said["owner"],
                "; ".join(row["exceptions"]),
            )
        )
    response = HttpResponse("\ufeff" + file.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


class Frozen(PageView):
    """The matrix as it was frozen when a promotion was signed off."""

    def get(self, request: HttpRequest, key: str, stage: str) -> HttpResponse:
        """The page, or the frozen JSON and CSV with `?format=`."""
        release = _release(key)
        promotion = get_object_or_404(Promotion.objects.select_related("change"), release=release, to_stage=stage)
        if request.GET.get("format") == "csv":
            return _csv(promotion.matrix, f"{release.key}-{stage}-frozen")
        context = {
            "release": release,
            "promotion": promotion,
            "sound": digest_of(promotion.matrix) == promotion.digest,
            "rows": [{"label": str(Dimension(row["dimension"]).label), "row": row} for row in promotion.matrix["rows"]],
            "crumbs": _crumbs(release, _("Frozen at sign-off to %s") % stage),
        }
        return render(request, "severity/release_frozen.html", context)


class Compare(PageView):
    """Two releases side by side: `?from=r-2026.11&to=r-2026.12`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The choice, and the rows once two are chosen."""
        known = list(ReleaseCandidate.objects.select_related("owner").order_by("-created_at", "-id")[:100])
        by_key = {one.key: one for one in known}
        older = by_key.get(request.GET.get("from", "").lower())
        newer = by_key.get(request.GET.get("to", "").lower())
        context: dict[str, Any] = {"known": known, "older": older, "newer": newer}
        context["crumbs"] = [{"label": _("Releases"), "href": reverse("releases")}, {"label": _("Compare")}]
        if older is not None and newer is not None:
            context["rows"] = compare(older, newer)
        return render(request, "severity/release_compare.html", context)
