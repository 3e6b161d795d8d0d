"""Making a change anew from what stands: rebase, revert, resubmit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.changes import merging, services
from portal.changes.applying import locked, settle
from portal.changes.freezing import freeze, refuse_no_change
from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeState
from portal.changes.services import Draft
from portal.changes.signing import current_entry_of
from portal.people.actors import Actor
from portal.policy.rules import ActionClass
from portal.refusals import Conflict, Invalid, Missing, Problem
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.models import Entry, EntryState
from portal.roles import Permission, may


def version_of(entry: Entry, number: int) -> Any:
    """One version of an entry from its history, or None."""
    history: Any = type(entry).history.model
    return history._default_manager.filter(id=entry.pk, version=number).first()


def base_document(change: ChangeRequest, entry: Entry | None) -> Document:
    """The document the change was made from; empty for a registration."""
    if change.base_version == 0 or entry is None:
        return {}
    if entry.version == change.base_version:
        return dict(entry.document)
    found = version_of(entry, change.base_version)
    return dict(found.document) if found else {}


def conflict_of(change: ChangeRequest, entry: Entry | None) -> list[merging.Part]:
    """Key by key, how a change and its object have come apart; empty while the object stands where it was."""
    if entry is None or entry.version == change.base_version:
        return []
    return merging.three_way(base_document(change, entry), dict(entry.document), change.document)


@transaction.atomic
def rebase(*, actor: Actor, change_id: int, choices: Mapping[str, str], now: datetime) -> ChangeRequest:
    """Make an open change of one's own from the version that stands.

    `choices` names a side, `current` or `proposed`, for every path in conflict. Content that stays as it was keeps its
    signatures; other content is a new proposal.
    """
    change = locked(change_id)
    services.own(change, actor, _("Only the author rebases a change; %s does."))
    services.still_open(change, *OPEN_STATES)
    entry = current_entry_of(change)
    if entry is None or entry.version == change.base_version:
        raise Conflict("up_to_date", _("%s is made from the version that stands.") % change.human_id)
    base, current = base_document(change, entry), dict(entry.document)
    parts = merging.three_way(base, current, change.document)
    unknown = [path for path in choices if path not in {part.path for part in parts if part.conflict}]
    open_paths = merging.unresolved(parts, choices)
    if unknown or open_paths:
        raise Invalid(
            "choices",
            _("Choose a side for every key in conflict."),
            [Problem(path, _("Choose “current” or “proposed”."), "choose") for path in open_paths]
            + [Problem(path, _("This key is not in conflict."), "not_in_conflict") for path in unknown],
        )
    before = change.digest
    change.document = merging.merged(base, current, change.document, choices)
    change.base_version = entry.version
    change.updated_at = now
    change.revision += 1
    change.held_back = ""
    change.take_digest()
    pure = change.digest == before and (change.action_class != ActionClass.A or may(actor, Permission.COMMIT))
    if change.state != ChangeState.DRAFT:
        refuse_no_change(change, change.document, entry)
        if not pure:
            freeze(change, actor=actor, now=now)
    change.save()
    record(actor=actor, action="change.rebase", kind=change.kind, key=change.key, now=now, before=before,
           after=change.digest, change_id=change.pk, detail=f"onto version {entry.version}")  # fmt: skip
    if change.state == ChangeState.DRAFT:
        return change
    if pure:
        # The same content on another base may be judged otherwise, or be ready at last.
        change.state = ChangeState.IN_REVIEW
        settle(change, actor=actor, now=now)
    else:
        services.put_before_approvers(change, actor=actor, now=now)
    return ChangeRequest.objects.get(pk=change_id)


@transaction.atomic
def revert(*, actor: Actor, kind_name: str, key: str, version: int, now: datetime) -> ChangeRequest:
    """Open a draft that restores an earlier version. It is signed like any other change."""
    kind = kinds.get(kind_name)
    entry: Entry | None = kind.entries().filter(key=key).first()
    found = version_of(entry, version) if entry is not None else None
    if entry is None or found is None:
        raise Missing("no_such_version", _("“%(key)s” has no version %(n)d.") % {"key": key, "n": version})
    if version == entry.version:
        raise Conflict("no_change", _("Version %d is the one that stands.") % version)
    change = services.propose(
        actor=actor,
        kind_name=kind_name,
        key=key,
        draft=Draft(
            document=dict(found.document),
            to_state=found.state if found.state != EntryState.DRAFT else None,
            summary=_("Restore version %(n)d of %(name)s") % {"n": version, "name": entry.name},
        ),
        base_version=entry.version,
        now=now,
    )
    change.restores_version = version
    change.save()
    return change


@transaction.atomic
def resubmit(*, actor: Actor, change_id: int, now: datetime) -> ChangeRequest:
    """Open a draft with the content of a change of one's own that was rejected or withdrawn."""
    old = locked(change_id)
    services.own(old, actor, _("Only the author proposes it again; %s does."))
    services.still_open(old, ChangeState.REJECTED, ChangeState.WITHDRAWN)
    change = services.propose(
        actor=actor,
        kind_name=old.kind,
        key=old.key,
        draft=Draft(document=dict(old.document), summary=old.summary, to_state=None if old.creates else old.to_state,
                    evidence=old.evidence, approval_class=old.approval_class or None,
                    reversibility_class=old.reversibility_class or None,
                    sensitivity_class=old.sensitivity_class or None),
        now=now,
    )  # fmt: skip
    if old.creates and change.base_version:
        message = _("“%s” was registered meanwhile. Propose a change of it from the version that stands.") % old.key
        raise Conflict("registered_meanwhile", message, [Problem("key", message, "registered_meanwhile")])
    # Made from the same version as the old one, so that what changed meanwhile shows as a conflict and is not overwritten.
    if not old.creates:
        change.base_version = old.base_version
    change.replaces = old
    change.save()
    return change
