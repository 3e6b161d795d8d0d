"""Writing audit lines. Called explicitly by every service that writes; nothing is sensed by signals."""

from datetime import datetime

from portal.audit.models import AuditLine
from portal.operations import correlation
from portal.people.actors import Actor


def line(
    *,
    actor: Actor,
    action: str,
    kind: str,
    key: str,
    now: datetime,
    before: str = "",
    after: str = "",
    change_id: int | None = None,
    detail: str = "",
) -> AuditLine:
    """One line that is not written yet, for services that write many at once.

    `action` is a dotted verb (`change.approve`), `before` and `after` are sha256 digests in hex or empty.
    """
    ids = correlation.current()
    return AuditLine(
        at=now,
        actor_id=actor.user_id,
        actor_name=actor.name,
        actor_type=actor.actor_type,
        action=action,
        object_kind=kind,
        object_key=key,
        change_id=change_id,
        before_digest=before,
        after_digest=after,
        detail=detail[:2000],
        correlation_id=ids.correlation_id,
        trace_id=ids.trace_id,
        address=actor.address,
    )


def record(
    *,
    actor: Actor,
    action: str,
    kind: str,
    key: str,
    now: datetime,
    before: str = "",
    after: str = "",
    change_id: int | None = None,
    detail: str = "",
) -> AuditLine:
    """Append one line, told as to `line`. Call it inside the transaction of the write."""
    made = line(
        actor=actor, action=action, kind=kind, key=key, now=now, before=before, after=after, change_id=change_id,
        detail=detail,
    )  # fmt: skip
    made.save(force_insert=True)
    return made
