"""Applying a change: the one place where an entry is written."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes.models import ChangeRequest, ChangeState, signatures
from portal.changes.rules import enough, level, still_needed
from portal.outbox.services import publish
from portal.people.actors import Actor
from portal.people.models import Team
from portal.refusals import Conflict, Invalid, Refusal
from portal.registry import kinds
from portal.registry.models import Entry


def moved_on(change: ChangeRequest, standing: int) -> Refusal:
    """The refusal that names the conflict between a change and its object."""
    if change.base_version == 0:
        text = _("“%(key)s” has been registered meanwhile; propose a change of it instead.")
    else:
        text = _("“%(key)s” moved on to version %(standing)d since this was made from version %(base)d.")
    return Conflict("base_version", text % {"key": change.key, "standing": standing, "base": change.base_version})


def apply(change: ChangeRequest, *, actor: Actor, now: datetime) -> Entry:
    """Apply a locked change in the running transaction: object, version, history, audit line and notice, or none.

    Checks signatures, base version and the document once more under the locks. Raises Conflict or Invalid.
    """
    kind = kinds.get(change.kind)
    required = level(change.required_class)
    signed = [signature.level for signature in signatures(change) if signature.digest == change.digest]
    if not enough(required, signed):
        raise Conflict("signatures", _("Still needed: %s.") % still_needed(required, signed))
    entry: Entry | None = kind.entries().select_for_update(of=("self",), no_key=True).filter(key=change.key).first()
    standing = entry.version if entry else 0
    if standing != change.base_version:
        raise moved_on(change, standing)
    document, problems = kind.check(change.document)
    problems = problems or kind.transition_problems(entry.document if entry else None, document)
    if problems:
        raise Invalid("incomplete", _("The proposal is not valid any more."), problems)
    before = entry.digest if entry else ""
    if entry is None:
        entry = kind.model(created_at=now, **kind.where)
    entry.take_document(document, Team.objects.get(key=document["owner"]))
    entry.state = change.to_state
    entry.version = standing + 1
    entry.updated_at = now
    entry.applied_change_id, entry.applied_by, entry.applied_by_name = change.pk, actor.user, actor.name
    entry._history_date = now
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:
        if standing == 0:
            raise moved_on(change, 1) from error
        raise
    change.state = ChangeState.APPLIED
    change.applied_at = change.decided_at = change.updated_at = now
    change.applied_version = entry.version
    change.save()
    publish(
        topic="change.applied",
        subject=f"{change.human_id} applied: {change.summary}",
        payload={"change": change.human_id, "kind": change.kind, "key": change.key, "version": entry.version},
        dedup_key=f"change.applied:{change.pk}",
        team_key=document["owner"],
    )
    record(actor=actor, action=f"{change.kind}.apply", kind=change.kind, key=change.key, now=now,
           before=before, after=entry.digest, change_id=change.pk, detail=f"version {entry.version}")  # fmt: skip
    return entry
