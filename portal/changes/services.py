"""Writing changes: propose, edit, submit, withdraw. Deciding and applying stand beside this file.

Every function is one short transaction; the actor and the moment are passed in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes import applying
from portal.changes.models import ChangeRequest, ChangeState, Proposal
from portal.changes.rules import ActionClass, Classes, Judgement, judge, may_commit
from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Problem
from portal.registry import kinds
from portal.registry.documents import Document, bounds_problem, digest
from portal.registry.kinds import Kind
from portal.registry.models import Entry, EntryState
from portal.roles import Permission, may, who_may


@dataclass(frozen=True)
class Draft:
    """What an author may set: None leaves a field as it is."""

    document: Document | None = None
    summary: str | None = None
    approval_class: str | None = None
    reversibility_class: str | None = None
    sensitivity_class: str | None = None
    to_state: str | None = None
    evidence: dict[str, Any] | None = None

    def fields(self) -> dict[str, Any]:
        """The fields that are set."""
        return {name: value for name, value in vars(self).items() if value is not None}


def require(actor: Actor, permission: Permission) -> User:
    """The actor's user, if the table lets it do this."""
    if actor.user is None or not may(actor, permission):
        raise Forbidden(
            "role",
            _("You may not %(what)s. Who may: %(who)s.") % {"what": permission.label, "who": who_may(permission)},
        )
    return actor.user


def locked(change_id: int) -> ChangeRequest:
    """The change under its row lock; only inside a transaction."""
    try:
        return ChangeRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=change_id)
    except ChangeRequest.DoesNotExist:
        raise Missing("no_such_change", _("There is no change CHG-%d.") % change_id) from None


def current_entry(kind: Kind, key: str) -> Entry | None:
    """The object as it stands, if it exists."""
    entry: Entry | None = kind.entries().filter(key=key).first()
    return entry


def current_entry_of(change: ChangeRequest) -> Entry | None:
    """The object of a change as it stands, if it exists."""
    return current_entry(kinds.get(change.kind), change.key)


def _kept(document: Document) -> Document:
    bad = bounds_problem(document)
    if bad is not None:
        raise Invalid("document", bad.message, [bad])
    return document


@transaction.atomic
def propose(
    *,
    actor: Actor,
    kind_name: str,
    key: str,
    draft: Draft,
    now: datetime,
    base_version: int | None = None,
) -> ChangeRequest:
    """Open a draft change. The document may be incomplete; only its size and shape are bounded.

    `base_version` None takes the object as it stands (0 where there is none); another number must match it.
    """
    user = require(actor, Permission.PROPOSE)
    kind = kinds.get(kind_name)
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
    values = draft.fields() | {"document": document}
    values["summary"] = (values.get("summary") or _default_summary(kind, entry, document, key))[:300]
    change = ChangeRequest.objects.create(
        kind=kind.name,
        key=key,
        base_version=standing,
        digest=digest(document),
        author=user,
        author_actor_type=actor.actor_type,
        created_at=now,
        updated_at=now,
        **values,
    )
    record(actor=actor, action="change.propose", kind=kind.name, key=key, now=now, after=change.digest,
           before=entry.digest if entry else "", change_id=change.pk)  # fmt: skip
    return change


def _default_summary(kind: Kind, entry: Entry | None, document: Document, key: str) -> str:
    name = str(document.get("name") or key or _("unnamed"))
    if entry is None:
        return _("Register %(kind)s %(name)s") % {"kind": str(kind.label).lower(), "name": name}
    return _("Change %(name)s") % {"name": name}


@transaction.atomic
def edit(*, actor: Actor, change_id: int, draft: Draft, now: datetime, revision: int | None = None) -> ChangeRequest:
    """Edit an open change of one's own. Under review, any change of content makes a new proposal: signatures are void.

    `revision` is what the caller had read; another one means somebody else edited meanwhile.
    """
    user = require(actor, Permission.PROPOSE)
    change = locked(change_id)
    if change.author_id != user.pk:
        raise Forbidden("not_author", _("Only the author edits a change; %s does.") % change.author)
    if change.state not in (ChangeState.DRAFT, ChangeState.IN_REVIEW):
        raise Conflict("state", _("%(id)s is %(state)s and is not edited any more.")
                       % {"id": change.human_id, "state": change.get_state_display()})  # fmt: skip
    if revision is not None and revision != change.revision:
        raise Conflict("revision", _("%s was edited meanwhile; look at it again.") % change.human_id)
    before, before_classes = change.digest, change.declared
    for name, value in draft.fields().items():
        setattr(change, name, value)
    change.document = _kept(change.document)
    if change.creates:
        change.key = str(change.document.get("key") or "")[:60]
    change.digest = digest(change.document)
    change.updated_at = now
    change.revision += 1
    touched = change.digest != before or change.declared != before_classes or draft.to_state is not None
    if change.state == ChangeState.IN_REVIEW and touched:
        _freeze(change, actor=actor, now=now)
    change.save()
    record(actor=actor, action="change.edit", kind=change.kind, key=change.key, now=now,
           before=before, after=change.digest, change_id=change.pk)  # fmt: skip
    return change


