"""What the gate judges by, read in one statement: its answer is of one moment, never mixed from two."""

from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from severity.gate.values import Check, Facts, LateChange, Said, Trouble
from severity.models import ReleaseCandidate
from severity.models.exception import exception_id
from severity.readiness import RowStatus
from severity.table.rules import STALE_DAYS

# More of one sort is not listed; the counts are whole.
MOST = 50

_TROUBLE = """
SELECT i.id, i.severity, i.title, i.state, i.dimension, i.opened_at, i.measure <> '' AS measure, team.name AS owner,
       live.expires_at AS covered_until, live.id AS covered_by, live.key AS covered_key
FROM {which} i JOIN people_team team ON team.id = i.owner_id LEFT JOIN live ON live.incident_id = i.id AND i.severity = 2
"""
_OPEN = "i.state IN ('open', 'acknowledged')"
_HARMLESS = f"(i.severity = 2 AND (NOT {_OPEN} OR i.id IN (SELECT incident_id FROM live)) OR i.severity = 1 AND i.measure <> '')"
# Unresolved incidents are read by their partial indexes, list by list; only the counts look at all of them.
# The exceptions of the release that are alive at this moment; of several of one incident, the one that lasts longest.
_STATEMENT = f"""
WITH candidate AS MATERIALIZED (
  SELECT id, key, state, stage FROM severity_releasecandidate WHERE key = %(key)s
),
live AS MATERIALIZED (
  SELECT DISTINCT ON (e.incident_id) e.incident_id, e.expires_at, e.id, e.key
  FROM severity_gateexception e JOIN candidate ON candidate.id = e.release_id
  WHERE e.state = 'active' AND e.expires_at > statement_timestamp()
  ORDER BY e.incident_id, e.expires_at DESC
),
unresolved AS NOT MATERIALIZED (
  SELECT i.id, i.severity, i.title, i.state, i.dimension, i.opened_at, i.measure, i.owner_id, i.dedup_key
  FROM severity_incident i WHERE i.state <> 'resolved' AND i.severity > 0
),
troubles AS (
  (SELECT * FROM unresolved i WHERE i.severity = 3 ORDER BY opened_at, id LIMIT %(most)s)
  UNION ALL
  (SELECT * FROM unresolved i WHERE i.severity = 2 AND NOT {_HARMLESS} ORDER BY opened_at, id LIMIT %(most)s)
  UNION ALL
  (SELECT * FROM unresolved i WHERE i.severity = 2 AND {_HARMLESS} ORDER BY i.state = 'mitigated', opened_at, id LIMIT %(most)s)
  UNION ALL
  (SELECT * FROM unresolved i WHERE i.severity = 1 AND NOT {_HARMLESS} ORDER BY opened_at, id LIMIT %(most)s)
),
checks AS (
  SELECT checkpoint.key, checkpoint.name, checkpoint.dimension, team.name AS owner,
         CASE WHEN now.verdict <> 'unknown' AND now.stale_at <= statement_timestamp() THEN 'stale'
              ELSE coalesce(now.verdict, 'unknown') END AS verdict,
         coalesce(now.run_at, checkpoint.created_at) AS since,
         (SELECT to_jsonb(known) FROM ({_TROUBLE.format(which="unresolved")}
            WHERE i.dedup_key = 'checkpoint:' || checkpoint.id) known) AS incident
  FROM metrics_checkpoint checkpoint JOIN people_team team ON team.id = checkpoint.owner_id
    LEFT JOIN metrics_checkpointstate now ON now.checkpoint_id = checkpoint.id
  WHERE checkpoint.state IN ('active', 'deprecated')
    AND (now.verdict IS DISTINCT FROM 'pass' OR now.stale_at <= statement_timestamp())
  ORDER BY EXISTS (SELECT FROM unresolved i WHERE i.dedup_key = 'checkpoint:' || checkpoint.id AND {_HARMLESS}), checkpoint.key
  LIMIT %(most)s
),
late AS (
  SELECT c.id, left(c.summary, 200) AS summary, c.sign_by AS since
  FROM changes_changerequest c
  WHERE c.state = 'in_review' AND c.action_class = 'B' AND c.sign_by <= statement_timestamp()
    AND NOT EXISTS (SELECT FROM severity_incident known
                    WHERE known.dedup_key = 'change:' || c.id || ':approval_late' AND known.state <> 'resolved')
  ORDER BY c.sign_by LIMIT %(most)s
),
said AS (
  SELECT DISTINCT ON (s.dimension) s.dimension, s.status, s.note, s.evidence, s.at, team.name AS owner, person.username AS by
  FROM severity_readinessstatement s JOIN candidate ON candidate.id = s.release_id
    JOIN people_team team ON team.id = s.owner_id JOIN people_user person ON person.id = s.by_id
  ORDER BY s.dimension, s.id DESC
)
SELECT jsonb_build_object(
  'now', statement_timestamp(),
  'candidate', (SELECT to_jsonb(candidate) FROM candidate),
  'counts', (SELECT jsonb_agg(jsonb_build_array(dimension, severity, harmless, count)) FROM (
      SELECT i.dimension, i.severity, {_HARMLESS} AS harmless, count(*) AS count FROM unresolved i GROUP BY 1, 2, 3) c),
  'troubles', (SELECT jsonb_agg(to_jsonb(t)) FROM ({_TROUBLE.format(which="troubles")}) t),
  'checks', (SELECT jsonb_agg(to_jsonb(checks)) FROM checks),
  'checkpoints', (SELECT count(*) FROM metrics_checkpoint WHERE state IN ('active', 'deprecated')),
  'late', (SELECT jsonb_agg(to_jsonb(late)) FROM late),
  'said', (SELECT jsonb_agg(to_jsonb(said)) FROM said),
  'claims', (SELECT count(*) FROM severity_claim WHERE verdict <> 'verified'),
  'attested', (SELECT jsonb_build_array(count(*), count(*) FILTER (WHERE a.signed_by <> ''))
               FROM severity_attestation a JOIN candidate ON candidate.id = a.release_id),
  'watched', (SELECT at FROM operations_heartbeat WHERE name = 'severity.sweep'),
  'stale_days', (SELECT document->'stale_days' FROM severity_severitytable LIMIT 1)
)
"""


