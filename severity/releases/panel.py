"""What the page of a release shows: the matrix for the next promotion, who signed what, readiness over time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from severity.gate import facts
from severity.gate.answers import matrix_answer
from severity.gate.rules import judge, next_stage
from severity.gate.values import Evaluation, Row
from severity.models import Attestation, GateDecision, GateException, Promotion, ReleaseCandidate
from severity.readiness import COMPUTED, STAGES, Dimension, RowStatus
from severity.rules import Level

POINTS = 60


@dataclass(frozen=True)
class Shown:
    """One row as the table shows it."""

    row: Row
    label: str
    computed: bool
    worst: str

    @property
    def ok(self) -> bool:
        """Whether there is nothing to look at."""
        return self.row.status == RowStatus.OK


def shown(evaluation: Evaluation) -> list[Shown]:
    """The rows in the order of the domain, with their words."""
    return [
        Shown(
            row=row,
            label=str(Dimension(row.dimension).label),
            computed=row.dimension in COMPUTED,
            worst="" if row.worst is None else Level(row.worst).name,
        )
        for row in evaluation.rows
    ]


def panel(release: ReleaseCandidate, *, only_not_ok: bool) -> dict[str, Any]:
    """Everything below the head, in a handful of queries."""
    to = next_stage(release.stage)
    evaluation = judge(facts.of(release), to or STAGES[-1])
    rows = shown(evaluation)
    promotions = list(Promotion.objects.filter(release=release).defer("matrix").select_related("change"))
    points = list(
        GateDecision.objects.filter(release_key=release.key).only("at", "rows", "allowed", "to_stage")[:POINTS]
    )
    return {
        "to": to,
        "stages": [{"name": one, "state": _place(one, release.stage)} for one in STAGES],
        "evaluation": evaluation,
        "rows": [one for one in rows if not (only_not_ok and one.ok)],
        "hidden": sum(one.ok for one in rows) if only_not_ok else 0,
        "only_not_ok": only_not_ok,
        "counts": {one.value: evaluation.count(one) for one in RowStatus},
        "why_not": evaluation.blocked[:6],
        "more": max(len(evaluation.blocked) - 6, 0) + evaluation.unlisted,
        "promotions": promotions,
        "attestations": list(Attestation.objects.filter(release=release).defer("statement")[:5]),
        "exceptions": list(
            GateException.objects.filter(release=release).select_related("incident", "owner").order_by("-id")[:20]
        ),
        "trend": trend(points),
    }


def _place(stage: str, at: str) -> str:
    here, there = STAGES.index(at), STAGES.index(stage)
    return "here" if here == there else "past" if there < here else "ahead"


@dataclass(frozen=True)
class Bar:
    """One look of the gate in the drawing of readiness: three stacked parts of nine, in units of the drawing."""

    x: int
    at: datetime
    ok: int
    risk: int
    blocked: int
    allowed: bool

    @property
    def parts(self) -> list[dict[str, Any]]:
        """From the bottom: OK, Risk, Blocked."""
        found, top = [], 90
        for name, number in (("ok", self.ok), ("risk", self.risk), ("blocked", self.blocked)):
            top -= number * 10
            if number:
                found.append({"name": name, "y": top, "height": number * 10})
        return found

    @property
    def title(self) -> str:
        """The numbers in words."""
        words = _("%(ok)d OK, %(risk)d at risk, %(blocked)d blocked")
        return words % {"ok": self.ok, "risk": self.risk, "blocked": self.blocked}


def trend(decisions: list[GateDecision]) -> dict[str, Any]:
    """Readiness over time, the oldest first, as bars; the same numbers stand in a table."""
    bars = []
    for number, one in enumerate(reversed([one for one in decisions if one.rows])):
        told = list(one.rows.values())
        bars.append(Bar(number * 12, one.at, told.count("ok"), told.count("risk"), told.count("blocked"), one.allowed))
    return {"bars": bars, "width": max(len(bars) * 12, 12), "newest": list(reversed(bars))[:20]}


def compare(one: ReleaseCandidate, other: ReleaseCandidate) -> list[dict[str, Any]]:
    """Two releases row by row, each for its next promotion, or as it was frozen when it went to prod."""
    left, right = _matrix_of(one), _matrix_of(other)
    return [
        {
            "label": str(Dimension(a["dimension"]).label),
            "left": a,
            "right": b,
            "differs": (a["status"], a["worst_severity"]) != (b["status"], b["worst_severity"]),
        }
        for a, b in zip(left["rows"], right["rows"], strict=True)
    ]


def _matrix_of(release: ReleaseCandidate) -> dict[str, Any]:
    to = next_stage(release.stage)
    if to is None:
        matrix: dict[str, Any] = Promotion.objects.get(release=release, to_stage=STAGES[-1]).matrix
        return matrix
    return matrix_answer(judge(facts.of(release), to))
