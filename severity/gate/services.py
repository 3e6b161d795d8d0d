"""Asking the gate: evaluate, log the answer; and the one look under the lock that a promotion takes."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import override

from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.roles import Permission
from severity.gate import facts as reading
from severity.gate.answers import digest_of, matrix_answer
from severity.gate.rules import judge, next_stage
from severity.gate.values import Evaluation
from severity.models import GateDecision, ReleaseCandidate
from severity.readiness import STAGES

# Answers are kept for so long.
KEPT_DAYS = 400
# So many reasons are kept with an answer.
REASONS = 20
# The row that whatever may close the gate touches as well; taken before looking, it is held until the promotion is written.
_LOCK = """
INSERT INTO severity_gate (id, touched) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET touched = severity_gate.touched + 1
"""


def stage_named(text: str) -> str:
    """The stage that a question names; raises Invalid for none, and for dev, to which nothing is promoted."""
    if text not in STAGES[1:]:
        message = _("Ask for one of %s.") % ", ".join(STAGES[1:])
        raise Invalid("stage", message, [Problem("to", message, "stage")])
    return text


def evaluate(key: str, to: str) -> Evaluation:
    """What the gate says now. Raises Missing for a release that there is not."""
    facts = reading.read(key.lower()[:60])
    if facts is None:
        raise Missing("no_such_release", _("There is no release “%s”.") % key[:60])
    return judge(facts, to)


def ask(*, actor: Actor, key: str, to: str, way: str) -> Evaluation:
    """What the gate says now, with a line in the log of its answers. `way` is `api`, `command`, `page` or `clock`."""
    require(actor, Permission.VIEW)
    evaluation = evaluate(key, stage_named(to))
    log(evaluation, by=actor.name, way=way)
    return evaluation


def log(evaluation: Evaluation, *, by: str, way: str) -> GateDecision:
    """Keep an answer."""
    return GateDecision.objects.create(
        at=evaluation.at,
        release_key=evaluation.release,
        to_stage=evaluation.to,
        allowed=evaluation.allowed,
        blocked=len(evaluation.blocked) + evaluation.unlisted,
        reasons=[[one.rule, one.object] for one in evaluation.blocked[:REASONS]],
        rows={row.dimension: row.status.value for row in evaluation.rows},
        asked_by=by,
        way=way,
    )


def pass_through(release: ReleaseCandidate, *, stage: str, to: str, actor: Actor) -> tuple[dict[str, Any], str]:
    """The one look that a promotion is written by: under the lock, in its transaction. Returns the matrix and its digest.

    Whoever opens a V2 or worse, ends an exception or reports no pass takes the same lock before it commits: it came before this
    look and is seen by it, or comes after the promotion. Raises Conflict where the gate does not allow it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    facts = reading.read(release.key, stage=stage)
    assert facts is not None, "a release is never deleted"
    evaluation = judge(facts, to)
    log(evaluation, by=actor.name, way="promote")
    if not evaluation.allowed:
        raise Conflict("gate", refusal(evaluation), problems(evaluation))
    # Kept and digested: in one language, whoever promotes it.
    with override("en"):
        matrix = matrix_answer(judge(facts, to))
    return matrix, digest_of(matrix)


def problems(evaluation: Evaluation) -> list[Problem]:
    """What blocks, as problems of the stage."""
    return [Problem("stage", f"{one.object} {one.what}".strip(), one.rule) for one in evaluation.blocked[:REASONS]]


def refusal(evaluation: Evaluation) -> str:
    """Why not, in a sentence."""
    count = len(evaluation.blocked) + evaluation.unlisted
    first = "; ".join(f"{one.object} {one.what}".strip() for one in evaluation.blocked[:3])
    message = _("The gate to %(to)s is closed by %(count)d thing(s): %(first)s")
    return message % {"to": evaluation.to, "count": count, "first": first}


def forget(now: datetime) -> int:
    """Drop answers that are too old to be asked for. Returns how many."""
    return GateDecision.objects.filter(at__lt=now - timedelta(days=KEPT_DAYS)).delete()[0]


def note_all(now: datetime) -> int:
    """Log what the gate would say of every active candidate on its way, so that readiness is seen over time."""
    waiting = ReleaseCandidate.objects.filter(state="active").exclude(stage=STAGES[-1]).order_by("-id")[:50]
    for release in waiting.only("key", "stage"):
        to = next_stage(release.stage)
        if to is not None:
            log(evaluate(release.key, to), by="portal:gate", way="clock")
    return len(waiting)