def read(key: str, *, stage: str | None = None) -> Facts | None:
    """The facts about a release at this moment; None for one that there is not.

    `stage` is where it stood, for a promotion that is just being written.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, {"key": key, "most": MOST})
        # Django has its connections give jsonb as text.
        told: dict[str, Any] = orjson.loads(cursor.fetchone()[0])
    candidate = told["candidate"]
    if candidate is None:
        return None
    return Facts(
        now=_moment(told["now"]),
        release=candidate["key"],
        state=candidate["state"],
        stage=stage or candidate["stage"],
        stale_days=int(told["stale_days"] or STALE_DAYS),
        counts={(row[0], row[1], row[2]): row[3] for row in told["counts"] or ()},
        troubles=[_trouble(one) for one in told["troubles"] or ()],
        checks=[_check(one) for one in told["checks"] or ()],
        checkpoints=told["checkpoints"],
        said=[_said(one) for one in told["said"] or ()],
        late=[LateChange(one["id"], one["summary"], _moment(one["since"])) for one in told["late"] or ()],
        claims=told["claims"],
        attested=told["attested"][0],
        attested_by_trusted=told["attested"][1],
        watched_at=_moment(told["watched"]) if told["watched"] else None,
    )


def of(release: ReleaseCandidate) -> Facts:
    """The facts about a release that there is."""
    found = read(release.key)
    assert found is not None, "a release is never deleted"
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _trouble(one: dict[str, Any]) -> Trouble:
    return Trouble(
        id=one["id"],
        severity=one["severity"],
        title=one["title"],
        state=one["state"],
        dimension=one["dimension"],
        owner=one["owner"],
        opened_at=_moment(one["opened_at"]),
        measure=one["measure"],
        covered_until=_moment(one["covered_until"]) if one["covered_until"] else None,
        covered_by=exception_id(one["covered_by"]) if one["covered_by"] else "",
        covered_key=one["covered_key"] or "",
    )


def _check(one: dict[str, Any]) -> Check:
    return Check(
        key=one["key"],
        name=one["name"],
        dimension=one["dimension"],
        verdict=one["verdict"],
        since=_moment(one["since"]),
        owner=one["owner"],
        incident=_trouble(one["incident"]) if one["incident"] else None,
    )


def _said(one: dict[str, Any]) -> Said:
    return Said(
        dimension=one["dimension"],
        status=RowStatus(one["status"]),
        note=one["note"],
        evidence=one["evidence"],
        owner=one["owner"],
        by=one["by"],
        at=_moment(one["at"]),
    )
