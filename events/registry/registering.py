"""Registering, changing a level and deleting, as change requests: whoever asks is told where the change waits to be signed."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from events.line import standing_family
from events.models import EventFamily
from events.proposing import proposal
from events.registry.errors import Code, RegistryRefusal
from events.registry.subjects import Numbered, equal, versions_of
from events.rules import schema_transition
from events.schemas import Schema
from portal.changes import services
from portal.changes.models import OPEN_STATES, ChangeRequest, ChangeState
from portal.changes.services import Draft
from portal.people.actors import Actor
from portal.refusals import Invalid
from portal.registry import kinds
from portal.registry.documents import Document
from portal.registry.models import EntryState

_BREAKS = frozenset({"incompatible", "replay"})


def register(*, actor: Actor, family: EventFamily, schema: Schema, now: datetime) -> ChangeRequest | None:
    """Open a change that registers a schema as the next version of its family, or find the one that is open already.

    None where it was registered meanwhile.
    Raises RegistryRefusal for a schema that the family cannot take: unsound, or against its compatibility mode.
    """
    with transaction.atomic():
        # One after the other, so that two clients that ask for the same get the same change.
        standing_family(family.key, hold=True)
        if equal([one for one in versions_of(family.key) if one.stands], schema) is not None:
            return None
        waiting = ChangeRequest.objects.filter(
            kind="event_schema", state__in=OPEN_STATES, document__family=family.key, document__schema=schema
        )
        change = waiting.order_by("id").first()
        if change is None:
            document = proposal(family, schema)
            _refuse_unsound(document)
            change = _proposed(actor, "event_schema", document["key"], Draft(document=document), now)
    return _submitted(actor, change, now)


def _refuse_unsound(document: Document) -> None:
    clean, problems = kinds.get("event_schema").check(document)
    problems = problems or schema_transition(None, clean)
    if not problems:
        return
    told = " ".join(f"{one.path}: {one.message}" if one.path != "schema" else one.message for one in problems[:5])
    code = Code.INCOMPATIBLE if all(one.code in _BREAKS for one in problems) else Code.INVALID_SCHEMA
    raise RegistryRefusal(code, told)


def change_level(*, actor: Actor, family: EventFamily, level: str, now: datetime) -> ChangeRequest:
    """Open a change of a family's compatibility mode, or find the open one."""
    return _asked(actor, "event_family", family, Draft(document=family.document | {"compatibility": level}), now)


def retire(*, actor: Actor, one: Numbered, now: datetime) -> ChangeRequest:
    """Open a change that retires a version, or find the open one. It stays readable by its id for ever."""
    return _asked(actor, "event_schema", one.row, Draft(to_state=EntryState.RETIRED), now)


def _asked(actor: Actor, kind: str, entry: Any, draft: Draft, now: datetime) -> ChangeRequest:
    with transaction.atomic():
        type(entry).objects.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
        waiting = ChangeRequest.objects.filter(kind=kind, key=entry.key, state__in=OPEN_STATES)
        if draft.to_state is not None:
            waiting = waiting.filter(to_state=draft.to_state)
        else:
            waiting = waiting.filter(document=draft.document)
        change = waiting.order_by("id").first() or _proposed(actor, kind, entry.key, draft, now)
    return _submitted(actor, change, now)


def _proposed(actor: Actor, kind: str, key: str, draft: Draft, now: datetime) -> ChangeRequest:
    return services.propose(actor=actor, kind_name=kind, key=key, draft=draft, now=now)


def _submitted(actor: Actor, change: ChangeRequest, now: datetime) -> ChangeRequest:
    """Before its approvers, where nothing is missing; what is missing (evidence) its author completes in the portal."""
    if change.state != ChangeState.DRAFT or change.author_id != actor.user_id:
        return change
    try:
        return services.submit(actor=actor, change_id=change.pk, now=now)
    except Invalid:
        change.refresh_from_db()
        return change


def waits(change: ChangeRequest) -> RegistryRefusal:
    """What a client is told of a change that is not applied: where it is, and who has to do what."""
    address = f"{settings.PUBLIC_URL}{change.get_absolute_url()}"
    what = {
        ChangeState.DRAFT: "is a draft: its author completes and submits it",
        ChangeState.IN_REVIEW: "waits for its approvers",
        ChangeState.APPROVED: "is approved and waits to be applied",
    }.get(ChangeState(change.state), f"is {change.state}")
    return RegistryRefusal(
        Code.NEEDS_APPROVAL, f"This needs approval: {change.human_id} {what}, at {address}", location=address
    )
