"""Keeping reported runs: each once, whoever sends it how often; the newest decides what is known of its checkpoint.

Reporting is no governed change and leaves no audit line: each run says itself who sent it and when, and is never changed.
All of a batch are kept by a handful of statements, in one sorted order, so that those who send at once wait in a line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from metrics.models import Checkpoint, CheckpointRun, CheckpointState
from metrics.quality.documents import definitions_of
from metrics.quality.fields import Unreadable
from metrics.quality.reading import digest, read
from metrics.quality.rules import TOOLS, Judged, Run, circumstance, consumed, judge
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.refusals import Conflict, Invalid, Missing, Problem, Refusal
from portal.registry.models import STANDING
from portal.roles import Permission

MOST_AT_ONCE = 500
NEW, LATE, REPEATED = "new", "late", "repeated"
_STATES = """
UPDATE metrics_checkpointstate s SET verdict = given.verdict, run_id = given.run, run_at = given.run_at,
  circumstance = given.circumstance, consumed = given.consumed, told = given.told, stale_at = given.stale_at, judge_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(verdicts)s::text[], %(runs)s::bigint[], %(run_at)s::timestamptz[], %(circumstances)s::text[],
            %(consumed)s::text[], %(told)s::text[], %(stale_at)s::timestamptz[])
  AS given (id, verdict, run, run_at, circumstance, consumed, told, stale_at)
WHERE s.id = given.id
"""
# By the unique index on both: never all runs of a checkpoint.
_KNOWN = """
SELECT run.checkpoint_id, run.run_key, run.digest, run.verdict, run.told
FROM unnest(%(checkpoints)s::bigint[], %(keys)s::text[]) AS given (checkpoint_id, run_key)
JOIN metrics_checkpointrun run ON run.checkpoint_id = given.checkpoint_id AND run.run_key = given.run_key
"""


@dataclass(frozen=True)
class Report:
    """What somebody sends: of which checkpoint, by which tool (empty: that of the checkpoint), in that tool's form."""

    key: str
    tool: str
    body: object


@dataclass(frozen=True)
class Taken:
    """What became of a report: `new`, `late` (kept, but a newer run decides) or `repeated`, and what it means."""

    checkpoint: str
    run_key: str
    outcome: str
    verdict: str
    told: str


@dataclass
class _Standing:
    """A checkpoint under the lock of its state, with what its reports are judged by."""

    checkpoint: Checkpoint
    state: CheckpointState
    dataset: Mapping[str, Any]
    newest: CheckpointRun | None = None


def take(*, actor: Actor, report: Report, now: datetime) -> Taken:
    """Keep one run. Raises Missing, Conflict (retired, or another run under the same name) or Invalid with the place."""
    found = take_many(actor=actor, reports=[report], now=now)[0]
    if isinstance(found, Refusal):
        raise found
    return found


@transaction.atomic
def take_many(*, actor: Actor, reports: Sequence[Report], now: datetime) -> list[Taken | Refusal]:
    """Keep up to 500 runs, each or the reason why not, in the order given."""
    sender = require(actor, Permission.REPORT_CHECKPOINT)
    if len(reports) > MOST_AT_ONCE:
        raise Invalid("too_many", _("At most %d results at once; send the others after them.") % MOST_AT_ONCE)
    standing = _locked({one.key[:60] for one in reports})
    answers: list[Taken | Refusal] = []
    sound: list[tuple[int, _Standing, Run, Judged]] = []
    for index, report in enumerate(reports):
        try:
            found, run = _read(report, standing, now)
        except Refusal as refusal:
            answers.append(refusal)
            continue
        judged = judge(run, definitions_of(found.checkpoint.document))
        sound.append((index, found, run, judged))
        answers.append(Taken(report.key, run.run_key, NEW, judged.verdict, judged.told))
    known = _known([(found.checkpoint.pk, run.run_key) for _index, found, run, _judged in sound])
    rows: list[CheckpointRun] = []
    first: dict[tuple[int, str], CheckpointRun] = {}
    for index, found, run, judged in sound:
        place = (found.checkpoint.pk, run.run_key)
        print_ = digest(run)
        earlier = known.get(place) or (
            (first[place].digest, first[place].verdict, first[place].told) if place in first else None
        )
        if earlier is not None:
            answers[index] = _again(found, run, print_, earlier)
            continue
        row = _row(found, run, judged, print_, sender, now)
        first[place] = row
        rows.append(row)
        if _decides(row, found):
            found.newest = row
        else:
            answers[index] = Taken(found.checkpoint.key, run.run_key, LATE, judged.verdict, judged.told)
    CheckpointRun.objects.bulk_create(rows)
    _move([one for one in standing.values() if one.newest is not None], now)
    return answers


