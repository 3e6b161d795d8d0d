"""What a release candidate may do, judged from facts of one moment. Pure: no database, no clock.

Sources of the rules: the domain's Severity, Release readiness and Great Expectations. Fail closed: what is unknown is not OK.
"""

from collections.abc import Iterable
from datetime import timedelta

from severity.gate.values import Check, Evaluation, Facts, Reason, Row, Said, Trouble
from severity.readiness import BY_PEOPLE, STAGES, Dimension, RowStatus
from severity.rules import Level

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
                "no_checkpoint", "No checkpoint is registered, so nobody knows what the data holds.", "", "/checkpoints/",
                None, "Whoever registers one and has it pass.", Dimension.DATA_QUALITY,
            ),
        )  # fmt: skip
    for late in facts.late:
        matrix.add(
            RowStatus.BLOCKED if to == PROD else RowStatus.RISK,
            Reason(
                "approval_late", f"A change of class B waits past its approval SLA: {late.summary}", f"CHG-{late.id}",
                f"/changes/CHG-{late.id}/", late.since, "Its approvers, by deciding on it.", Dimension.APPROVAL_SLA,
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
                "claims_waiting", f"{facts.claims} claim(s) are not verified.", "", "/claims/", None,
                "Whoever brings the evidence.", Dimension.CONTRADICTION_BACKLOG,
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
    address, who = f"/releases/{facts.release}/", "Whoever asks: name the next stage of a candidate that is active."
    name = facts.release.upper()
    if facts.state != "active":
        what = f"The release is {facts.state}."
        matrix.add(RowStatus.BLOCKED, Reason("not_active", what, name, address, None, who))
    if next_stage(facts.stage) != matrix.to:
        what = f"The release stands at {facts.stage}; the stage after that is {next_stage(facts.stage) or 'none'}."
        matrix.add(RowStatus.BLOCKED, Reason("wrong_stage", what, name, address, None, who))


def _watch(matrix: _Matrix, facts: Facts) -> None:
    if facts.watched_at is not None and abs((facts.now - facts.watched_at).total_seconds()) <= WATCH_SECONDS:
        return
    what = "The watch has not looked for over a minute: what slipped meanwhile, nobody knows."
    who = "Operators, by starting the workers."
    matrix.add(
        RowStatus.BLOCKED,
        Reason("watch_stale", what, "", "/", facts.watched_at, who, Dimension.CONNECTOR_HEALTH),
    )


def _trouble(matrix: _Matrix, one: Trouble) -> None:
    """The effect of one unresolved incident (domain: the table of severities)."""
    name, address = f"INC-{one.id}", f"/incidents/INC-{one.id}/"

    def reason(rule: str, what: str, who: str) -> Reason:
        return Reason(rule, f"V{one.severity} {what}: {one.title}", name, address, one.opened_at, who, one.dimension)

    if one.severity == Level.V3:
        who = f"A person of {one.owner}, by resolving it. No exception lifts a V3."
        matrix.add(RowStatus.BLOCKED, reason("v3_open", "is not resolved", who))
    elif one.severity == Level.V2:
        if one.state == "mitigated":
            who = f"A person of {one.owner}, by resolving it."
            matrix.add(RowStatus.RISK, reason("v2_mitigated", "is mitigated, not resolved", who))
        elif one.covered_until is not None:
            until = one.covered_until.isoformat(timespec="minutes")
            what = f"is let through until {until} by {one.covered_by}"
            matrix.add(RowStatus.RISK, reason("v2_excepted", what, f"{one.owner}, by mitigating it."))
        else:
            who = f"{one.owner}, by mitigating it; or an exception, signed as the approval policy demands."
            status = RowStatus.BLOCKED if matrix.to == PROD else RowStatus.RISK
            matrix.add(status, reason("v2_open", "is open", who))
    elif one.severity == Level.V1 and not one.measure:
        who = f"{one.owner}, by resolving it or recording a compensating measure."
        matrix.add(RowStatus.RISK, reason("v1_open", "has no compensating measure", who))


def _check(matrix: _Matrix, check: Check) -> None:
    """Only a pass promotes. What people have taken on is at risk instead: a V2 under an exception, a V1 with a measure."""
    incident = check.incident
    softened = incident is not None and (
        (incident.severity == Level.V2 and incident.covered_until is not None)
        or (incident.severity <= Level.V1 and incident.measure)
    )
    matrix.add(
        RowStatus.RISK if softened else RowStatus.BLOCKED,
        Reason(
            "checkpoint_not_passed", f"Checkpoint {check.name}: {check.verdict}", check.key, f"/checkpoints/{check.key}/",
            check.since, f"{check.owner}, by a fresh run that passes.", check.dimension,
        ),
    )  # fmt: skip


def _said(matrix: _Matrix, dimension: str, said: Said | None, facts: Facts) -> None:
    address, name = f"/releases/{facts.release}/", facts.release.upper()
    label = str(Dimension(dimension).label)
    who = "Whoever looks at it and says so, with evidence."
    if said is None:
        reason = Reason("row_unknown", f"{label}: nobody has said anything yet.", name, address, None, who, dimension)
        matrix.add(RowStatus.BLOCKED, reason)
        return
    if facts.now - said.at > timedelta(days=facts.stale_days):
        what = f"{label}: what was said is older than {facts.stale_days} days."
        matrix.add(RowStatus.BLOCKED, Reason("row_stale", what, name, address, said.at, who, dimension))
    if said.status != RowStatus.OK:
        words = said.note or str(said.status.label)
        rule = "row_blocked" if said.status == RowStatus.BLOCKED else "row_risk"
        who = f"{said.owner}, by looking at it again."
        matrix.add(said.status, Reason(rule, f"{label}: {words}", name, address, said.at, who, dimension))


def _provenance(matrix: _Matrix, facts: Facts) -> None:
    address, name = f"/releases/{facts.release}/", facts.release.upper()
    if not facts.attested:
        what = "CI has not attested how the build came to be."
        status = RowStatus.BLOCKED if matrix.to == PROD else RowStatus.RISK
        matrix.add(
            status, Reason("not_attested", what, name, address, None, "CI, by sending it.", Dimension.PROVENANCE)
        )
    elif not facts.attested_by_trusted:
        what = "No attestation is signed by a key that the portal trusts."
        who = "CI, by signing it; an administrator, by trusting the key."
        matrix.add(RowStatus.RISK, Reason("not_signed", what, name, address, None, who, Dimension.PROVENANCE))


def note(facts: Facts) -> str:
    """How bad things are in one sentence."""
    totals = dict.fromkeys(Level, 0)
    for (_dimension, severity, _harmless), count in facts.counts.items():
        totals[Level(severity)] += count
    worst = next((level for level in reversed(Level) if totals[level]), None)
    if worst is None:
        return "No incident is open."
    return (
        "Unresolved: " + ", ".join(f"{totals[level]} {level.name}" for level in reversed(Level) if totals[level]) + "."
    )
