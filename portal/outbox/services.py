"""Writing notices into the outbox."""

from typing import Any

from portal.outbox.models import OutboxEvent


def publish(*, topic: str, subject: str, payload: dict[str, Any], dedup_key: str, team_key: str = "") -> None:
    """Write a notice in the running transaction; the same `dedup_key` is written once only."""
    OutboxEvent.objects.bulk_create(
        [OutboxEvent(topic=topic, subject=subject[:300], payload=payload, dedup_key=dedup_key, team_key=team_key)],
        ignore_conflicts=True,
    )
