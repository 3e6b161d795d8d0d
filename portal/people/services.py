"""Writing people. Every write leaves an audit line whose digests cover what a person may do, never a password."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.guards import (
    locked,
    require_another_administrator,
    require_answerable,
    require_human,
)
from portal.people.leaving import left, look_again
from portal.people.models import User
from portal.people.rules import username_fits
from portal.refusals import Conflict, Forbidden, Invalid, Problem
from portal.roles import ActorType, Role


@dataclass(frozen=True)
class Person:
    """What an administrator says of an account; None leaves a field as it is. `accountable` is a user name."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    roles: Sequence[str] | None = None
    accountable: str | None = None


def digest_of(user: User) -> str:
    """The sha256 of an account's public state: names, roles, type and whether it is active."""
    state = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "roles": sorted(user.roles),
        "actor_type": str(user.actor_type),
        "accountable": user.accountable_id,
        "is_active": user.is_active,
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _note(actor: Actor, action: str, user: User, now: datetime, *, before: str = "", detail: str = "") -> None:
    record(
        actor=actor,
        action=action,
        kind="user",
        key=user.username[:120],
        now=now,
        before=before,
        after=digest_of(user),
        detail=detail,
    )


@transaction.atomic
def create_administrator(*, actor: Actor, username: str, password: str, email: str, now: datetime) -> User:
    """Make a human who may give others their roles; raises ValidationError for a weak password or a taken name."""
    user = User(username=username, email=email, roles=[Role.ADMINISTRATOR])
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    _note(actor, "user.create", user, now, detail=f"roles: {', '.join(user.roles)}")
    return user


@transaction.atomic
def create_person(
    *,
    actor: Actor,
    username: str,
    person: Person,
    now: datetime,
    actor_type: str = ActorType.HUMAN,
    password: str = "",
) -> User:
    """Make an account of a human, or of a machine for which a human answers. It cannot sign in without a password."""
    rows = locked(actor, *([person.accountable] if person.accountable else []))
    if not username_fits(username):
        _refuse("username", _("Begin with a letter or digit; then letters, digits and . _ @ + - (at most 100)."))
    if User.objects.filter(username__iexact=username).exists():
        _refuse("username", _("There is an account of this name already."), "taken")
    if actor_type not in ActorType.values:
        _refuse("actor_type", _("Unknown type of actor."))
    user = User(username=username, actor_type=actor_type)
    _fill(user, person, rows)
    if password:
        _give_password(user, password)
    else:
        user.set_unusable_password()
    _save(user)
    _note(actor, "user.create", user, now, detail=f"{user.actor_type}, roles: {', '.join(user.roles) or '-'}")
    return user


@transaction.atomic
def change_person(*, actor: Actor, username: str, person: Person, now: datetime, looked_at: str = "") -> User:
    """Change names, e-mail, roles, who answers. `looked_at` is the digest that the caller saw, if it insists on it."""
    rows = locked(actor, username, *([person.accountable] if person.accountable else []))
    user = rows[username]
    before = digest_of(user)
    if looked_at and looked_at != before:
        raise Conflict("changed_meanwhile", _("Somebody changed this account meanwhile; look at it again."))
    had = list(user.roles)
    was = {name: getattr(user, name) for name in ("first_name", "last_name", "email", "accountable_id")}
    _fill(user, person, rows)
    if Role.ADMINISTRATOR in had and Role.ADMINISTRATOR not in user.roles:
        if user.pk == actor.user_id:
            raise Forbidden("own_role", _("You cannot take the administrator's role from yourself."))
        if user.is_active:
            require_another_administrator(rows, user)
    if digest_of(user) == before:
        return user
    _save(user)
    changed = [name for name, value in was.items() if getattr(user, name) != value]
    if sorted(had) != sorted(user.roles):
        changed.append(f"roles: {', '.join(sorted(had)) or '-'} → {', '.join(sorted(user.roles)) or '-'}")
    _note(actor, "user.change", user, now, before=before, detail="; ".join(changed))
    return user


