"""Reads of changes that pages share."""

from portal.changes.models import ChangeRequest
from portal.people.actors import Actor
from portal.people.models import User
from portal.roles import Permission, may


def counters(user: User) -> dict[str, int]:
    """How many changes wait for this person's signature."""
    if not may(Actor.of(user), Permission.SIGN):
        return {"approvals": 0}
    return {"approvals": ChangeRequest.objects.to_sign_by(user).count()}
