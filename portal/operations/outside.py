"""The heartbeat to the outside: somebody else's watch hears from the portal for as long as all of it is well, and no longer.

When every worker is dead, or the machine is, nothing here can tell. A service that expects this request can.
"""

import logging
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from portal.operations.signs import LONGEST_GAP, WATCH
from portal.outbound.client import Timeouts, client
from portal.outbound.errors import OutboundError

logger = logging.getLogger(__name__)

OUTSIDE = "outside"
_TIMEOUTS = Timeouts(connect=3.0, read=3.0, total=5.0)
_ANSWER_BYTES = 64 * 1024
# One worker of all takes the turn: only if the watch has looked lately and found everything well. A turn from ahead of the
# clock is from before a step of it.
_TURN = """
INSERT INTO operations_heartbeat (name, at, detail)
SELECT %(name)s, statement_timestamp(), '{}'
FROM operations_heartbeat watch
WHERE watch.name = %(watch)s AND watch.detail -> 'well' = 'true'
  AND watch.at BETWEEN statement_timestamp() - %(fresh)s AND statement_timestamp() + interval '2 seconds'
ON CONFLICT (name) DO UPDATE SET at = excluded.at
  WHERE operations_heartbeat.at <= excluded.at - %(every)s * interval '1 second'
     OR operations_heartbeat.at > excluded.at
RETURNING 1
"""
_NOTE = "UPDATE operations_heartbeat SET detail = %s::jsonb WHERE name = %s"


def tick() -> dict[str, Any]:
    """Send the heartbeat if one is wanted, due and deserved. The address is a secret of the operator and is never told."""
    if not settings.OUTSIDE_HEARTBEAT_URL:
        return {}
    values: dict[str, Any] = {
        "name": OUTSIDE, "watch": WATCH, "fresh": LONGEST_GAP, "every": settings.OUTSIDE_HEARTBEAT_SECONDS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TURN, values)
        if cursor.fetchone() is None:
            return {}
    try:
        answer = client().request(
            "GET", settings.OUTSIDE_HEARTBEAT_URL, timeouts=_TIMEOUTS, max_bytes=_ANSWER_BYTES, repeatable=True
        )
        told: dict[str, Any] = {"ok": 200 <= answer.status < 300, "status": answer.status}
    except (OutboundError, ValueError) as error:
        told = {"ok": False, "error": type(error).__name__}
    if not told["ok"]:
        logger.warning("the heartbeat to the outside was not taken", extra=told)
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [orjson.dumps(told).decode(), OUTSIDE])
    return told
