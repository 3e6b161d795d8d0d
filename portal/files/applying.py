"""Opening change requests for what files say otherwise. Nothing is written around the approvals.

One change a file, whole. What an open change says already is not opened twice, so that a repeat does nothing; an open change of
the same author that says otherwise takes on what the file says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from portal.changes import services, sets
from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeState
from portal.changes.services import Draft
from portal.files.planning import Action, Plan, Step
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Conflict, Refusal
from portal.registry.documents import canonical


@dataclass(frozen=True)
class Asked:
    """How changes are opened: put before the approvers, tied into one set, with this summary and evidence."""

    submit: bool = False
    tied: bool = False
    summary: str = ""
    evidence: dict[str, Any] | None = None


@dataclass(frozen=True)
class Opened:
    """What became of one file: its change, and what was done or refused, in words."""

    path: str
    change: ChangeRequest | None
    note: str
    refused: bool = False


def apply(*, actor: Actor, made: Plan, asked: Asked, now: datetime) -> list[Opened]:
    """Open a change for every file that would create or change an entry; the caller has looked at invalid ones.

    Each is a transaction of its own, and a refusal is told and leaves the others; of a set, all are opened or none (raises
    Refusal).
    """
    steps = made.of(Action.CREATE, Action.CHANGE)
    if asked.tied:
        opened = _set(actor, steps, asked, now)
    else:
        opened = [_told(actor, step, asked, now) for step in steps]
    return [_submitted(actor, one, now) for one in opened] if asked.submit else opened


def _set(actor: Actor, steps: Sequence[Step], asked: Asked, now: datetime) -> list[Opened]:
    with transaction.atomic():
        opened = [_opened(actor, step, asked, now) for step in steps]
        ids = {one.change.pk: one.change.change_set_id for one in opened if one.change is not None}
        # The same files again: they are tied already.
        if len(ids) > 1 and (None in ids.values() or len(set(ids.values())) > 1):
            sets.tie(actor=actor, change_ids=list(ids), summary=asked.summary, now=now)
    for one in opened:
        if one.change is not None:
            one.change.refresh_from_db()
    return opened


def _told(actor: Actor, step: Step, asked: Asked, now: datetime) -> Opened:
    try:
        with transaction.atomic():
            return _opened(actor, step, asked, now)
    except Refusal as refusal:
        return Opened(step.path, None, _words(refusal), refused=True)


def _words(refusal: Refusal) -> str:
    more = [f"{one.path}: {one.message}" if one.path else one.message for one in refusal.problems]
    return " ".join([refusal.message, *(one for one in more[:20] if one != refusal.message)])


def _opened(actor: Actor, step: Step, asked: Asked, now: datetime) -> Opened:
    assert step.kind is not None
    if actor.user_id is not None:
        # Two runs at once for the same author: the second sees what the first has opened.
        User.objects.select_for_update(no_key=True).get(pk=actor.user_id)
    standing = list(
        ChangeRequest.objects.filter(kind=step.kind.name, key=step.key, state__in=OPEN_STATES).order_by("id")
    )
    mine = [one for one in standing if one.author_id == actor.user_id]
    for one in [*mine, *standing]:
        # A draft of somebody else may never be put before anybody.
        if _same(one, step) and (one in mine or one.state != ChangeState.DRAFT):
            return Opened(step.path, _with_evidence(actor, one, asked, now), _("is open already"))
    draft = Draft(
        document=step.document,
        to_state=step.state,
        summary=asked.summary or _("Take %s from the files") % step.path,
        evidence=asked.evidence,
    )
    if mine:
        return Opened(step.path, _edited(actor, mine[-1], step, draft, now), _("takes on what the file says"))
    change = services.propose(
        actor=actor, kind_name=step.kind.name, key=step.key, draft=draft, base_version=step.base_version, now=now
    )
    return Opened(step.path, change, _("opened"))


def _same(change: ChangeRequest, step: Step) -> bool:
    return (
        change.to_state == step.state
        and change.base_version == step.base_version
        and canonical(change.document) == canonical(step.document)
    )


def _with_evidence(actor: Actor, change: ChangeRequest, asked: Asked, now: datetime) -> ChangeRequest:
    """A draft takes on the evidence that is given now; what approvers look at already stays as it is."""
    if (
        asked.evidence is None
        or change.state != ChangeState.DRAFT
        or change.author_id != actor.user_id
        or canonical(change.evidence) == canonical(asked.evidence)
    ):
        return change
    draft = Draft(evidence=asked.evidence)
    return services.edit(actor=actor, change_id=change.pk, draft=draft, revision=change.revision, now=now)


def _edited(actor: Actor, change: ChangeRequest, step: Step, draft: Draft, now: datetime) -> ChangeRequest:
    if change.base_version != step.base_version:
        message = _("%(id)s of yours was made from version %(base)d, and version %(standing)d stands:"
                    " rebase or withdraw it first.")  # fmt: skip
        told = {"id": change.human_id, "base": change.base_version, "standing": step.base_version}
        raise Conflict("base_version", message % told)
    if change.state == ChangeState.APPROVED:
        message = _("%s of yours is signed and waits for its time, with other content: withdraw it first.")
        raise Conflict("state", message % change.human_id)
    return services.edit(actor=actor, change_id=change.pk, draft=draft, revision=change.revision, now=now)


def _submitted(actor: Actor, one: Opened, now: datetime) -> Opened:
    change = one.change
    if change is None or change.state != ChangeState.DRAFT or change.author_id != actor.user_id:
        return one
    try:
        change = services.submit(actor=actor, change_id=change.pk, now=now)
    except Refusal as refusal:
        return replace(one, note=_("is a draft, and cannot be submitted: %s") % _words(refusal), refused=True)
    state = str(change.get_state_display()).lower()
    return replace(one, change=change, note=f"{one.note}, {state}")