@transaction.atomic
def deactivate(*, actor: Actor, username: str, now: datetime, successor: str = "") -> User:
    """End an account's sessions and tokens by making it inactive. `successor` answers from now on for its accounts."""
    rows = locked(actor, username, *([successor] if successor else []))
    user = rows[username]
    if user.pk == actor.user_id:
        raise Forbidden("own_account", _("You cannot deactivate yourself."))
    if not user.is_active:
        return user
    if Role.ADMINISTRATOR in user.roles and user.actor_type == ActorType.HUMAN:
        require_another_administrator(rows, user)
    # Asked after the lock: whoever makes an account locks the human who answers for it first.
    accounts = list(User.objects.select_for_update(no_key=True).filter(accountable=user).order_by("pk"))
    if successor:
        if successor == username:
            _refuse("successor", _("Name somebody else."))
        require_answerable(rows[successor], "successor")
        for account in accounts:
            was = digest_of(account)
            account.accountable = rows[successor]
            account.save(update_fields=["accountable"])
            _note(actor, "user.change", account, now, before=was, detail=f"accountable: {username} → {successor}")
    elif any(account.is_active for account in accounts):
        names = ", ".join(account.username for account in accounts if account.is_active)
        message = _("“%(name)s” answers for %(accounts)s; say who does from now on.")
        message %= {"name": username, "accounts": names}
        raise Conflict("answers_for_accounts", message, [Problem("successor", message, "answers_for_accounts")])
    before = digest_of(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    _note(actor, "user.deactivate", user, now, before=before)
    for team in user.teams.order_by("key"):
        left(team, [user], actor=actor, now=now)
    return user


@transaction.atomic
def reactivate(*, actor: Actor, username: str, now: datetime) -> User:
    """Let an account act again; a machine's only while an active human answers for it."""
    rows = locked(actor, username)
    user = rows[username]
    if user.is_active:
        return user
    if user.accountable_id is not None:
        require_answerable(User.objects.select_for_update(no_key=True).get(pk=user.accountable_id), "accountable")
    before = digest_of(user)
    user.is_active = True
    user.save(update_fields=["is_active"])
    _note(actor, "user.reactivate", user, now, before=before)
    look_again(user.teams.order_by("key"), now)
    return user


@transaction.atomic
def set_password(*, actor: Actor, username: str, password: str, now: datetime) -> User:
    """Give somebody else a new password; every session of that person ends."""
    user = locked(actor, username)[username]
    if user.pk == actor.user_id:
        raise Forbidden("own_account", _("Change your own password with the old one."))
    _give_password(user, password)
    user.save(update_fields=["password"])
    _note(actor, "user.password", user, now, before=digest_of(user))
    return user


@transaction.atomic
def change_own_password(*, actor: Actor, old: str, new: str, now: datetime) -> User:
    """Change one's own password with the old one; every other session ends."""
    user = User.objects.select_for_update(no_key=True).get(pk=require_human(actor).pk)
    # A token is no proof of who sits there.
    if actor.signed_in_at is None:
        raise Forbidden("sign_in", _("Sign in with your password to change it."))
    if not user.check_password(old):
        _refuse("old", _("This is not your password."), "password")
    _give_password(user, new, path="new")
    user.save(update_fields=["password"])
    _note(actor, "user.password", user, now, before=digest_of(user), detail="own")
    return user


@transaction.atomic
def set_language(*, actor: Actor, language: str, now: datetime) -> None:
    """The language in which a person reads pages and e-mails: one of the portal's."""
    if language not in dict(settings.LANGUAGES):
        raise Invalid("language", _("The portal speaks %s.") % ", ".join(dict(settings.LANGUAGES)))
    user = User.objects.select_for_update(no_key=True).get(pk=require_human(actor).pk)
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])
        _note(actor, "user.language", user, now, before=digest_of(user), detail=language)


def _fill(user: User, person: Person, rows: Mapping[str, User]) -> None:
    for name in ("first_name", "last_name", "email"):
        value = getattr(person, name)
        if value is not None:
            setattr(user, name, value.strip())
    if person.roles is not None:
        user.roles = [role for role in Role.values if role in person.roles]
        unknown = sorted(set(person.roles) - set(Role.values))
        if unknown:
            _refuse("roles", _("Unknown role: %s.") % ", ".join(unknown))
    human = user.actor_type == ActorType.HUMAN
    if not human and Role.ADMINISTRATOR in user.roles:
        _refuse("roles", _("Only a human can be an administrator."))
    if person.accountable:
        if human:
            _refuse("accountable", _("A human answers for the own account."))
        require_answerable(rows[person.accountable], "accountable")
        user.accountable = rows[person.accountable]
    elif not human and (user.accountable_id is None or person.accountable == ""):
        _refuse("accountable", _("An account that is not a human needs an accountable human."))


def _give_password(user: User, password: str, path: str = "password") -> None:
    if user.actor_type != ActorType.HUMAN:
        _refuse(path, _("A machine's account has tokens and no password."))
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(
            "weak_password", " ".join(error.messages), [Problem(path, text, "weak_password") for text in error.messages]
        ) from None
    user.set_password(password)


def _save(user: User) -> None:
    try:
        user.full_clean(exclude=["password"], validate_constraints=False)
        with transaction.atomic():
            user.save()
    except ValidationError as error:
        problems = [Problem(path, text) for path, texts in error.message_dict.items() for text in texts]
        raise Invalid("invalid", "; ".join(one.message for one in problems), problems) from None
    except IntegrityError:
        _refuse("username", _("There is an account of this name already."), "taken")


def _refuse(path: str, message: str, code: str = "invalid") -> NoReturn:
    raise Invalid(code, message, [Problem(path, message, code)])
