"""Recording drills: a rehearsal of the backfill runbook as it stands today, step by step. A fact, and never changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.backfills.runbooks import runbook_of
from connectors.models import Connector, ConnectorKind, Drill
from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.registry.documents import digest
from portal.roles import Permission

OLDEST = timedelta(days=366)
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class StepDone:
    """What became of one step, by its number in the runbook."""

    number: int
    done: bool
    note: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """What was rehearsed, as it is told. `runbook_digest` names the runbook that was followed; empty is today's."""

    passed: bool
    drilled_at: datetime
    minutes: int | None = None
    steps: Sequence[StepDone] = field(default_factory=list)
    note: str = ""
    runbook_digest: str = ""


def movement_named(name: str) -> Connector:
    """The data movement of this key, or of this id (DM-014). Raises Missing."""
    rows = Connector.objects.filter(kind=ConnectorKind.DATA_MOVEMENT).select_related("owner")
    found = rows.filter(key=name[:60]).first()
    number = name.upper().removeprefix("DM-")
    if found is None and number != name.upper() and number.isascii() and number.isdigit() and len(number) <= 18:
        found = rows.filter(pk=int(number)).first()
    if found is None:
        raise Missing("no_such_sync", _("There is no data movement “%s”.") % name[:60])
    return found


@transaction.atomic
def drill(*, actor: Actor, sync: str, told: Rehearsal, now: datetime) -> Drill:
    """Record a drill of today's runbook. One that passed went through every step, or says why one was left out.

    Raises Forbidden, Missing, Invalid, and Conflict where another runbook than today's was followed.
    """
    require(actor, Permission.WORK_BACKFILL)
    connector = movement_named(sync)
    runbook = runbook_of(connector.document)
    today = digest(runbook)
    if told.runbook_digest and told.runbook_digest != today:
        words = _("The runbook of “%s” has changed since: read it again, this drill was of another one.")
        raise Conflict("runbook_moved", words % connector.key)
    steps = _steps(runbook["steps"], told)
    if not now - OLDEST <= told.drilled_at <= now + AHEAD:
        message = _("A drill is recorded once it is over, and within a year.")
        raise Invalid("drilled_at", message, [Problem("drilled_at", message, "moment")])
    made = Drill.objects.create(
        connector=connector,
        connector_version=connector.version,
        runbook_digest=today,
        drilled_at=min(told.drilled_at, now),
        passed=told.passed,
        minutes=told.minutes,
        steps=steps,
        note=told.note,
        recorded_at=now,
        recorded_by=actor.name,
    )
    outcome = "passed" if told.passed else "failed"
    record(
        actor=actor,
        action="drill.record",
        kind="data_movement",
        key=connector.key,
        now=now,
        after=today,
        detail=outcome,
    )
    return made


def _steps(texts: list[str], told: Rehearsal) -> list[dict[str, object]]:
    """Each step of the runbook with what became of it. Raises Invalid."""
    by_number: dict[int, StepDone] = {}
    problems = []
    for index, step in enumerate(told.steps):
        if not 1 <= step.number <= len(texts) or step.number in by_number:
            message = _("Name each step once, from 1 to %d.") % len(texts)
            problems.append(Problem(f"steps.{index}.number", message, "no_such_step"))
        by_number[step.number] = step
    found: list[dict[str, object]] = []
    for number, text in enumerate(texts, start=1):
        step = by_number.get(number) or StepDone(number, done=False)
        if told.passed and not step.done and not step.note.strip():
            message = _("Step %d was not done: say why in its note, or that the drill did not pass.") % number
            problems.append(Problem("steps", message, "step_left_out"))
        found.append({"step": text, "done": step.done, "note": step.note})
    if problems:
        raise Invalid("steps", problems[0].message, problems[:20])
    return found
