"""What a reported run of a checkpoint means, as pure judgement. Only a whole run in which everything passed is a pass.

Nothing here ever holds a value of a row: `metrics.quality.reading` reads what tools tell by an allow-list of names and counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from metrics.quality import wording

# The rows of a release, as `severity.readiness` names them; that layer is above this one, and a test holds both lists equal.
DIMENSIONS = [
    ("docs_truth", _("Docs truth")),
    ("schema_adherence", _("Schema adherence")),
    ("data_quality", _("Data quality")),
    ("approval_sla", _("Approval SLA")),
    ("contradiction_backlog", _("Contradiction backlog")),
    ("connector_health", _("Connector health")),
    ("security_checklist", _("Security checklist")),
    ("regulatory_controls", _("Regulatory controls")),
    ("provenance", _("Provenance")),
]
TOOLS = [
    ("gx", _("Great Expectations")),
    ("dbt", _("dbt tests")),
    ("soda", _("Soda")),
    ("generic", _("Another tool")),
]
# Clocks differ; what is later than this is of the future.
AHEAD = timedelta(minutes=5)
MOST_TOLD, MOST_NAMED, MOST_KEPT, MOST_COLUMNS = 600, 5, 200, 500


class Outcome(TextChoices):
    """How one check ended."""

    PASS = "pass", _("Pass")
    FAIL = "fail", _("Fail")
    ERROR = "error", _("Error")
    SKIPPED = "skipped", _("Skipped")


class Weight(TextChoices):
    """How much a failure matters; one that is not known counts as critical."""

    CRITICAL = "critical", _("Critical")
    WARNING = "warning", _("Warning")
    INFO = "info", _("Info")


@dataclass(frozen=True)
class Check:
    """One expectation or test: names and counts, never a value. `unknowable`: it looks at columns that nobody can name."""

    type: str
    outcome: Outcome
    severity: Weight = Weight.CRITICAL
    columns: tuple[str, ...] = ()
    unknowable: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    exception: str = ""

    @property
    def bad(self) -> bool:
        """Whether it stands against a pass as a failure or an error; a failure for information only does not."""
        failed = self.outcome == Outcome.FAIL and self.severity != Weight.INFO
        return failed or self.outcome == Outcome.ERROR


@dataclass(frozen=True)
class Definition:
    """What a checkpoint declares to run; an empty suite or asset is any."""

    name: str
    suite: str = ""
    asset: str = ""


@dataclass(frozen=True)
class Part:
    """What was received of one definition. `definition` is empty where the tool does not name it; `twin` tells results apart."""

    suite: str
    asset: str
    success: bool
    checks: tuple[Check, ...]
    definition: str = ""
    evaluated: int | None = None
    twin: str = ""

    def of(self, declared: Definition) -> bool:
        """Whether it is a result of what is declared there."""
        if self.definition and self.definition != declared.name:
            return False
        return declared.suite in ("", self.suite) and declared.asset in ("", self.asset)


@dataclass(frozen=True)
class Run:
    """A run in the one form that all tools are read into.

    `declared` is what the reporter says should have run. `partial`: the file tells of a whole project, and what is declared
    nowhere is of others.
    """

    run_key: str
    run_at: datetime
    parts: tuple[Part, ...]
    declared: tuple[Definition, ...] = ()
    partial: bool = False


@dataclass(frozen=True)
class Judged:
    """What a run means: the verdict, what is kept of it, and which columns what failed looked at."""

    verdict: str
    told: str
    results: list[dict[str, Any]]
    columns: list[str]
    unknowable: bool


# The worst first.
_ORDER = ("fail", "error", "incomplete", "empty", "pass")


def _verdict(part: Part) -> str:
    if not part.checks:
        return "empty"
    outcomes = {one.outcome for one in part.checks if one.bad}
    if Outcome.FAIL in outcomes:
        return "fail"
    noted = any(one.outcome == Outcome.FAIL for one in part.checks)
    # It says that it failed, and nothing in it says why.
    if Outcome.ERROR in outcomes or (not part.success and not noted):
        return "error"
    if any(one.outcome == Outcome.SKIPPED for one in part.checks):
        return "incomplete"
    # It says that it looked at more than it tells.
    return "incomplete" if part.evaluated is not None and part.evaluated != len(part.checks) else "pass"


def judge(run: Run, declared: Sequence[Definition]) -> Judged:
    """Hold a run against what its checkpoint declares; `declared` is of the checkpoint's document.

    Each part is a result of one definition. What is declared, there or by the reporter, and was not received makes a pass
    incomplete: two definitions of one suite on one batch overwrite each other, and one of them is then never received.
    """
    wanted = list(declared) + [one for one in run.declared if one.name not in {known.name for known in declared}]
    received, others = _matched(run.parts, wanted)
    extra = [] if run.partial else others
    found = [_verdict(part) for parts in received.values() for part in parts] + [_verdict(part) for part in extra]
    missing = [one.name for one in wanted if one.name not in received]
    if missing or not found:
        found.append("incomplete")
    verdict = min(found, key=_ORDER.index)
    counted = [part for parts in received.values() for part in parts] + extra
    checks = [check for part in counted for check in part.checks]
    bad = [check for check in checks if check.bad]
    silent = any(_verdict(part) == "error" and not any(check.bad for check in part.checks) for part in counted)
    columns = sorted({name for check in bad for name in check.columns})
    results = [_kept(one, received.get(one.name, [])) for one in wanted]
    results += [_kept(Definition("", part.suite, part.asset), [part]) for part in extra]
    return Judged(
        verdict=verdict,
        told=_told(counted, checks, bad, missing, silent=silent),
        results=results,
        columns=columns[:MOST_COLUMNS],
        unknowable=silent or any(check.unknowable for check in bad) or len(columns) > MOST_COLUMNS,
    )


def _matched(parts: Sequence[Part], wanted: Sequence[Definition]) -> tuple[dict[str, list[Part]], list[Part]]:
    """Name of a definition → what was received of it, and what is of none. One result is of one definition."""
    received: dict[str, list[Part]] = {}
    placed: dict[tuple[str, str, str, str], str] = {}
    others = []
    for part in sorted(parts, key=lambda one: not one.definition):
        same = (part.definition, part.suite, part.asset, part.twin)
        free = (one.name for one in wanted if part.of(one) and (part.definition or one.name not in received))
        name = placed.get(same) or next(free, "")
        if name:
            placed[same] = name
            received.setdefault(name, []).append(part)
        else:
            others.append(part)
    return received, others


def _kept(declared: Definition, parts: Sequence[Part]) -> dict[str, Any]:
    """What is kept of one definition: counts, and of what did not pass the type, the outcome and the columns."""
    checks = [check for part in parts for check in part.checks]
    told = [check for check in checks if check.outcome != Outcome.PASS]
    return {
        "definition": declared.name,
        "suite": parts[0].suite if parts else declared.suite,
        "asset": parts[0].asset if parts else declared.asset,
        "received": bool(parts),
        "verdict": min((_verdict(part) for part in parts), key=_ORDER.index) if parts else "incomplete",
        "checks": len(checks),
        "passed": len(checks) - len(told),
        "noted": sum(check.outcome == Outcome.FAIL and not check.bad for check in checks),
        "failing": [
            {
                "type": check.type,
                "outcome": check.outcome.value,
                "severity": check.severity.value,
                "columns": list(check.columns[:MOST_COLUMNS]),
                "unknowable": check.unknowable,
                "counts": dict(check.counts),
                "exception": check.exception,
            }
            for check in sorted(told, key=lambda one: not one.bad)[:MOST_KEPT]
        ],
    }


def _told(
    parts: Sequence[Part], checks: Sequence[Check], bad: Sequence[Check], missing: Sequence[str], *, silent: bool
) -> str:
    """One line for timelines and lists; names and counts only."""
    words = []
    if bad:
        named = [f"{one.type} ({', '.join(one.columns[:3])})" if one.columns else one.type for one in bad[:MOST_NAMED]]
        more = f" and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""
        words.append(wording.BAD % {"bad": len(bad), "all": len(checks), "names": ", ".join(named) + more})
    if silent:
        words.append(wording.SILENT)
    if missing:
        words.append(wording.MISSING % {"names": ", ".join(missing[:MOST_NAMED])})
    empty = [part.definition or part.suite for part in parts if not part.checks]
    if empty:
        words.append(wording.EMPTY % {"names": ", ".join(empty[:MOST_NAMED])})
    skipped = sum(check.outcome == Outcome.SKIPPED for check in checks)
    if skipped:
        words.append(wording.SKIPPED % {"n": skipped, "all": len(checks)})
    if any(part.evaluated is not None and part.evaluated != len(part.checks) for part in parts):
        words.append(wording.NOT_TOLD)
    noted = sum(check.outcome == Outcome.FAIL and not check.bad for check in checks)
    if noted:
        words.append(wording.NOTED % {"n": noted})
    passed = wording.ONE_PASSED if len(checks) == 1 else wording.PASSED % {"n": len(checks)}
    return " ".join(words or [passed])[:MOST_TOLD]


def covers(results: Iterable[Mapping[str, Any]], declared: Iterable[Definition]) -> bool:
    """Whether a run that is kept told of everything that is declared now."""
    seen = [Part(one["suite"], one["asset"], True, (), one["definition"]) for one in results if one["received"]]
    return all(any(part.definition and part.of(one) for part in seen) for one in declared)


def consumed(document: Mapping[str, Any]) -> str:
    """Whom the dataset's consumers are: `customer` with customer reports or downstream models, else `plain`."""
    kinds = {one["kind"] for one in document["consumers"]}
    return "customer" if kinds & {"customer_report", "downstream_model"} else "plain"


def circumstance(document: Mapping[str, Any], columns: Iterable[str], *, unknowable: bool) -> str:
    """Whom a failure touches: `regulated` unless all columns it looks at are known and neither regulated nor personal."""
    classes = {one["name"]: one["classification"] for one in document["columns"]}
    if unknowable or any(classes.get(name, "regulated") in ("regulated", "personal") for name in columns):
        return "regulated"
    return consumed(document)


def verdict_now(verdict: str, stale_at: datetime, now: datetime) -> str:
    """The verdict by the clock: whatever was seen last, past `stale_at` it is too old. What was never seen stays unknown."""
    return "stale" if now >= stale_at and verdict != "unknown" else verdict
