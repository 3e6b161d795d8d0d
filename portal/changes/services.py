"""Writing changes: propose, edit, submit, withdraw. Deciding, rebasing and applying stand beside this file.

Every function is one short transaction; the actor and the moment are passed in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes import applying
from portal.changes.applying import locked
from portal.changes.freezing import freeze, normalise, stop_clocks
from portal.changes.models import ChangeRequest, ChangeState
from portal.changes.signing import current_entry
from portal.changes.telling import near_signers, tell
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.policy.rules import ActionClass
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Problem
from portal.registry import kinds
from portal.registry.documents import Document, bounds_problem
from portal.registry.kinds import Kind
from portal.registry.models import Entry, EntryState
from portal.roles import Permission, may

WINDOW = ("apply_after", "apply_before")


@dataclass(frozen=True)
class Draft:
    """What an author may set: None leaves a field as it is.

    `no_window` takes both times of applying away, `cleared` names those to take away.
    """

    document: Document | None = None
    summary: str | None = None
    approval_class: str | None = None
    reversibility_class: str | None = None
    sensitivity_class: str | None = None
    to_state: str | None = None
    evidence: dict[str, Any] | None = None
    apply_after: datetime | None = None
    apply_before: datetime | None = None
    no_window: bool = False
    cleared: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """The fields that are set."""
        found = {
            name: value
            for name, value in vars(self).items()
            if value is not None and name not in ("no_window", "cleared")
        }
        return dict.fromkeys(WINDOW if self.no_window else self.cleared) | found


def _kept(document: Document, path: str = "") -> Document:
    bad = bounds_problem(document)
    if bad is not None:
        raise Invalid("document", bad.message, [Problem(path, bad.message, bad.code)])
    return document


def take(change: ChangeRequest, draft: Draft) -> None:
    """Set the fields of a draft on a change; bounded, not yet checked. The caller saves."""
    for name, value in draft.fields().items():
        setattr(change, name, value)
    change.document = _kept(change.document)
    change.evidence = _kept(change.evidence, "evidence")
    if change.apply_after and change.apply_before and change.apply_before <= change.apply_after:
        message = _("The window closes before it opens.")
        raise Invalid("window", message, [Problem("apply_before", message, "window")])
    if change.creates:
        change.key = str(change.document.get("key") or "")[:60]
    change.take_digest()


def drafted(
    *, actor: Actor, kind_name: str, key: str, draft: Draft, now: datetime, base_version: int | None = None
) -> tuple[ChangeRequest, Entry | None]:
    """A draft change that is not saved yet, and the object as it stands."""
    kind = kinds.get(kind_name)
    user = require(actor, kind.proposers)
    document = _kept(dict(draft.document or {}))
    key = key or str(document.get("key") or "")
    if document.get("key") and document["key"] != key:
        raise Invalid("key", _("The key in the document differs."), [Problem("key", _("Must be “%s”.") % key)])
    if len(key) > 60:
        raise Invalid("key", _("The key is too long."), [Problem("key", _("At most 60 characters."), "max_length")])
    entry = current_entry(kind, key) if key else None
    standing = entry.version if entry else 0
    if base_version is not None and base_version != standing:
        raise Conflict(
            "base_version",
            _("“%(key)s” stands at version %(standing)d, not %(base)d; read it again and propose from there.")
            % {"key": key, "standing": standing, "base": base_version},
        )
    if entry is None and draft.to_state not in (None, EntryState.ACTIVE):
        raise Missing("no_such_entry", _("There is no %(kind)s “%(key)s”.") % {"kind": kind.label, "key": key})
    if entry is not None and draft.document is None:
        document = dict(entry.document)
    change = ChangeRequest(
        kind=kind.name, key=key, base_version=standing, document=document, author=user,
        author_actor_type=actor.actor_type, created_at=now, updated_at=now,
    )  # fmt: skip
    take(change, draft)
    change.document, change.key = document, key
    change.summary = (draft.summary or _default_summary(kind, entry, document, key))[:300]
    change.take_digest()
    return change, entry


@transaction.atomic
def propose(
    *, actor: Actor, kind_name: str, key: str, draft: Draft, now: datetime, base_version: int | None = None
) -> ChangeRequest:
    """Open a draft change. The document may be incomplete; only its size and shape are bounded.

    `base_version` None takes the object as it stands (0 where there is none); another number must match it.
    """
    change, entry = drafted(
        actor=actor, kind_name=kind_name, key=key, draft=draft, now=now, base_version=base_version
    )  # fmt: skip
    change.save(force_insert=True)
    record(actor=actor, action="change.propose", kind=change.kind, key=change.key, now=now, after=change.digest,
           before=entry.digest if entry else "", change_id=change.pk)  # fmt: skip
    return change


def _default_summary(kind: Kind, entry: Entry | None, document: Document, key: str) -> str:
    name = str(document.get("name") or key or _("unnamed"))
    if entry is None:
        return _("Register %(kind)s %(name)s") % {"kind": str(kind.label).lower(), "name": name}
    return _("Change %(name)s") % {"name": name}


def own(change: ChangeRequest, actor: Actor, what: str) -> User:
    """The author of a change, who alone edits, submits, rebases and withdraws it. Raises Forbidden."""
    user = require(actor, kinds.get(change.kind).proposers)
    if change.author_id != user.pk:
        raise Forbidden("not_author", what % change.author)
    return user


def still_open(change: ChangeRequest, *states: ChangeState) -> None:
    """Refuse a change in another state. Raises Conflict."""
    if change.state not in states:
        raise Conflict("state", _("%(id)s is %(state)s already.")
                       % {"id": change.human_id, "state": change.get_state_display()})  # fmt: skip


@transaction.atomic
def edit(*, actor: Actor, change_id: int, draft: Draft, now: datetime, revision: int | None = None) -> ChangeRequest:
    """Edit an open change of one's own. Once submitted, any change of content makes a new proposal: signatures are void.

    `revision` is what the caller had read; another one means somebody else edited meanwhile.
    """
    change = locked(change_id)
    own(change, actor, _("Only the author edits a change; %s does."))
    still_open(change, ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED)
    if revision is not None and revision != change.revision:
        raise Conflict("revision", _("%s was edited meanwhile; look at it again.") % change.human_id)
    before = change.digest
    take(change, draft)
    if change.state != ChangeState.DRAFT:
        normalise(change)
    change.updated_at = now
    change.revision += 1
    anew = change.state != ChangeState.DRAFT and change.digest != before
    if anew:
        freeze(change, actor=actor, now=now)
    change.save()
    record(actor=actor, action="change.edit", kind=change.kind, key=change.key, now=now,
           before=before, after=change.digest, change_id=change.pk)  # fmt: skip
    if anew:
        put_before_approvers(change, actor=actor, now=now)
    return change


@transaction.atomic
def submit(*, actor: Actor, change_id: int, now: datetime) -> ChangeRequest:
    """Put a draft before the approvers. A class A change is applied at once by whoever may commit it."""
    change = locked(change_id)
    own(change, actor, _("Only the author submits a change; %s does."))
    still_open(change, ChangeState.DRAFT)
    if not change.key:
        change.key = str(change.document.get("key") or "")[:60]
    freeze(change, actor=actor, now=now)
    change.updated_at = now
    change.revision += 1
    change.save()
    record(actor=actor, action="change.submit", kind=change.kind, key=change.key, now=now,
           after=change.digest, change_id=change.pk, detail=change.policy_rule)  # fmt: skip
    put_before_approvers(change, actor=actor, now=now)
    return change


def put_before_approvers(change: ChangeRequest, *, actor: Actor, now: datetime) -> None:
    """Apply what was just frozen, if nobody signs it, or tell those who can sign it."""
    commit(change, actor=actor, now=now)
    if change.state == ChangeState.IN_REVIEW:
        tell(change, "submitted", actor=actor, occasion=str(change.proposal_number), signers=near_signers(change))


def commit(change: ChangeRequest, *, actor: Actor, now: datetime) -> None:
    """Apply what was just frozen, at its time, if it is of class A and the actor may commit that: nobody signs it."""
    if change.action_class == ActionClass.A and may(actor, Permission.COMMIT):
        applying.apply_at_once(change, actor=actor, now=now)


@transaction.atomic
def withdraw(*, actor: Actor, change_id: int, now: datetime, reason: str = "") -> ChangeRequest:
    """Take back one's own open change."""
    change = locked(change_id)
    own(change, actor, _("Only the author withdraws a change; %s does."))
    still_open(change, ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED)
    close(change, ChangeState.WITHDRAWN, reason=reason[:2000], now=now)
    record(actor=actor, action="change.withdraw", kind=change.kind, key=change.key, now=now,
           before=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    tell(change, "withdrawn", actor=actor, reason=change.reason)
    return change


def close(change: ChangeRequest, state: ChangeState, *, reason: str, now: datetime) -> None:
    """End a locked change without effect, and save it."""
    change.state = state
    change.reason = reason
    change.decided_at = change.updated_at = now
    stop_clocks(change, now)
    change.save()
