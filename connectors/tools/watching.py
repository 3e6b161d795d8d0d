"""Looking at the servers of runtime tools: by itself in every worker, and at once for whoever asks.

`tick()` claims what is due and hands it to threads; it never waits for a server. Each look records itself. What never comes
back is covered by the lease of its claim: the row is due again, and a late answer is dropped.
"""

import logging
import threading
from datetime import datetime

from django.db import connection, connections, transaction

from connectors.models import Connector
from connectors.tools.probing import MOST_SECONDS, Target, probe
from connectors.tools.recording import Claimed, Recorded, begin, record
from portal.operations import correlation
from portal.operations.per_process import PerProcess
from portal.operations.services import database_now
from portal.outbound.client import OutboundClient
from portal.people.actors import Actor

logger = logging.getLogger(__name__)

AT_ONCE = 8
LEASE_SECONDS = 3 * MOST_SECONDS
# What is due is looked for once: as a part of the condition, some plans would look again for every row, and claim too many.
_CLAIM = """
WITH due AS MATERIALIZED (
  SELECT id FROM connectors_verification WHERE probe_at <= statement_timestamp()
  ORDER BY probe_at LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE connectors_verification known
SET lease = known.lease + 1, probe_at = statement_timestamp() + %(seconds)s * interval '1 second'
FROM due WHERE known.id = due.id
RETURNING known.connector_id, known.lease
"""


def claim(most: int) -> list[Claimed]:
    """Take looks that are due, each for as long as it can take at most."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, {"seconds": LEASE_SECONDS, "most": most})
            leases: dict[int, int] = dict(cursor.fetchall())
        if not leases:
            return []
        documents = Connector.objects.filter(pk__in=leases).values_list("pk", "document")
        return [Claimed(pk, leases[pk], Target.of(document)) for pk, document in documents]


def look(claimed: Claimed, *, via: OutboundClient | None = None) -> Recorded:
    """Ask, outside of any transaction, and keep the answer."""
    seen = probe(claimed.target, via=via)
    return record(claimed, seen, now=database_now())


def look_now(*, actor: Actor, key: str, now: datetime, via: OutboundClient | None = None) -> Recorded:
    """Look at the server of a connector for somebody who waits. Raises Forbidden, Missing, Conflict."""
    return look(begin(actor=actor, key=key, now=now), via=via)


class Watch:
    """The looks of one process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def tick(self) -> dict[str, int]:
        """Begin the looks that are due, as many as there is room for."""
        with self._guard:
            room = AT_ONCE - len(self._threads)
            taken = claim(room) if room > 0 else []
            for one in taken:
                thread = threading.Thread(target=self._work, args=(one,), name="look at tools", daemon=True)
                self._threads.add(thread)
                thread.start()
            return {"claimed": len(taken), "in_flight": len(self._threads)}

    def wait(self, seconds: float) -> bool:
        """Whether every look that was begun has ended within so many seconds."""
        for thread in list(self._threads):
            thread.join(seconds)
        return not self._threads

    def _work(self, claimed: Claimed) -> None:
        try:
            with correlation.work():
                look(claimed)
        except Exception:
            # Its row is due again when the lease ends.
            logger.exception("looking at the tools of a server broke", extra={"connector": claimed.connector_id})
        finally:
            connections.close_all()
            with self._guard:
                self._threads.discard(threading.current_thread())


_watch = PerProcess(Watch)


def tick() -> dict[str, int]:
    """Begin the looks that are due. Safe to call twice at once; none is made where the interval is far."""
    return _watch.own.tick()


__all__ = ["Watch", "claim", "look", "look_now", "tick"]
