"""What stands against a dataset, how strictly it is signed, and the edges that its document declares."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind
from events.models import EventFamily
from metrics.lineage.reading import PART
from metrics.lineage.receiving import GRAPH_LOCK, node_ids
from metrics.models import Dataset, Metric
from metrics.models.dataset import CLASSIFICATIONS, strictest
from metrics.models.lineage import NodeKind
from metrics.quality.judging import settle_dataset
from portal.people.actors import Actor
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.models import EntryState
from portal.registry.rules import Floor

FIXED = ("namespace", "dataset")
_SENSITIVITY = {"regulated": 3, "personal": 2, "internal": 1, "public": 0}
_FORGET = """
UPDATE metrics_lineageedge SET declared = false
WHERE id IN (SELECT id FROM metrics_lineageedge
             WHERE declared AND (source_id = %(node)s OR target_id = %(node)s AND NOT %(outward)s)
             ORDER BY source_id, target_id FOR NO KEY UPDATE)
"""
_DECLARE = """
INSERT INTO metrics_lineageedge AS t (source_id, target_id, declared, seen_by)
SELECT source_id, target_id, true, '' FROM unnest(%(sources)s::bigint[], %(targets)s::bigint[]) AS given (source_id, target_id)
ORDER BY source_id, target_id
ON CONFLICT (source_id, target_id) DO UPDATE SET declared = true
"""
# What was declared once and never seen leaves no trace in the graph.
_SWEEP = """
DELETE FROM metrics_lineageedge
WHERE (source_id = %(node)s OR target_id = %(node)s) AND NOT declared AND seen_at IS NULL
"""


def floor(document: Document) -> Floor:
    """Regulated and personal columns are signed for as such data is; saying less of a column is caught by `touched`."""
    return Floor(reversibility=1, sensitivity=_SENSITIVITY[strictest(document)], approval=1)


def touched(before: Document | None, after: Document) -> frozenset[str]:
    """A column that is called less strict than before, or is left out, touches the class of the data."""
    if before is None:
        return frozenset()
    was = {one["name"]: CLASSIFICATIONS.index(one["classification"]) for one in before["columns"]}
    now = {one["name"]: CLASSIFICATIONS.index(one["classification"]) for one in after["columns"]}
    lower = any(now.get(name, len(CLASSIFICATIONS)) > level for name, level in was.items())
    return frozenset({"sensitivity"}) if lower else frozenset()


def transition_problems(before: Document | None, after: Document) -> list[Problem]:
    """The identity stays; what it names is there, and what moves data is a data movement."""
    found = []
    if before is not None:
        message = _("The identity of a dataset is fixed: register another dataset.")
        found += [Problem(name, message, "fixed") for name in FIXED if before[name] != after[name]]
    same = (
        Dataset.objects.filter(namespace=after["namespace"], dataset=after["dataset"]).exclude(key=after["key"]).first()
    )
    if same is not None:
        found.append(Problem("dataset", _("It is registered as “%s”.") % same.key, "dataset_once"))
    movers = {*after["written_by"], *after["read_by"]}
    kinds = dict(Connector.objects.filter(key__in=movers).values_list("key", "kind"))
    for name in ("written_by", "read_by"):
        for key in after[name]:
            if key not in kinds:
                found.append(Problem(name, _("There is no data movement “%s”.") % key, "unknown_connector"))
            elif kinds[key] != ConnectorKind.DATA_MOVEMENT:
                found.append(Problem(name, _("“%s” is a runtime tool; it moves no data.") % key, "other_kind"))
    found += _unknown("events", after["events"], EventFamily, _("There is no event family “%s”."))
    found += _unknown("metrics", after["metrics"], Metric, _("There is no metric “%s”."))
    return found


def _unknown(name: str, keys: Iterable[str], model: Any, words: str) -> list[Problem]:
    wanted = list(keys)
    known = set(model.objects.filter(key__in=wanted).values_list("key", flat=True))
    return [Problem(name, words % key, "unknown_key") for key in wanted if key not in known]


def settle(entry: Dataset, actor: Actor, now: datetime) -> None:
    """Write the edges that the document declares, in the transaction that applies it; a retired one declares none."""
    here = PART.join((NodeKind.DATASET, entry.namespace, entry.dataset))
    document = entry.document
    edges: set[tuple[str, str]] = set()
    if entry.state != EntryState.RETIRED:
        edges |= {(_own(NodeKind.CONNECTOR, key), here) for key in document["written_by"]}
        edges |= {(here, _own(NodeKind.CONNECTOR, key)) for key in document["read_by"]}
        edges |= {(here, _own(NodeKind.EVENT, key)) for key in document["events"]}
        edges |= {(here, _own(NodeKind.METRIC, key)) for key in document["metrics"]}
        dashboards = [one["name"] for one in document["consumers"] if one["kind"] == "dashboard"]
        edges |= {(here, _own(NodeKind.DASHBOARD, name)) for name in dashboards}
    declare(here, edges)
    settle_dataset(entry, actor, now)


def settle_metric(entry: Metric, actor: Actor, now: datetime) -> None:
    """The same for the dashboards that plot a metric."""
    here = _own(NodeKind.METRIC, entry.key)
    shown = entry.document.get("dashboards", []) if entry.state != EntryState.RETIRED else []
    declare(here, {(here, _own(NodeKind.DASHBOARD, one["name"])) for one in shown}, outward=True)


def declare(here: str, edges: set[tuple[str, str]], *, outward: bool = False) -> None:
    """Make these the declared edges of a node, and no others; `outward` leaves those that lead to it to whom they belong."""
    with connection.cursor() as cursor:
        ids = node_ids(cursor, {here, *(node for edge in edges for node in edge)})
        told = {"node": ids[here], "outward": outward}
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GRAPH_LOCK])
        cursor.execute(_FORGET, told)
        if edges:
            cursor.execute(
                _DECLARE, {"sources": [ids[one] for one, _ in edges], "targets": [ids[one] for _, one in edges]}
            )
        cursor.execute(_SWEEP, told)


def _own(kind: NodeKind, key: str) -> str:
    return PART.join((kind, "", key))
