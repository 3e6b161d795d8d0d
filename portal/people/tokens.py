"""Making and checking API tokens."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from knox.crypto import create_token_string, hash_token
from knox.settings import CONSTANTS, knox_settings

from portal.audit.services import record
from portal.language.lists import joined
from portal.people.actors import Actor
from portal.people.guards import require_human
from portal.people.models import ApiToken, User
from portal.people.rules import MOST_TOKEN_DAYS, token_types
from portal.refusals import Conflict, Forbidden, Invalid, Missing, Problem
from portal.roles import ActorType, Permission, may

# `last_used_at` is a hint for people, not worth a write on every request.
USED_AGAIN_AFTER = timedelta(minutes=1)


def key_of(token: str) -> str:
    """How a token begins: enough to name it, far too little to use it."""
    return token[: int(CONSTANTS.TOKEN_KEY_LENGTH)]


@transaction.atomic
def create_token(
    *, actor: Actor, user: User, actor_type: str, name: str, now: datetime, lasts: timedelta | None = None
) -> str:
    """Make a token of a user and return it; only its digest is stored, so it is shown this once.

    Asks nobody: it is for the command on the machine itself. People go through `make_token`.
    """
    token: str = knox_settings.TOKEN_PREFIX + create_token_string()
    digest: str = hash_token(token)
    ApiToken.objects.bulk_create(
        [
            ApiToken(
                digest=digest,
                token_key=key_of(token),
                user=user,
                actor_type=actor_type,
                name=name,
                expiry=now + (lasts or knox_settings.TOKEN_TTL),
            )
        ]
    )
    record(
        actor=actor,
        action="token.create",
        kind="user",
        key=user.username[:120],
        now=now,
        detail=f"{name}, {actor_type}",
    )
    return token


@transaction.atomic
def make_token(
    *, actor: Actor, username: str, name: str, now: datetime, actor_type: str = "", days: int = MOST_TOKEN_DAYS
) -> str:
    """Make a token of the own account, or of a machine's that one answers for or manages; it is shown this once."""
    human = require_human(actor)
    # Locked, so that an account that is being deactivated gets none.
    user = User.objects.select_for_update(no_key=True).filter(username=username).first()
    if user is None or not _may_hold(actor, human, user):
        raise Forbidden(
            "not_your_account",
            _("You make tokens of your own account and of the machines that you answer for."),
        )
    # A stolen token would outlive its end through those that it made.
    if user.pk == human.pk and actor.signed_in_at is None:
        raise Forbidden("sign_in", _("A token makes no tokens of its own account; sign in with your password."))
    if not user.is_active:
        raise Conflict("inactive", _("The account “%s” is not active.") % username)
    kind = actor_type or user.actor_type
    allowed = token_types(ActorType(user.actor_type))
    if kind not in allowed:
        message = _("A token of this account acts as: %s.") % joined(one.label for one in allowed)
        raise Invalid("token_type", message, [Problem("actor_type", message, "token_type")])
    if not name.strip() or len(name) > 120:
        message = _("Say what it is for, in at most 120 characters.")
        raise Invalid("token_name", message, [Problem("name", message, "token_name")])
    if not 1 <= days <= MOST_TOKEN_DAYS:
        message = _("From 1 to %d days.") % MOST_TOKEN_DAYS
        raise Invalid("token_days", message, [Problem("days", message, "token_days")])
    return create_token(actor=actor, user=user, actor_type=kind, name=name.strip(), now=now, lasts=timedelta(days=days))


def _may_hold(actor: Actor, human: User, user: User) -> bool:
    """Whether this human may make and end tokens of the account: the own one, or a machine's."""
    if user.pk == human.pk:
        return True
    machine = user.actor_type != ActorType.HUMAN
    return machine and (user.accountable_id == human.pk or may(actor, Permission.MANAGE_PEOPLE))


@transaction.atomic
def revoke_token(*, actor: Actor, key: str, now: datetime) -> ApiToken:
    """End a token: one's own, one of a machine that one answers for, any as an administrator."""
    human = require_human(actor)
    tokens = ApiToken.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    token: ApiToken | None = tokens.filter(token_key=key).first() if key.isprintable() else None
    # Whether a token exists is nobody else's business.
    if token is None or not (_may_hold(actor, human, token.user) or may(actor, Permission.MANAGE_PEOPLE)):
        raise Missing("no_such_token", _("There is no token “%s” of yours.") % key)
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        record(
            actor=actor,
            action="token.revoke",
            kind="user",
            key=token.user.username[:120],
            now=now,
            detail=f"{token.name}, {token.actor_type}",
        )
    return token


def find_token(token: str, *, now: datetime) -> ApiToken | None:
    """The usable token of an active user with this text, by its digest: one query on the primary key."""
    if len(token) > 200 or not token.isascii():
        return None
    found: ApiToken | None = ApiToken.objects.select_related("user").filter(digest=hash_token(token)).first()
    if found is None or not found.usable_at(now) or not found.user.is_active:
        return None
    if found.last_used_at is None or now - found.last_used_at > USED_AGAIN_AFTER:
        ApiToken.objects.filter(digest=found.digest).update(last_used_at=now)
    return found
