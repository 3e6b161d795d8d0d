"""What stands against a release candidate or its promotion, and what is written when it is promoted."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes.models import ChangeRequest
from portal.changes.signing import signatures
from portal.people.actors import Actor
from portal.refusals import Missing, Problem
from portal.registry.documents import Document
from portal.registry.rules import Floor
from severity.gate import services as gate
from severity.gate.rules import PROD, next_stage
from severity.models import Promotion, ReleaseCandidate
from severity.readiness import STAGES

FIXED = ("repository", "commit", "build")


def floor(document: Document) -> Floor:
    """A candidate at dev is anybody's to register, CI's too. Promoting is signed: to prod as costly to undo."""
    if document["stage"] == STAGES[0]:
        return Floor()
    if document["stage"] == PROD:
        return Floor(reversibility=2, approval=2, read_only=False)
    return Floor(reversibility=1, approval=1, read_only=False)


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """It begins at dev, keeps its commit and build, and is promoted one step at a time, by that alone, through the gate."""
    if before is None:
        message = _("A candidate begins at dev; the other stages are reached through the gate.")
        return [] if after["stage"] == STAGES[0] else [Problem("stage", message, "stage")]
    message = _("It is another candidate with another one of these: register that.")
    found = [Problem(name, message, "fixed") for name in FIXED if before[name] != after[name]]
    if before["stage"] == after["stage"]:
        return found
    if next_stage(before["stage"]) != after["stage"]:
        words = _("It stands at %(stage)s: the stage after that is %(next)s.")
        message = words % {"stage": before["stage"], "next": next_stage(before["stage"]) or _("none")}
        return [*found, Problem("stage", message, "stage")]
    others = [name for name in after if name != "stage" and before.get(name) != after.get(name)]
    if others:
        message = _("A promotion changes the stage alone; propose %s apart from it.") % ", ".join(others)
        return [*found, Problem("stage", message, "promotion_alone")]
    try:
        evaluation = gate.evaluate(after["key"], after["stage"])
    except Missing:
        return found
    return [*found, *gate.problems(evaluation)]


def blank(asked: Mapping[str, str]) -> Document:
    """What the form of a new candidate opens with."""
    return {"key": "r-", "stage": STAGES[0]}


def settle(release: ReleaseCandidate, actor: Actor, now: datetime) -> None:
    """Write the promotion with the matrix as it stands, in the transaction that applies the change.

    Raises Conflict where the gate has closed since the change was looked at.
    """
    versions = ReleaseCandidate.history.filter(id=release.pk)
    before = versions.filter(version=release.version - 1).values_list("stage", flat=True).first()
    if before is None or before == release.stage:
        return
    assert release.applied_change_id is not None, "an entry is written by a change alone"
    change = ChangeRequest.objects.get(pk=release.applied_change_id)
    matrix, digest = gate.pass_through(release, stage=before, to=release.stage, actor=actor)
    Promotion.objects.create(
        release=release, from_stage=before, to_stage=release.stage, change=change, at=now, matrix=matrix, digest=digest,
        signed_by=[one.actor_name for one in signatures(change)],
    )  # fmt: skip
    record(actor=actor, action="release.promote", kind="release", key=release.key, now=now, after=digest,
           change_id=change.pk, detail=f"{before} → {release.stage}")  # fmt: skip
