"""Opening one incident for somebody: by a person, a token or the portal itself; by the same statement that the sweeps use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from portal.operations import correlation
from portal.people.actors import Actor
from severity.effects import OPENED_CHANGES, effects, opening
from severity.models import Incident
from severity.rules import Level, Rule

_OPENING = opening(
    join="LEFT JOIN",
    circumstance="found.circumstance",
    level="found.level",
    source="found.source",
    subject_kind="found.subject_kind",
    subject_key="found.subject_key",
    subject_id="found.subject_id",
    task_id="found.task_id",
    title="left(found.title, 300)",
    escalate_at="NULL::timestamptz",
    dimension="found.dimension",
    impact="found.impact",
    evidence="found.evidence",
)
_EFFECTS = effects("%(actor)s::text", "%(actor_type)s::text", "%(user)s::bigint", "%(address)s::text")
_OPEN = f"""
WITH found AS (
  SELECT %(rule)s::text AS rule, %(circumstance)s::text AS circumstance, %(level)s::int AS level, %(source)s::text AS source,
         %(subject_kind)s::text AS subject_kind, %(subject_key)s::text AS subject_key, %(subject_id)s::bigint AS subject_id,
         %(task)s::bigint AS task_id, %(connector)s::bigint AS connector_id, %(owner)s::bigint AS owner_id,
         %(title)s::text AS title, %(told)s::text AS told, %(dedup_key)s::text AS dedup_key, %(epoch)s::timestamptz AS epoch,
         %(dimension)s::text AS dimension, %(impact)s::text AS impact, %(evidence)s::jsonb AS evidence, '' AS correlation,
         false AS escalates
),
opened AS ({_OPENING}),
changed AS ({OPENED_CHANGES}),
{_EFFECTS}
SELECT id, what FROM changed
"""


@dataclass(frozen=True)
class Found:
    """What there is to open an incident for. `level` is at least the rule's own in its circumstance; the table may raise it.

    `epoch` tells one occurrence from the next: the same epoch under the same `dedup_key` is never counted twice.
    """

    rule: Rule
    source: str
    dedup_key: str
    epoch: datetime
    title: str
    told: str
    owner_id: int
    subject_kind: str
    subject_key: str
    subject_id: int | None = None
    connector_id: int | None = None
    task_id: int | None = None
    circumstance: str = "plain"
    level: Level = Level.V0
    dimension: str | None = None
    impact: str = ""
    evidence: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def open_incident(found: Found, *, actor: Actor) -> tuple[Incident, str]:
    """Open it, or count it on the unresolved one under its key, in the running transaction.

    Returns the incident and what happened: `opened`, `repeated`, `raised`, `reopened`, or `known` for an epoch told before.
    """
    ids = correlation.current()
    parameters: dict[str, Any] = {
        "rule": found.rule.name,
        "circumstance": found.circumstance,
        "level": max(found.level, found.rule.least(found.circumstance)).value,
        "source": found.source,
        "subject_kind": found.subject_kind,
        "subject_key": found.subject_key,
        "subject_id": found.subject_id,
        "task": found.task_id,
        "connector": found.connector_id,
        "owner": found.owner_id,
        "title": found.title,
        "told": found.told,
        "dedup_key": found.dedup_key,
        "epoch": found.epoch,
        "dimension": found.rule.dimension if found.dimension is None else found.dimension,
        "impact": found.impact,
        "evidence": Jsonb([dict(one) for one in found.evidence]),
        "actor": actor.name,
        "actor_type": actor.actor_type.value,
        "user": actor.user_id,
        "address": actor.address,
        "correlation": ids.correlation_id,
        "trace": ids.trace_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, parameters)
        row = cursor.fetchone()
    if row is not None:
        return Incident.objects.visible().get(pk=row[0]), str(row[1])
    return Incident.objects.visible().get(dedup_key=found.dedup_key, epoch=found.epoch), "known"
