"""Who may change people, and what must hold whatever is changed. Every check runs under the locks it needs."""

from django.db.models import Q
from django.utils.translation import gettext as _

from portal.people.actors import Actor
from portal.people.models import User
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Problem
from portal.roles import ActorType, Permission, Role, may, who_may


def not_allowed(permission: Permission) -> str:
    """The one sentence by which somebody is refused whom the table does not let do something."""
    return _("You may not %(what)s. Who may: %(who)s.") % {"what": permission.label, "who": who_may(permission)}


def require(actor: Actor, permission: Permission) -> User:
    """The actor's user, if the table lets it do this. Raises Forbidden, also for the portal's own background work."""
    if actor.user is None or not may(actor, permission):
        raise Forbidden("role", not_allowed(permission))
    return actor.user


def require_human(actor: Actor) -> User:
    """The signed-in human who acts, as the account stands now; agents and the portal itself are refused."""
    if actor.user is None or actor.actor_type != ActorType.HUMAN:
        raise Forbidden("only_humans", _("Only a human may do this."))
    user = User.objects.filter(pk=actor.user.pk, is_active=True, actor_type=ActorType.HUMAN).first()
    if user is None:
        raise Forbidden("inactive", _("Your account is not active."))
    return user


def locked(actor: Actor, *usernames: str) -> dict[str, User]:
    """The accounts of these names, locked together with every active administrator, always in the same order.

    So two administrators who act on each other at once follow one after the other, and the second is judged by what
    the first has done: `actor` must still be one of them.
    """
    if not may(actor, Permission.MANAGE_PEOPLE):
        raise Forbidden("role", not_allowed(Permission.MANAGE_PEOPLE))
    administrators = Q(roles__contains=[Role.ADMINISTRATOR], is_active=True)
    rows = User.objects.select_for_update(no_key=True).filter(Q(username__in=usernames) | administrators).order_by("pk")
    found = {row.username: row for row in rows}
    if actor.user is not None and not _still_manages(found.get(actor.user.username)):
        raise Forbidden("role", _("You are no longer an administrator."))
    for username in usernames:
        if username not in found:
            raise Missing("no_such_person", _("There is no account “%s”.") % username)
    return found


def _still_manages(user: User | None) -> bool:
    return user is not None and user.is_active and Role.ADMINISTRATOR in user.roles


def require_another_administrator(rows: dict[str, User], user: User) -> None:
    """Refuse to take the last one who can give others their roles; `rows` holds all administrators, locked."""
    others = [
        row for row in rows.values() if row.pk != user.pk and _still_manages(row) and row.actor_type == ActorType.HUMAN
    ]
    if not others:
        raise Conflict(
            "last_administrator",
            _("“%s” is the last active administrator; make another one first.") % user.username,
        )


def require_answerable(user: User, path: str) -> None:
    """Refuse to let anybody but an active human answer for an account."""
    if user.actor_type != ActorType.HUMAN or not user.is_active:
        message = _("“%s” is not an active human; only one can answer for an account.") % user.username
        raise Invalid("not_answerable", message, [Problem(path, message, "not_answerable")])
