"""Keeping what events tell: set-based, idempotent, and the same whatever order they come in.

Every statement writes its rows in one sorted order, so that those who send at once wait for each other in a line and never in a
circle. Reporting is no governed change and leaves no audit line: the events are their own record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from metrics.lineage.reading import MOST_OF_A_RUN, MOST_PAIRS, PART, Told, edges, too_much
from metrics.models import JobNamespace
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Forbidden
from portal.roles import Permission

_EVENTS = """
INSERT INTO metrics_lineageevent (digest, namespace_id, received_at, body)
SELECT digest, namespace_id, %(now)s, body::jsonb
FROM unnest(%(digests)s::bytea[], %(namespaces)s::bigint[], %(bodies)s::text[]) AS given (digest, namespace_id, body)
ORDER BY digest
ON CONFLICT DO NOTHING
"""
# Least, greatest and the union know no order. What was started is never unstarted.
_RUNS = """
INSERT INTO metrics_lineagerun AS t
  (namespace_id, run_id, job, started_at, completed_at, failed_at, last_at, inputs, outputs)
SELECT namespace_id, run_id, job, started_at, completed_at, failed_at, last_at,
       string_to_array(inputs, E'\\x1f'), string_to_array(outputs, E'\\x1f')
FROM unnest(%(namespaces)s::bigint[], %(run_ids)s::uuid[], %(jobs)s::text[], %(started)s::timestamptz[],
            %(completed)s::timestamptz[], %(failed)s::timestamptz[], %(last)s::timestamptz[],
            %(inputs)s::text[], %(outputs)s::text[])
  AS given (namespace_id, run_id, job, started_at, completed_at, failed_at, last_at, inputs, outputs)
ORDER BY namespace_id, run_id
ON CONFLICT (namespace_id, run_id) DO UPDATE SET
  job = least(t.job COLLATE "C", excluded.job),
  started_at = least(t.started_at, excluded.started_at),
  completed_at = greatest(t.completed_at, excluded.completed_at),
  failed_at = greatest(t.failed_at, excluded.failed_at),
  last_at = greatest(t.last_at, excluded.last_at),
  inputs = CASE WHEN excluded.inputs <@ t.inputs THEN t.inputs
           ELSE ARRAY(SELECT DISTINCT unnest(t.inputs || excluded.inputs) AS one ORDER BY one) END,
  outputs = CASE WHEN excluded.outputs <@ t.outputs THEN t.outputs
            ELSE ARRAY(SELECT DISTINCT unnest(t.outputs || excluded.outputs) AS one ORDER BY one) END
RETURNING namespace_id, run_id, completed_at, inputs, outputs
"""
NODES = """
INSERT INTO metrics_lineagenode (kind, namespace, name, columns)
SELECT kind, namespace, name, '{}' FROM unnest(%(kinds)s::text[], %(namespaces)s::text[], %(names)s::text[])
  AS given (kind, namespace, name)
ORDER BY kind, namespace, name
ON CONFLICT DO NOTHING
"""
FOUND = """
SELECT node.kind || E'\\n' || node.namespace || E'\\n' || node.name, node.id
FROM unnest(%(kinds)s::text[], %(namespaces)s::text[], %(names)s::text[]) AS given (kind, namespace, name)
JOIN metrics_lineagenode node USING (kind, namespace, name)
"""
_COLUMNS = """
UPDATE metrics_lineagenode node SET columns = string_to_array(given.columns, E'\\x1f'), columns_at = given.at
FROM unnest(%(ids)s::bigint[], %(at)s::timestamptz[], %(columns)s::text[]) AS given (id, at, columns)
WHERE node.id = given.id AND (node.columns_at IS NULL
  OR (node.columns_at, array_to_string(node.columns, E'\\x1f') COLLATE "C") < (given.at, given.columns))
"""
_LOCKED = "SELECT FROM metrics_lineagenode WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
# A later run counts, of two at the same instant the one whose name is greater: the same in any order.
_EDGES = """
INSERT INTO metrics_lineageedge AS t (source_id, target_id, declared, seen_at, seen_by)
SELECT source_id, target_id, false, seen_at, seen_by
FROM unnest(%(sources)s::bigint[], %(targets)s::bigint[], %(seen)s::timestamptz[], %(by)s::text[])
  AS given (source_id, target_id, seen_at, seen_by)
