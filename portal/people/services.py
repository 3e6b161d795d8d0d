"""Writing people. Every write leaves an audit line whose digests cover what a person may do, never a password."""

import hashlib
import json
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from portal.audit.services import record
from portal.people.actors import Actor
from portal.people.models import User
from portal.roles import Role


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


@transaction.atomic
def create_administrator(*, actor: Actor, username: str, password: str, email: str, now: datetime) -> User:
    """Make a human who may give others their roles; raises ValidationError for a weak password or a taken name."""
    user = User(username=username, email=email, roles=[Role.ADMINISTRATOR], is_staff=True)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()
    record(
        actor=actor,
        action="user.create",
        kind="user",
        key=user.username,
        now=now,
        after=digest_of(user),
        detail=f"roles: {', '.join(user.roles)}",
    )
    return user
