"""Keeping the pace of looks when the database's clock steps.

Judgement waits and then takes a step that stays for the truth (`severity.clock_guard`). Looks go by intervals: a server allowing
one a minute allows no more because the clock was put forward, nothing is out of sight that was seen a moment before, and what was
looked at before the clock was put back is not left alone until it has caught up. Steps are noticed by the monotonic clock of each
worker; one that went back unnoticed is found by what was looked at later than now.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from portal.operations.clock import TOLERANCE_SECONDS, Expected

logger = logging.getLogger(__name__)

# The one who is first in this time follows a step; for the others it is done.
SAME_STEP_SECONDS = 300
NAME = "connectors.step"

_BEGIN = """
INSERT INTO operations_heartbeat (name, at, detail) VALUES (%s, 'epoch', '{}') ON CONFLICT (name) DO NOTHING
"""
_LOCK = """
SELECT at > statement_timestamp() - %s * interval '1 second' AND at <= statement_timestamp(), detail
FROM operations_heartbeat WHERE name = %s FOR UPDATE
"""
_DONE = "UPDATE operations_heartbeat SET at = statement_timestamp(), detail = %s::jsonb WHERE name = %s"
_FORGET = "UPDATE operations_heartbeat SET at = 'epoch' WHERE name = %s AND at > statement_timestamp()"
_FORWARD = """
UPDATE connectors_trackedtask
SET next_poll_at = CASE WHEN polled_at IS NULL THEN next_poll_at ELSE next_poll_at + %(by)s END,
  polled_at = polled_at + %(by)s, busy_until = busy_until + %(by)s,
  last_seen_at = last_seen_at + %(by)s, blind_clock = blind_clock + %(by)s
WHERE id IN (SELECT id FROM connectors_trackedtask
             WHERE ended_at IS NULL AND coalesce(polled_at, last_seen_at) <= %(before)s ORDER BY id FOR NO KEY UPDATE)
"""
_SERVERS_FORWARD = """
UPDATE connectors_serverstate SET
  open_until = CASE WHEN opened_at <= %(before)s THEN open_until + %(by)s ELSE open_until END,
  asked_until = CASE WHEN opened_at <= %(before)s THEN asked_until + %(by)s ELSE asked_until END,
  opened_at = CASE WHEN opened_at <= %(before)s THEN opened_at + %(by)s ELSE opened_at END,
  tokens_at = CASE WHEN tokens_at <= %(before)s THEN tokens_at + %(by)s ELSE tokens_at END,
  taken_at = CASE WHEN taken_at <= %(before)s THEN taken_at + %(by)s ELSE taken_at END,
  closed_at = CASE WHEN closed_at <= %(before)s THEN closed_at + %(by)s ELSE closed_at END
"""
# The latest look of all was made just now, whatever its clock said; the others as long before it as they were.
_BACKWARD = """
WITH step AS MATERIALIZED (
  SELECT max(greatest(polled_at, last_seen_at)) - statement_timestamp() AS by FROM connectors_trackedtask
  WHERE ended_at IS NULL AND greatest(polled_at, last_seen_at) > statement_timestamp() + %(tolerance)s
), ahead AS (
  SELECT id,
    CASE WHEN polled_at > statement_timestamp() THEN by ELSE interval '0' END AS polled,
    CASE WHEN last_seen_at > statement_timestamp() THEN by ELSE interval '0' END AS seen,
    CASE WHEN last_change_at > statement_timestamp() THEN by ELSE interval '0' END AS changed,
    CASE WHEN cancel_requested_at > statement_timestamp() THEN by ELSE interval '0' END AS cancelled
  FROM connectors_trackedtask CROSS JOIN step
  WHERE ended_at IS NULL AND greatest(polled_at, last_seen_at) > statement_timestamp() + %(tolerance)s
  ORDER BY id FOR NO KEY UPDATE OF connectors_trackedtask)