def _locked(keys: set[str]) -> dict[str, _Standing]:
    """The checkpoints by their keys. Documents are read after the states are locked: who changes one waits, or is seen."""
    rows = CheckpointState.objects.select_for_update(of=("self",), no_key=True).filter(checkpoint__key__in=keys)
    states = {one.checkpoint_id: one for one in rows.order_by("checkpoint_id")}
    checkpoints = Checkpoint.objects.filter(pk__in=states).select_related("dataset")
    return {
        one.key: _Standing(one, states[one.pk], one.dataset.document)
        for one in checkpoints.only("key", "state", "document", "max_age_minutes", "dataset__document")
    }


def _read(report: Report, standing: Mapping[str, _Standing], now: datetime) -> tuple[_Standing, Run]:
    found = standing.get(report.key)
    if found is None:
        raise Missing("no_such_checkpoint", _("There is no checkpoint “%s”.") % report.key[:60])
    if found.checkpoint.state not in STANDING:
        raise Conflict("retired", _("“%s” is retired: nothing is reported of it any more.") % report.key)
    tool: str = found.checkpoint.document["tool"]
    if report.tool not in ("", tool):
        message = _("“%(key)s” is looked at by %(tool)s; results of another tool are not taken.")
        message %= {"key": report.key, "tool": dict(TOOLS)[tool]}
        raise Invalid("tool", message, [Problem("tool", message, "tool")])
    try:
        return found, read(tool, report.body, now)
    except Unreadable as error:
        raise Invalid(
            "result", _("The result is not taken: %s") % error, [Problem(error.pointer, str(error))]
        ) from None


def _known(places: Sequence[tuple[int, str]]) -> dict[tuple[int, str], tuple[str, str, str]]:
    if not places:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"checkpoints": [one for one, _ in places], "keys": [key for _, key in places]})
        return {
            (checkpoint, key): (print_, verdict, told) for checkpoint, key, print_, verdict, told in cursor.fetchall()
        }


def _again(found: _Standing, run: Run, print_: str, earlier: tuple[str, str, str]) -> Taken | Refusal:
    if earlier[0] != print_:
        message = _("Another result was told of this run before; what was told stands. Report it under another name.")
        return Conflict("told_otherwise", message)
    return Taken(found.checkpoint.key, run.run_key, REPEATED, earlier[1], earlier[2])


def _row(found: _Standing, run: Run, judged: Judged, print_: str, sender: User, now: datetime) -> CheckpointRun:
    return CheckpointRun(
        checkpoint=found.checkpoint,
        run_key=run.run_key,
        tool=found.checkpoint.document["tool"],
        run_at=run.run_at,
        received_at=now,
        sent_by=sender,
        verdict=judged.verdict,
        results=judged.results,
        columns=judged.columns,
        unknowable=judged.unknowable,
        told=judged.told,
        digest=print_,
    )


def _decides(row: CheckpointRun, found: _Standing) -> bool:
    """Whether it is newer than what is known; of two at one instant a pass never takes the place of anything else."""
    newest = found.newest
    at = newest.run_at if newest is not None else found.state.run_at
    verdict = newest.verdict if newest is not None else found.state.verdict
    if at is None or row.run_at > at:
        return True
    return row.run_at == at and (row.verdict != "pass" or verdict == "pass")


def _move(moved: Sequence[_Standing], now: datetime) -> None:
    if not moved:
        return
    runs = [(one, one.newest) for one in moved if one.newest is not None]
    given: dict[str, Any] = {
        "now": now,
        "ids": [one.state.pk for one, _run in runs],
        "verdicts": [run.verdict for _one, run in runs],
        "runs": [run.pk for _one, run in runs],
        "run_at": [run.run_at for _one, run in runs],
        "circumstances": [circumstance(one.dataset, run.columns, unknowable=run.unknowable) for one, run in runs],
        "consumed": [consumed(one.dataset) for one, _run in runs],
        "told": [run.told for _one, run in runs],
        "stale_at": [run.run_at + timedelta(minutes=one.checkpoint.max_age_minutes) for one, run in runs],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATES, given)
