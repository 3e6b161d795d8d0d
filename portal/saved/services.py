"""Writing saved views: each one's own, bounded in number, with a line in the audit log."""

import hashlib
import json
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import require
from portal.people.models import User
from portal.refusals import Conflict, Forbidden, Invalid, Missing
from portal.roles import Permission, Role, may
from portal.saved.models import MOST_PINNED, SavedView

MOST_VIEWS = 100
# Where one is in a list, and how it is answered, is no part of a view.
_NOT_KEPT = frozenset({"page", "cursor", "before", "after", "format", "choose", "view"})


def save_view(
    *,
    actor: Actor,
    path: str,
    name: str,
    query: str,
    shared: bool = False,
    pinned: bool = False,
    opens: bool = False,
    now: datetime,
) -> SavedView:
    """Keep a list as it is asked for; one of that name is overwritten."""
    name, kept = " ".join(name.split()), _kept(query)
    if not name or len(name) > 60 or "\0" in name:
        raise Invalid("name", _("Give the view a name of at most 60 characters."))
    if kept is None or len(kept) > 2000 or len(path) > 120 or not _is_list(path):
        raise Invalid("path", _("This is no list of the portal whose view could be kept."))
    with transaction.atomic():
        user = _locked(actor)
        mine = SavedView.objects.filter(user=user)
        known = mine.filter(path=path, name=name).first()
        if known is None and mine.count() >= MOST_VIEWS:
            raise Conflict("too_many", _("You keep %d views already; remove one of them first.") % MOST_VIEWS)
        view, before = known or SavedView(user=user, path=path, name=name), _digest(known) if known else ""
        view.query, view.saved_at = kept, now
        # What opens the lists of others is said by those who may say it, whoever keeps the view.
        _share(view, shared=shared, for_role=may(actor, Permission.SET_VIEWS))
        _open(view, mine, opens=opens)
        view.place = (view.place or _free(user)) if pinned else None
        view.save()
        _note(actor, "view.save", view, now, before=before)
    return view


def change_view(
    *,
    actor: Actor,
    number: int,
    shared: bool | None = None,
    pinned: bool | None = None,
    opens: bool | None = None,
    now: datetime,
) -> SavedView:
    """Share it, pin it, have the list open with it, or not any more; None leaves a thing as it is."""
    with transaction.atomic():
        user, view = _mine(actor, number)
        before = _digest(view)
        if shared is not None:
            _share(view, shared=shared)
        if opens is not None:
            _open(view, SavedView.objects.filter(user=user), opens=opens)
        if pinned is not None:
            view.place = (view.place or _free(user)) if pinned else None
        view.save(update_fields=["shared", "place", "opens", "opens_for"])
        _note(actor, "view.change", view, now, before=before)
    return view


def open_for_role(*, actor: Actor, number: int, role: str, now: datetime) -> SavedView:
    """Have a list open with this view for everybody of a role who has none of their own; for nobody by an empty role.

    The view is shared by that, and the one that the role had before is not its own any more. Raises Forbidden, Missing, Invalid,
    Conflict.
    """
    require(actor, Permission.SET_VIEWS)
    if role and role not in Role.values:
        raise Invalid("role", _("Unknown role: %s.") % role[:40])
    try:
        with transaction.atomic():
            _user, view = _mine(actor, number)
            before = _digest(view)
            if role:
                SavedView.objects.filter(path=view.path, opens_for=role).exclude(pk=view.pk).update(opens_for="")
                view.shared = True
            view.opens_for = role
            view.save(update_fields=["shared", "opens_for"])
            _note(actor, "view.role", view, now, before=before)
    except IntegrityError:
        raise Conflict("at_once", _("Somebody else said it for this role just now; look at the list again.")) from None
    return view


def remove_view(*, actor: Actor, number: int, now: datetime) -> None:
    """Keep it no more."""
    with transaction.atomic():
        _user, view = _mine(actor, number)
        before = _digest(view)
        record(
            actor=actor, action="view.remove", kind="view", key=str(view.pk), now=now, before=before, detail=view.name
        )
        view.delete()


def _share(view: SavedView, *, shared: bool, for_role: bool = True) -> None:
    """What is shared no more opens the list of no role."""
    view.shared = shared
    if not shared or not for_role:
        view.opens_for = ""


def _open(view: SavedView, mine: QuerySet[SavedView], *, opens: bool) -> None:
    """One view of a list opens it."""
    if opens:
        mine.filter(path=view.path, opens=True).exclude(pk=view.pk).update(opens=False)
    view.opens = opens


def _locked(actor: Actor) -> User:
    """The person, so that what one does in two windows at once happens one after the other."""
    if actor.user is None or not actor.user.is_human:
        raise Forbidden("human", _("Views are kept for people; an account of a machine has none."))
    return User.objects.select_for_update(no_key=True).get(pk=actor.user.pk)


def _mine(actor: Actor, number: int) -> tuple[User, SavedView]:
    user = _locked(actor)
    view = SavedView.objects.filter(user=user, pk=number).first()
    if view is None:
        raise Missing("no_such_view", _("You keep no such view."))
    return user, view


def _free(user: User) -> int:
    """The first place of the rail that is free."""
    taken = set(SavedView.objects.filter(user=user, place__isnull=False).values_list("place", flat=True))
    for place in range(1, MOST_PINNED + 1):
        if place not in taken:
            return place
    raise Conflict("rail_full", _("%d views are pinned already; unpin one of them first.") % MOST_PINNED)


def _is_list(path: str) -> bool:
    try:
        # A page of one thing has an argument in its address; that of a list is the name of its kind at most.
        return path.startswith("/") and set(resolve(path).kwargs) <= {"pages"}
    except Resolver404:
        return False


def _kept(query: str) -> str | None:
    """The part of a query that is kept; None for one of more parts than any list has."""
    try:
        told = parse_qsl(query.removeprefix("?"), max_num_fields=100)
    except ValueError:
        return None
    return urlencode([(name, value) for name, value in told if name not in _NOT_KEPT and value])


def _digest(view: SavedView) -> str:
    state = [view.path, view.name, view.query, view.shared, view.place, view.opens, view.opens_for]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _note(actor: Actor, action: str, view: SavedView, now: datetime, *, before: str) -> None:
    record(
        actor=actor,
        action=action,
        kind="view",
        key=str(view.pk),
        now=now,
        before=before,
        after=_digest(view),
        detail=view.name,
    )