UPDATE connectors_trackedtask t SET
  next_poll_at = next_poll_at - ahead.polled, busy_until = busy_until - ahead.polled, polled_at = polled_at - ahead.polled,
  last_seen_at = last_seen_at - ahead.seen, blind_clock = blind_clock - ahead.seen,
  last_change_at = last_change_at - ahead.changed, stall_clock = stall_clock - ahead.changed,
  stall_at = stall_at - ahead.changed, input_clock = input_clock - ahead.changed,
  cancel_requested_at = cancel_requested_at - ahead.cancelled, cancel_clock = cancel_clock - ahead.cancelled
FROM ahead WHERE ahead.id = t.id
"""
# To be judged at once: by a clock that was ahead.
_JUDGE = "UPDATE {} SET judge_at = statement_timestamp() WHERE judge_at > statement_timestamp() + %(tolerance)s"
_JUDGED = ("connectors_trackedtask", "connectors_knowntool", "connectors_syncstate")
_SERVERS_BACKWARD = """
UPDATE connectors_serverstate SET
  open_until = open_until - greatest(opened_at - statement_timestamp(), interval '0'),
  asked_until = asked_until - greatest(opened_at - statement_timestamp(), interval '0'),
  opened_at = least(opened_at, statement_timestamp()), tokens_at = least(tokens_at, statement_timestamp()),
  taken_at = least(taken_at, statement_timestamp()), closed_at = least(closed_at, statement_timestamp())
WHERE greatest(opened_at, tokens_at, taken_at, closed_at) > statement_timestamp() + %(tolerance)s
"""


class Pace:
    """The database's clock as one process expects it, and what is done when it stepped."""

    def __init__(self) -> None:
        self._clock = Expected()

    def expected(self, monotonic: float) -> datetime | None:
        """What the database's clock says at this moment unless it stepped; nothing before it was read."""
        return self._clock.at(monotonic)

    def read(self, database: datetime, monotonic: float) -> bool:
        """Take note of both clocks, and follow a step that they show. Whether there was one; at first nobody knows."""
        before, by = self._clock.at(monotonic), self._clock.step(database, monotonic)
        if before is not None and by > timedelta():
            forward(before, by)
        elif before is None or by:
            backward()
        self._clock.note(database, monotonic)
        return before is None or bool(by)


def forward(before: datetime, by: timedelta) -> bool:
    """Move the looks on by a step of the clock that came after `before`; whether this call did it, or another had done so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_BEGIN, [NAME])
        cursor.execute(_LOCK, [SAME_STEP_SECONDS, NAME])
        lately, detail = cursor.fetchone()
        known = orjson.loads(detail).get("by", 0.0)
        if lately and abs(known - by.total_seconds()) <= TOLERANCE_SECONDS:
            return False
        values: dict[str, Any] = {"by": by, "before": before + timedelta(seconds=TOLERANCE_SECONDS / 2)}
        cursor.execute(_FORWARD, values)
        moved = cursor.rowcount
        cursor.execute(_SERVERS_FORWARD, values)
        cursor.execute(_DONE, [orjson.dumps({"by": by.total_seconds(), "moved": moved}).decode(), NAME])
    logger.warning("the database's clock went forward by %.0f s: %d looks keep their pace", by.total_seconds(), moved)
    return True


def backward() -> int:
    """Have what was looked at later than now be looked at at its pace; how many tasks that were."""
    with transaction.atomic(), connection.cursor() as cursor:
        values: dict[str, Any] = {"tolerance": timedelta(seconds=TOLERANCE_SECONDS)}
        cursor.execute(_BACKWARD, values)
        moved = int(cursor.rowcount)
        cursor.execute(_SERVERS_BACKWARD, values)
        for table in _JUDGED:
            cursor.execute(_JUDGE.format(table), values)
        # Forward once more is another step.
        cursor.execute(_FORGET, [NAME])
    if moved:
        logger.warning("the database's clock went back: %d looks keep their pace", moved)
    return moved
