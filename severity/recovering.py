"""Recovery of the cause of one incident, told by somebody: the same rule, by the same statement, as that of the sweeps."""

from typing import Any

from django.db import connection

from portal.operations import correlation
from portal.people.actors import Actor
from severity.effects import RECOVERED, RECOVERS, columns_of, effects, fingerprint

_EFFECTS = effects("%(actor)s::text", "%(actor_type)s::text", "%(user)s::bigint", "%(address)s::text")
_RECOVER = f"""
WITH was AS MATERIALIZED (
  SELECT i.id, {fingerprint("i")} AS before
  FROM severity_incident i
  WHERE (i.id = %(id)s::bigint OR i.dedup_key = %(dedup_key)s::text) AND i.state <> 'resolved' AND {RECOVERS}
  FOR NO KEY UPDATE
),
recovered AS ({RECOVERED}),
changed AS (
  SELECT {columns_of("recovered")}, recovered.state AS what, %(told)s::text AS told, was.before, '' AS correlation
  FROM recovered JOIN was ON was.id = recovered.id
),
{_EFFECTS}
SELECT id, what FROM changed
"""


def recover(*, told: str, actor: Actor, incident_id: int | None = None, dedup_key: str | None = None) -> str:
    """Say of an incident, by its number or as the unresolved one of a key, that its cause is over; in the running transaction.

    V0 and V1 are resolved, a V2 is mitigated, a V3 stays with a person, and so does one that others were merged into. Returns
    what happened: `resolved`, `mitigated`, or nothing.
    """
    if (incident_id is None) == (dedup_key is None):
        raise ValueError("one of incident_id and dedup_key")
    ids = correlation.current()
    parameters: dict[str, Any] = {
        "id": incident_id,
        "dedup_key": dedup_key,
        "told": told[:5000],
        "actor": actor.name,
        "actor_type": actor.actor_type.value,
        "user": actor.user_id,
        "address": actor.address,
        "correlation": ids.correlation_id,
        "trace": ids.trace_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RECOVER, parameters)
        row = cursor.fetchone()
    return str(row[1]) if row is not None else ""
