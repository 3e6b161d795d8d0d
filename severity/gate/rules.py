"""What a release candidate may do, judged from facts of one moment. Pure: no database, no clock.

Sources of the rules: the domain's Severity, Release readiness and Great Expectations. Fail closed: what is unknown is not OK.
The sentences are in the language that is active; whoever keeps them asks in English.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.models import CheckVerdict
from portal.language.lists import joined
from portal.registry.models import EntryState
from severity.gate.values import Check, Evaluation, Facts, Reason, Row, Said, Trouble
from severity.readiness import BY_PEOPLE, STAGES, Dimension, RowStatus
from severity.rules import Level
from severity.wording import title_words, until_words

PROD = "prod"
# A watch that has not looked for so long may have missed anything.
WATCH_SECONDS = 60.0
_ORDER = (RowStatus.OK, RowStatus.RISK, RowStatus.BLOCKED)


def next_stage(stage: str) -> str | None:
    """The stage after this one; None after the last."""
    place = STAGES.index(stage) + 1
    return STAGES[place] if place < len(STAGES) else None


class _Matrix:
    """Rows that only get worse, with what made them so."""

    def __init__(self, to: str) -> None:
        self.to = to
        self.status = dict.fromkeys(Dimension.values, RowStatus.OK)
        self.reasons: dict[str, list[tuple[RowStatus, Reason]]] = {name: [] for name in Dimension.values}
        self.others: list[tuple[RowStatus, Reason]] = []

    def add(self, status: RowStatus, reason: Reason) -> None:
        """Note a reason, and drag its row down to this status."""
        if reason.dimension in self.reasons:
            self.reasons[reason.dimension].append((status, reason))
            self.status[reason.dimension] = max(self.status[reason.dimension], status, key=_ORDER.index)
        else:
            self.others.append((status, reason))

    def all(self) -> Iterable[tuple[RowStatus, Reason]]:
        """Every reason: those of no row first, then row by row."""
        yield from self.others
        for listed in self.reasons.values():
            yield from listed


def judge(facts: Facts, to: str) -> Evaluation:
    """The nine rows and the verdict on promoting to the stage `to`."""
    matrix = _Matrix(to)
    _stage(matrix, facts)
    _watch(matrix, facts)
    for trouble in facts.troubles:
        _trouble(matrix, trouble)
    for check in facts.checks:
        _check(matrix, check)
    if not facts.checkpoints:
        matrix.add(
            RowStatus.BLOCKED,
            Reason(
                "no_checkpoint", _("No checkpoint is registered, so nobody knows what the data holds."), "", "/checkpoints/",
                None, _("Whoever registers one and has it pass."), Dimension.DATA_QUALITY,
            ),
        )  # fmt: skip
    for late in facts.late:
        matrix.add(
            RowStatus.BLOCKED if to == PROD else RowStatus.RISK,
            Reason(
                "approval_late", _("A change of class B waits past its approval SLA: %s") % late.summary, f"CHG-{late.id}",
                f"/changes/CHG-{late.id}/", late.since, _("Its approvers, by deciding on it."), Dimension.APPROVAL_SLA,
            ),
        )  # fmt: skip
    said = {one.dimension: one for one in facts.said}
    for dimension in BY_PEOPLE:
        _said(matrix, dimension.value, said.get(dimension.value), facts)
    _provenance(matrix, facts)
    if facts.claims:
        matrix.add(
            RowStatus.RISK,
            Reason(
                "claims_waiting", ngettext("%(n)d claim is not verified.", "%(n)d claims are not verified.", facts.claims)
                % {"n": facts.claims}, "", "/claims/", None, _("Whoever brings the evidence."), Dimension.CONTRADICTION_BACKLOG,
            ),
        )  # fmt: skip
    blocked = tuple(reason for status, reason in matrix.all() if status == RowStatus.BLOCKED)
    return Evaluation(
        release=facts.release,
        stage=facts.stage,
        to=to,
        at=facts.now,
        rows=tuple(_row(matrix, facts, name, said.get(name)) for name in Dimension.values),
        blocked=blocked,
        warnings=tuple(reason for status, reason in matrix.all() if status == RowStatus.RISK),
        note=note(facts),
        unlisted=_unlisted(facts, to),
    )


def _row(matrix: _Matrix, facts: Facts, name: str, said: Said | None) -> Row:
    worst = [
        severity for (dimension, severity, _harmless), count in facts.counts.items() if dimension == name and count
    ]
    return Row(
        dimension=name,
        status=matrix.status[name],
        worst=max(worst, default=None),
        # What blocks comes first; in the order in which it was found otherwise.
        reasons=tuple(
            reason for _status, reason in sorted(matrix.reasons[name], key=lambda one: -_ORDER.index(one[0]))
        ),
        said=said,
        covered=tuple(one for one in facts.troubles if one.dimension == name and one.covered_until is not None),
    )


def _unlisted(facts: Facts, to: str) -> int:
    """Incidents that block beyond those listed: the lists are bounded, the verdict is not."""
    blocking = {Level.V3.value} | ({Level.V2.value} if to == PROD else set())
    known = sum(count for (_row, severity, harmless), count in facts.counts.items()
                if severity in blocking and not harmless)  # fmt: skip
    listed = sum(
        one.severity == Level.V3 or (one.state != "mitigated" and one.covered_until is None)
        for one in facts.troubles
        if one.severity in blocking
    )
    return max(known - listed, 0)


def _stage(matrix: _Matrix, facts: Facts) -> None:
    address = f"/releases/{facts.release}/"
    who = _("Whoever asks: name the next stage of a candidate that is active.")
    name = facts.release.upper()
    if facts.state != "active":
        what = _("The release is not active: %s.") % EntryState(facts.state).label
        matrix.add(RowStatus.BLOCKED, Reason("not_active", what, name, address, None, who))
    if next_stage(facts.stage) != matrix.to:
        after = next_stage(facts.stage)
        what = (
            _("The release stands at %(stage)s; the stage after that is %(after)s.")
            % {"stage": facts.stage, "after": after}
            if after
            else _("The release stands at %s, the last stage.") % facts.stage
        )
        matrix.add(RowStatus.BLOCKED, Reason("wrong_stage", what, name, address, None, who))


def _watch(matrix: _Matrix, facts: Facts) -> None:
    if facts.watched_at is not None and abs((facts.now - facts.watched_at).total_seconds()) <= WATCH_SECONDS:
        return
    what = _("The watch has not looked for over a minute: what slipped meanwhile, nobody knows.")
    who = _("Operators, by starting the workers.")
    matrix.add(
        RowStatus.BLOCKED,
        Reason("watch_stale", what, "", "/", facts.watched_at, who, Dimension.CONNECTOR_HEALTH),
    )


def _trouble(matrix: _Matrix, one: Trouble) -> None:
    """The effect of one unresolved incident (domain: the table of severities)."""
    name, address = f"INC-{one.id}", f"/incidents/INC-{one.id}/"

    def reason(rule: str, what: str, who: str) -> Reason:
        told = f"V{one.severity} {what}: {title_words(one.title)}"
        return Reason(rule, told, name, address, one.opened_at, who % {"owner": one.owner}, one.dimension)

    if one.severity == Level.V3:
        who = _("A person of %(owner)s, by resolving it. No exception lifts a V3.")
        matrix.add(RowStatus.BLOCKED, reason("v3_open", _("is not resolved"), who))
    elif one.severity == Level.V2:
        if one.state == "mitigated":
            who = _("A person of %(owner)s, by resolving it.")
            matrix.add(RowStatus.RISK, reason("v2_mitigated", _("is mitigated, not resolved"), who))
        elif one.covered_until is not None:
            until = until_words(one.covered_until)
            what = _("is let through until %(until)s by %(exception)s") % {"until": until, "exception": one.covered_by}
            matrix.add(RowStatus.RISK, reason("v2_excepted", what, _("%(owner)s, by mitigating it.")))
        else:
            who = _("%(owner)s, by mitigating it; or an exception, signed as the approval policy demands.")
            status = RowStatus.BLOCKED if matrix.to == PROD else RowStatus.RISK
            matrix.add(status, reason("v2_open", _("is open"), who))
    elif one.severity == Level.V1 and not one.measure:
        who = _("%(owner)s, by resolving it or recording a compensating measure.")
        matrix.add(RowStatus.RISK, reason("v1_open", _("has no compensating measure"), who))


def _check(matrix: _Matrix, check: Check) -> None:
    """Only a pass promotes. What people have taken on is at risk instead: a V2 under an exception, a V1 with a measure."""
    incident = check.incident
    softened = incident is not None and (
        (incident.severity == Level.V2 and incident.covered_until is not None)
        or (incident.severity <= Level.V1 and incident.measure)
    )
    verdict = str(CheckVerdict(check.verdict).label).lower()
    matrix.add(
        RowStatus.RISK if softened else RowStatus.BLOCKED,
        Reason(
            "checkpoint_not_passed", _("Checkpoint %(name)s: %(verdict)s") % {"name": check.name, "verdict": verdict},
            check.key, f"/checkpoints/{check.key}/", check.since, _("%s, by a fresh run that passes.") % check.owner,
            check.dimension,
        ),
    )  # fmt: skip


def _said(matrix: _Matrix, dimension: str, said: Said | None, facts: Facts) -> None:
    address, name = f"/releases/{facts.release}/", facts.release.upper()
    label = str(Dimension(dimension).label)
    who = _("Whoever looks at it and says so, with evidence.")
    if said is None:
        reason = Reason(
            "row_unknown", _("%s: nobody has said anything yet.") % label, name, address, None, who, dimension
        )
        matrix.add(RowStatus.BLOCKED, reason)
        return
    if facts.now - said.at > timedelta(days=facts.stale_days):
        what = _("%(row)s: what was said is older than %(n)d days.") % {"row": label, "n": facts.stale_days}
        matrix.add(RowStatus.BLOCKED, Reason("row_stale", what, name, address, said.at, who, dimension))
    if said.status != RowStatus.OK:
        words = said.note or str(said.status.label)
        rule = "row_blocked" if said.status == RowStatus.BLOCKED else "row_risk"
        who = _("%s, by looking at it again.") % said.owner
        matrix.add(said.status, Reason(rule, f"{label}: {words}", name, address, said.at, who, dimension))


def _provenance(matrix: _Matrix, facts: Facts) -> None:
    address, name = f"/releases/{facts.release}/", facts.release.upper()
    if not facts.attested:
        what = _("CI has not attested how the build came to be.")
        status = RowStatus.BLOCKED if matrix.to == PROD else RowStatus.RISK
        matrix.add(
            status, Reason("not_attested", what, name, address, None, _("CI, by sending it."), Dimension.PROVENANCE)
        )
    elif not facts.attested_by_trusted:
        what = _("No attestation is signed by a key that the portal trusts.")
        who = _("CI, by signing it; an administrator, by trusting the key.")
        matrix.add(RowStatus.RISK, Reason("not_signed", what, name, address, None, who, Dimension.PROVENANCE))


def note(facts: Facts) -> str:
    """How bad things are in one sentence."""
    totals = dict.fromkeys(Level, 0)
    for (_dimension, severity, _harmless), count in facts.counts.items():
        totals[Level(severity)] += count
    worst = next((level for level in reversed(Level) if totals[level]), None)
    if worst is None:
        return _("No incident is open.")
    counted = (
        _("%(n)d %(level)s") % {"n": totals[level], "level": level.name} for level in reversed(Level) if totals[level]
    )
    return _("Unresolved: %s.") % joined(counted)
