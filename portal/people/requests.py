"""Who makes a request, for pages and API alike."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from portal.people.actors import Actor
from portal.people.models import ApiToken, User


def client_address(request: HttpRequest) -> str:
    """The caller's address; `X-Forwarded-For` counts only as far as proxies are declared trusted."""
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    trusted: int = settings.TRUSTED_PROXIES
    if trusted and len(forwarded) >= trusted:
        return str(forwarded[-trusted])[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def actor_of(request: Any) -> Actor:
    """The actor behind a Django or REST request that is signed in."""
    user = request.user
    assert isinstance(user, User)
    token = getattr(request, "auth", None)
    return Actor.of(
        user,
        actor_type=token.actor_type if isinstance(token, ApiToken) else "",
        address=client_address(request),
        signed_in_at=None if isinstance(token, ApiToken) else _signed_in_at(request),
    )


SIGNED_IN_AT = "signed_in_at"


def note_sign_in(request: HttpRequest, now: datetime) -> None:
    """Note in the session that the person gave the password just now."""
    request.session[SIGNED_IN_AT] = now.timestamp()


def _signed_in_at(request: Any) -> datetime | None:
    noted = request.session.get(SIGNED_IN_AT) if hasattr(request, "session") else None
    return datetime.fromtimestamp(noted, UTC) if isinstance(noted, int | float) else None