def problems_of(change: ChangeRequest, entry: Entry | None) -> tuple[Document, list[Problem]]:
    """Everything that stands against submitting: the normalised document and the problems."""
    kind = kinds.get(change.kind)
    document, problems = kind.check(change.document)
    if change.key and document.get("key") != change.key:
        problems.append(Problem("key", _("The key is fixed: “%s”.") % change.key, "key_fixed"))
    if not problems:
        problems = kind.transition_problems(entry.document if entry else None, document)
    return document, problems


def judgement_of(change: ChangeRequest, document: Document, entry: Entry | None) -> Judgement:
    """What the policy says of the change, from the states before and after it."""
    kind = kinds.get(change.kind)
    floors = [kind.floor(document)]
    if entry is not None:
        floors.append(kind.floor(entry.document))
    declared = change.declared
    if declared is not None and declared.approval < 0:
        least = judge(Classes(3, declared.reversibility, declared.sensitivity), floors).least_approval
        declared = Classes(least, declared.reversibility, declared.sensitivity)
    return judge(declared, floors)


def _freeze(change: ChangeRequest, *, actor: Actor, now: datetime) -> Judgement:
    """Check everything and put a new proposal before the approvers; the caller saves the change."""
    assert actor.user is not None
    entry = current_entry_of(change)
    _check_base(change, entry)
    document, problems = problems_of(change, entry)
    if problems:
        raise Invalid("incomplete", _("%d thing(s) must be put right before this can be submitted.")
                      % len(problems), problems)  # fmt: skip
    if entry is not None and entry.digest == digest(document) and entry.state == change.to_state:
        raise Invalid("no_change", _("The proposal does not differ from version %d.") % entry.version)
    judgement = judgement_of(change, document, entry)
    if judgement.action_class == ActionClass.C:
        raise Invalid(
            judgement.rule,
            _("Approval class A%(declared)d is below the least class A%(least)d that rule “%(rule)s” demands.")
            % {"declared": judgement.effective.approval, "least": judgement.least_approval,
               "rule": judgement.rule.partition(":")[2]},
            [Problem("approval_class", _("Declare A%d or higher.") % judgement.least_approval, judgement.rule)],
        )  # fmt: skip
    change.document, change.digest = document, digest(document)
    change.required_class = f"A{judgement.effective.approval}"
    change.action_class = judgement.action_class
    if change.action_class == ActionClass.A and not may_commit(change.author_actor_type, ActionClass.A):
        change.required_class, change.action_class = "A1", ActionClass.B
    change.policy_rule = judgement.rule
    change.proposal_number += 1
    Proposal.objects.create(
        change=change, number=change.proposal_number, base_version=change.base_version,
        to_state=change.to_state, document=document, digest=change.digest,
        required_class=change.required_class, author=actor.user, at=now,
    )  # fmt: skip
    return judgement


def _check_base(change: ChangeRequest, entry: Entry | None) -> None:
    standing = entry.version if entry else 0
    if standing != change.base_version:
        raise applying.moved_on(change, standing)


@transaction.atomic
def submit(*, actor: Actor, change_id: int, now: datetime) -> ChangeRequest:
    """Put a draft before the approvers. A class A change is applied at once by whoever may commit it."""
    user = require(actor, Permission.PROPOSE)
    change = locked(change_id)
    if change.author_id != user.pk:
        raise Forbidden("not_author", _("Only the author submits a change; %s does.") % change.author)
    if change.state != ChangeState.DRAFT:
        raise Conflict("state", _("%(id)s is %(state)s already.")
                       % {"id": change.human_id, "state": change.get_state_display()})  # fmt: skip
    if not change.key:
        change.key = str(change.document.get("key") or "")[:60]
    _freeze(change, actor=actor, now=now)
    change.state = ChangeState.IN_REVIEW
    change.submitted_at = change.updated_at = now
    change.revision += 1
    change.save()
    record(actor=actor, action="change.submit", kind=change.kind, key=change.key, now=now,
           after=change.digest, change_id=change.pk, detail=change.policy_rule)  # fmt: skip
    if change.action_class == ActionClass.A and may(actor, Permission.COMMIT):
        applying.apply(change, actor=actor, now=now)
    return change


@transaction.atomic
def withdraw(*, actor: Actor, change_id: int, now: datetime, reason: str = "") -> ChangeRequest:
    """Take back one's own open change."""
    user = require(actor, Permission.PROPOSE)
    change = locked(change_id)
    if change.author_id != user.pk:
        raise Forbidden("not_author", _("Only the author withdraws a change; %s does.") % change.author)
    if change.state not in (ChangeState.DRAFT, ChangeState.IN_REVIEW):
        raise Conflict("state", _("%(id)s is %(state)s and is not withdrawn any more.")
                       % {"id": change.human_id, "state": change.get_state_display()})  # fmt: skip
    change.state = ChangeState.WITHDRAWN
    change.reason = reason[:2000]
    change.decided_at = change.updated_at = now
    change.save()
    record(actor=actor, action="change.withdraw", kind=change.kind, key=change.key, now=now,
           before=change.digest, change_id=change.pk, detail=reason)  # fmt: skip
    return change