ORDER BY source_id, target_id
ON CONFLICT (source_id, target_id) DO UPDATE SET seen_at = excluded.seen_at, seen_by = excluded.seen_by
WHERE t.seen_at IS NULL OR (t.seen_at, t.seen_by COLLATE "C") < (excluded.seen_at, excluded.seen_by)
"""
_SPLIT = "\x1f"
# The advisory lock of the graph: shared by those who tell, held alone by a document that declares.
GRAPH_LOCK = 0x11EA6E


class TooMuch(ValueError):
    """Runs that would read and write more than the graph takes of one, by namespace and run id; nothing was kept."""

    def __init__(self, runs: set[tuple[str, UUID]]) -> None:
        super().__init__(
            f"With what was told of it before, the run reads and writes more than {MOST_OF_A_RUN} datasets, or its inputs and "
            f"what it makes of the portal's own things are more than {MOST_PAIRS} pairs."
        )
        self.runs = runs


@dataclass
class _Run:
    job: str
    last: datetime
    started: datetime | None = None
    completed: datetime | None = None
    failed: datetime | None = None
    inputs: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)


def bindings_of(actor: Actor, namespaces: Iterable[str]) -> dict[str, JobNamespace]:
    """The bindings of these namespaces that the actor may report for, by namespace. Raises Forbidden for who may not report."""
    require(actor, Permission.REPORT_LINEAGE)
    rows = JobNamespace.objects.filter(namespace__in=set(namespaces), account_id=actor.user_id)
    return {one.namespace: one for one in rows.select_related("connector").defer("connector__document")}


def foreign(namespace: str) -> Forbidden:
    """The refusal of an event of a namespace that is not bound to the sender."""
    words = _("The job namespace “%s” is not bound to this account; an administrator binds it to a data movement.")
    return Forbidden("job_namespace", words % namespace[:200])


@transaction.atomic
def keep(told: Sequence[Told], bound: dict[str, JobNamespace], *, now: datetime) -> None:
    """Keep events of bound namespaces: all of them, or none. At most eight statements, however many events. Raises TooMuch."""
    if not told:
        return
    with connection.cursor() as cursor:
        # The digest is of the content; the namespace is part of it.
        unique = {one.digest: one for one in told}
        cursor.execute(_EVENTS, {
            "now": now,
            "digests": list(unique),
            "namespaces": [bound[one.namespace].pk for one in unique.values()],
            "bodies": [one.body.decode() for one in unique.values()],
        })  # fmt: skip
        completed = _keep_runs(cursor, told, bound)
        _keep_graph(cursor, told, completed)


def _keep_runs(
    cursor: Any, told: Iterable[Told], bound: dict[str, JobNamespace]
) -> list[tuple[str, str, datetime, Any]]:
    """Gather the runs; (connector, run, completed at, its edges) of those that are complete."""
    runs: dict[tuple[int, UUID], _Run] = {}
    for one in told:
        if one.run_id is None:
            continue
        run = runs.setdefault((bound[one.namespace].pk, one.run_id), _Run(one.job, one.at))
        run.job, run.last = min(run.job, one.job), max(run.last, one.at)
        if one.began:
            run.started = min(run.started or one.at, one.at)
        if one.ended == "completed":
            run.completed = max(run.completed or one.at, one.at)
        elif one.ended:
            run.failed = max(run.failed or one.at, one.at)
        run.inputs |= one.inputs
        run.outputs |= one.outputs
    if not runs:
        return []
    rows = list(runs.values())
    cursor.execute(_RUNS, {
        "namespaces": [key[0] for key in runs], "run_ids": [key[1] for key in runs], "jobs": [one.job for one in rows],
        "started": [one.started for one in rows], "completed": [one.completed for one in rows],
        "failed": [one.failed for one in rows], "last": [one.last for one in rows],
        "inputs": [_SPLIT.join(sorted(one.inputs)) for one in rows],
        "outputs": [_SPLIT.join(sorted(one.outputs)) for one in rows],
    })  # fmt: skip
    gathered = cursor.fetchall()
    names = {one.pk: one.namespace for one in bound.values()}
    large = {(names[namespace], run_id) for namespace, run_id, _at, *sides in gathered if too_much(*sides)}
    if large:
        raise TooMuch(large)
    connectors = {one.pk: one.connector.key for one in bound.values()}
    return [
        (connectors[namespace], f"{namespace}/{run_id}", completed, edges(connectors[namespace], inputs, outputs))
        for namespace, run_id, completed, inputs, outputs in gathered
        if completed is not None
    ]


def node_ids(cursor: Any, nodes: Iterable[str]) -> dict[str, int]:
    """The ids of nodes, made where they are missing; looked for first, as most are there."""
    wanted = sorted(set(nodes))
    found = _found(cursor, wanted)
    missing = [one for one in wanted if one not in found]
    if missing:
        cursor.execute(NODES, _parts(missing))
        found |= _found(cursor, missing)
    return found


def _found(cursor: Any, nodes: list[str]) -> dict[str, int]:
    cursor.execute(FOUND, _parts(nodes))
    return dict(cursor.fetchall())


def _parts(nodes: list[str]) -> dict[str, list[str]]:
    kinds, namespaces, names = zip(*(one.split(PART) for one in nodes), strict=True)
    return {"kinds": list(kinds), "namespaces": list(namespaces), "names": list(names)}


def _keep_graph(cursor: Any, told: Iterable[Told], completed: list[tuple[str, str, datetime, Any]]) -> None:
    columns: dict[str, tuple[datetime, str]] = {}
    for one in told:
        for node, names in one.columns.items():
            columns[node] = max(columns.get(node, (one.at, "")), (one.at, _SPLIT.join(names)))
    seen: dict[tuple[str, str], tuple[datetime, str]] = {}
    for _connector, run, at, shown in completed:
        for edge in shown:
            seen[edge] = max(seen.get(edge, (at, run)), (at, run))
    if not columns and not seen:
        return
    ids = node_ids(cursor, {*columns, *(node for edge in seen for node in edge)})
    if columns:
        cursor.execute(_LOCKED, [[ids[node] for node in columns]])
        cursor.execute(_COLUMNS, {
            "ids": [ids[node] for node in columns], "at": [at for at, _names in columns.values()],
            "columns": [names for _at, names in columns.values()],
        })  # fmt: skip
    if seen:
        # Beside each other, but never beside a document that declares edges: the two would lock them in other orders.
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [GRAPH_LOCK])
        cursor.execute(_EDGES, {
            "sources": [ids[source] for source, _target in seen], "targets": [ids[target] for _source, target in seen],
            "seen": [at for at, _run in seen.values()], "by": [run for _at, run in seen.values()],
        })  # fmt: skip
