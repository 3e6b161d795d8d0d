"""Sparing servers, across all workers: limits that a connector states, and a breaker for a server that does not answer.

The breaker opens after some exchanges in a row that ended without an answer, or when the server itself asks to wait. While it is
open nobody asks that server; then one exchange tries, and its answer decides: closed again, or open for twice as long.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from connectors.models import Connector, ServerState

OPENS_AFTER = 5
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
JITTER = 0.2

_LOCKED = """
SELECT connector_id FROM connectors_serverstate
WHERE at_once IS NOT NULL OR per_second IS NOT NULL OR open_until IS NOT NULL
ORDER BY connector_id FOR NO KEY UPDATE SKIP LOCKED
"""
# How many failed at once does not matter for the pause, only how many tries since it opened did: those were under way together.
# What comes late, of exchanges that began before, never shortens what the server asked for.
_FAILED = """
INSERT INTO connectors_serverstate AS s (connector_id, failures, reason, asked_until, opened_at, open_until)
SELECT told.id, told.failures, told.reason, told.asked, CASE WHEN paused.until IS NOT NULL THEN told.now END, paused.until
FROM (SELECT %(id)s::bigint AS id, %(failures)s::int AS failures, %(reason)s::text AS reason, statement_timestamp() AS now,
             statement_timestamp() + %(wait)s::float * interval '1 second' AS asked) told
  CROSS JOIN LATERAL (SELECT greatest(told.asked, CASE WHEN told.failures >= %(most)s
                        THEN told.now + interval '1 second' * %(jitter)s * %(first)s END) AS until) paused
ON CONFLICT (connector_id) DO UPDATE SET
  failures = s.failures + excluded.failures, reason = excluded.reason,
  asked_until = greatest(s.asked_until, excluded.asked_until),
  opened_at = CASE WHEN excluded.asked_until IS NOT NULL OR s.failures + excluded.failures >= %(most)s
                   THEN coalesce(s.opened_at, statement_timestamp()) ELSE s.opened_at END,
  open_until = CASE
    WHEN s.failures + excluded.failures >= %(most)s
    THEN greatest(s.asked_until, excluded.asked_until, statement_timestamp() + interval '1 second'
      * %(jitter)s * least(%(longest)s, %(first)s * power(2, least(s.tries, 10))))
    ELSE greatest(s.open_until, excluded.asked_until) END
"""
_ANSWERED = """
UPDATE connectors_serverstate SET failures = 0, tries = 0, reason = '',
  asked_until = CASE WHEN asked_until > statement_timestamp() THEN asked_until END,
  closed_at = CASE WHEN open_until IS NULL OR asked_until > statement_timestamp() THEN closed_at
                   ELSE statement_timestamp() END,
  opened_at = CASE WHEN asked_until > statement_timestamp() THEN opened_at END,
  open_until = CASE WHEN asked_until > statement_timestamp() THEN asked_until END
WHERE connector_id = ANY(%s) AND (failures > 0 OR open_until IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What one exchange says of its server: whether it answered, and how long it asks to be left alone, in seconds."""

    connector_id: int
    answered: bool
    wait: float | None = None
    reason: str = ""


def locked() -> list[int]:
    """The connectors with limits or an open breaker that this transaction takes for; others take for the rest meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCKED)
        return [row[0] for row in cursor.fetchall()]


def tell(told: Iterable[Told]) -> None:
    """Keep what exchanges say of their servers. One that is well and was well before costs nothing."""
    by_server: dict[int, list[Told]] = {}
    for one in told:
        by_server.setdefault(one.connector_id, []).append(one)
    well = [pk for pk, all_of in by_server.items() if all_of[-1].answered and not any(one.wait for one in all_of)]
    bad = sorted(set(by_server) - set(well))
    with connection.cursor() as cursor:
        if well:
            cursor.execute(_ANSWERED, [well])
        for pk in bad:
            cursor.execute(_FAILED, _failed(pk, by_server[pk]))


def _failed(pk: int, told: list[Told]) -> dict[str, Any]:
    failures = 0
    for one in told:
        failures = 0 if one.answered else failures + 1
    return {
        "id": pk,
        "failures": failures,
        "reason": told[-1].reason[:300].replace("\0", ""),
        "wait": max((one.wait for one in told if one.wait), default=None),
        "most": OPENS_AFTER,
        "first": FIRST_PAUSE,
        "longest": LONGEST_PAUSE,
        "jitter": random.uniform(1 - JITTER, 1 + JITTER),  # noqa: S311 - spreads tries, guards nothing
    }


def follow_limits(connector: Connector) -> None:
    """Have the limits of a runtime tool's document hold, in the running transaction."""
    told = connector.document["runtime_tool"].get("limits") or {}
    limits = {"at_once": told.get("at_once"), "per_second": told.get("per_second")}
    if any(limits.values()):
        ServerState.objects.update_or_create(connector=connector, defaults=limits)
    else:
        ServerState.objects.filter(connector=connector).update(**limits)
