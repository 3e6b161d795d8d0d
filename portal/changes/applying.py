"""Applying changes: the one place where an entry is written.

A change applies when the policy in force at that moment has its signatures, its object stands where it was made from, and its
window is open; those of a set apply together or not at all. Until then a signed change is `approved`.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes.freezing import check_base, moved_on, problems_of, refuse_forbidden, set_clocks, stop_clocks
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.signing import judgement_of, level_of, signatures
from portal.changes.telling import tell
from portal.people.actors import Actor
from portal.people.models import Team
from portal.policy import reads
from portal.policy.rules import Row
from portal.refusals import Conflict, Invalid, Missing, Refusal
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.models import Entry


def locked(change_id: int) -> ChangeRequest:
    """The change under its row lock; only inside a transaction. Those of a set are all locked, in one order."""
    rows = ChangeRequest.objects.select_for_update(of=("self",), no_key=True)
    known = ChangeRequest.objects.filter(pk=change_id).values_list("change_set_id", flat=True).first()
    if known is not None:
        list(rows.filter(change_set_id=known).order_by("pk").values_list("pk", flat=True))
    try:
        return rows.get(pk=change_id)
    except ChangeRequest.DoesNotExist:
        raise Missing("no_such_change", _("There is no change CHG-%d.") % change_id) from None


def _members(change: ChangeRequest) -> list[ChangeRequest]:
    if change.change_set_id is None:
        return [change]
    others = ChangeRequest.objects.filter(change_set_id=change.change_set_id).exclude(pk=change.pk)
    return sorted([change, *others], key=lambda one: (one.key, one.kind))


def _lock_objects(change: ChangeRequest) -> None:
    """The objects of all of a set under their row locks, in one order: sets that share objects never wait for each other."""
    if change.change_set_id is not None:
        for one in _members(change):
            _standing(one)


def _standing(change: ChangeRequest) -> Entry | None:
    """The object under its row lock."""
    kind = kinds.get(change.kind)
    entry: Entry | None = kind.entries().select_for_update(of=("self",), no_key=True).filter(key=change.key).first()
    return entry


def row_now(change: ChangeRequest, entry: Entry | None) -> Row:
    """The row that the policy in force demands of the change at this moment; never less than when it was frozen."""
    policy = reads.in_force()
    judgement = judgement_of(change, change.document, entry, policy)
    refuse_forbidden(judgement)
    return policy.row(max(judgement.row.approval, level_of(change)))


def settle(change: ChangeRequest, *, actor: Actor, now: datetime) -> None:
    """Go as far as the signatures carry a locked change in review: on waiting, approved, or applied."""
    _lock_objects(change)
    entry = _standing(change)
    row = row_now(change, entry)
    change.required_class = row.name
    if not row.enough(one.level for one in signatures(change)):
        change.updated_at = now
        change.save()
        return
    change.state = ChangeState.APPROVED
    change.decided_at = change.updated_at = now
    stop_clocks(change, now)
    change.save()
    if change.change_set_id is None:
        apply_if_ready(change, actor=actor, now=now)
        return
    try:
        with transaction.atomic():
            apply_if_ready(change, actor=actor, now=now)
    except Refusal as refusal:
        # What stands against another of the set does not void this signature.
        change = locked(change.pk)
        hold_back(change, refusal, now=now)


def apply_if_ready(change: ChangeRequest, *, actor: Actor, now: datetime) -> bool:
    """Apply a locked, approved change and its set, unless its time has not come or one of the set is not approved yet.

    Returns whether it was applied. Raises Conflict or Invalid, and writes nothing, when it cannot be.
    """
    members = _members(change)
    if any(one.state != ChangeState.APPROVED for one in members):
        return False
    if any(one.apply_after is not None and one.apply_after > now for one in members):
        return False
    for one in members:
        if one.apply_before is not None and one.apply_before <= now:
            raise Conflict("window_closed", _("The window of %s has closed.") % one.human_id)
    _lock_objects(change)
    for one in members:
        _apply(one, actor=actor, now=now)
    return True


def _apply(change: ChangeRequest, *, actor: Actor, now: datetime, emergency: bool = False) -> Entry:
    entry = _standing(change)
    check_base(change, entry)
    row = row_now(change, entry)
    signed = [one.level for one in signatures(change)]
    needed = "" if emergency else row.still_needed(signed)
    if needed:
        raise Conflict("signatures", _("Still needed for %(id)s: %(what)s.") % {"id": change.human_id, "what": needed})
    kind = kinds.get(change.kind)
    document, problems = problems_of(change, entry)
    if problems:
        raise Invalid("incomplete", _("%s is not valid any more.") % change.human_id, problems)
    before = entry.digest if entry else ""
    if entry is None:
        entry = kind.model(created_at=now, **kind.where)
    _write(entry, change, document, actor=actor, now=now)
    kind.settle(entry, actor, now)
    change.state = ChangeState.APPLIED
    change.applied_at = change.updated_at = now
    change.decided_at = change.decided_at or now
    change.applied_version = entry.version
    change.held_back = ""
    stop_clocks(change, now)
    change.save()
    tell(change, "applied", actor=actor, team=True, version=entry.version)
    record(actor=actor, action=f"{change.kind}.apply", kind=change.kind, key=change.key, now=now,
           before=before, after=entry.digest, change_id=change.pk, detail=f"version {entry.version}")  # fmt: skip
    return entry


def _write(entry: Entry, change: ChangeRequest, document: Document, *, actor: Actor, now: datetime) -> None:
    standing = entry.version
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


def apply_at_once(change: ChangeRequest, *, actor: Actor, now: datetime) -> None:
    """Apply a locked class A change, when its time has come: nobody's signature is needed."""
    change.state = ChangeState.APPROVED
    change.decided_at = now
    stop_clocks(change, now)
    change.save()
    apply_if_ready(change, actor=actor, now=now)


def apply_in_emergency(change: ChangeRequest, *, actor: Actor, now: datetime) -> None:
    """Apply a locked change whose missing signatures an executive answers for; the caller has checked who asks."""
    _apply(change, actor=actor, now=now, emergency=True)


def hold_back(change: ChangeRequest, refusal: Refusal, *, now: datetime) -> None:
    """Note why an approved change was not applied, and let it rest until a person acts.

    One that lacks signatures, because the policy was tightened or a signer lost the role, goes back to collect them.
    """
    change.held_back = refusal.message
    change.updated_at = now
    if refusal.rule == "signatures":
        row = row_now(change, _standing(change))
        if not row.enough(one.level for one in signatures(change)):
            change.state, change.required_class, change.decided_at = ChangeState.IN_REVIEW, row.name, None
            set_clocks(change, row.sla_minutes, row.expires_days, now)
            change.save()
            return
    change.wake_at = change.apply_before
    change.save()
