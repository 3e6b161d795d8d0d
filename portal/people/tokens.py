"""Making and checking API tokens."""

from datetime import datetime, timedelta

from django.db import transaction
from knox.crypto import create_token_string, hash_token
from knox.settings import CONSTANTS, knox_settings

from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.models import ApiToken, User

# `last_used_at` is a hint for people, not worth a write on every request.
USED_AGAIN_AFTER = timedelta(minutes=1)


@transaction.atomic
def create_token(*, actor: Actor, user: User, actor_type: str, name: str, now: datetime) -> str:
    """Make a token of a user and return it; only its digest is stored, so it is shown this once."""
    token: str = knox_settings.TOKEN_PREFIX + create_token_string()
    digest: str = hash_token(token)
    ApiToken.objects.bulk_create(
        [
            ApiToken(
                digest=digest,
                token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH],
                user=user,
                actor_type=actor_type,
                name=name,
                expiry=now + knox_settings.TOKEN_TTL,
            )
        ]
    )
    record(actor=actor, action="token.create", kind="user", key=user.username, now=now, detail=f"{name}, {actor_type}")
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
