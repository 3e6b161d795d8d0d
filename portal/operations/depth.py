"""How many hints wait in the broker's queue, noted every few seconds so that no page has to ask the broker."""

from typing import Any

from django.conf import settings
from kombu import Connection, Queue

from portal.celery import app as celery_app
from portal.operations.services import beat
from portal.operations.signs import BROKER

TIMEOUT_SECONDS = 2


def waiting(link: Connection) -> int | None:
    """How many messages wait in the portal's queue, or None where the broker does not tell; costs one question."""
    try:
        with link.channel() as channel:
            # Every transport answers with what it knows of the queue; the types that kombu ships say otherwise.
            told: Any = Queue(settings.BROKER_QUEUE, channel=channel).queue_declare(passive=True)
            return int(told.message_count)
    except Exception:  # kombu raises whatever its transport raises, also for a queue that nobody has made yet
        return None


def tick() -> None:
    """Note the depth; nothing is noted while the broker is away, and the note grows old."""
    try:
        with celery_app.connection_for_write(connect_timeout=TIMEOUT_SECONDS) as link:
            link.ensure_connection(max_retries=0, timeout=TIMEOUT_SECONDS)
            depth = waiting(link)
    except Exception:  # its absence is told by the readiness check, and by the scheduler's silence
        return
    beat(BROKER, {"waiting": depth})
