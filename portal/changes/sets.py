"""Sets: several changes of one author that apply together or not at all. Each keeps its own object and signatures."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes import services
from portal.changes.applying import locked
from portal.changes.freezing import freeze
from portal.changes.models import ChangeRequest, ChangeSet, ChangeState
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Conflict, Invalid, Problem
from portal.roles import Permission

MOST = 20


@transaction.atomic
def tie(*, actor: Actor, change_ids: Sequence[int], summary: str, now: datetime) -> ChangeSet:
    """Tie drafts of one's own into a set."""
    user = require(actor, Permission.PROPOSE)
    wanted = sorted(set(change_ids))
    if not 2 <= len(wanted) <= MOST:
        message = _("A set ties 2 to %d changes.") % MOST
        raise Invalid("change_set", message, [Problem("changes", message, "size")])
    changes = [locked(number) for number in wanted]
    for change in changes:
        services.own(change, actor, _("Only the author ties a change into a set; %s does."))
        services.still_open(change, ChangeState.DRAFT)
        if change.change_set_id is not None:
            raise Conflict("change_set", _("%s belongs to a set already.") % change.human_id)
    objects = [(change.kind, change.key) for change in changes]
    if len(set(objects)) != len(objects):
        raise Conflict("change_set", _("A set changes an object once only."))
    made = ChangeSet.objects.create(summary=summary.strip()[:300] or changes[0].summary, author=user, created_at=now)
    for change in changes:
        _put(change, made, actor=actor, now=now)
    return made


@transaction.atomic
def untie(*, actor: Actor, change_id: int, now: datetime) -> ChangeRequest:
    """Take an open change of one's own out of its set. Its signatures are void: they were given for the set."""
    change = locked(change_id)
    services.own(change, actor, _("Only the author takes a change out of its set; %s does."))
    services.still_open(change, ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED)
    if change.change_set_id is None:
        raise Conflict("change_set", _("%s belongs to no set.") % change.human_id)
    _put(change, None, actor=actor, now=now)
    return change


def _put(change: ChangeRequest, change_set: ChangeSet | None, *, actor: Actor, now: datetime) -> None:
    before = change.digest
    change.change_set = change_set
    change.take_digest()
    change.updated_at = now
    change.revision += 1
    anew = change.state != ChangeState.DRAFT
    if anew:
        freeze(change, actor=actor, now=now)
    change.save()
    action = "change.tie" if change_set else "change.untie"
    record(actor=actor, action=action, kind=change.kind, key=change.key, now=now, before=before,
           after=change.digest, change_id=change.pk, detail=change_set.human_id if change_set else "")  # fmt: skip
    if anew:
        services.put_before_approvers(change, actor=actor, now=now)
