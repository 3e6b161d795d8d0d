"""The graph around something: nodes, edges and what each edge is worth, in a few statements whatever the size of the whole."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from connectors.models import Connector, ConnectorKind
from events.models import EventFamily
from metrics.models import Dataset, LineageNode, Metric, NodeKind
from portal.refusals import Invalid, Missing, Problem
from portal.registry.twins import local_name

# More is neither drawn nor read by anybody: the answer says that there is more.
MOST_EDGES, MOST_NODES = 150, 80
STATES = ("proven", "declared", "stale", "undeclared")
_START = """
SELECT node.id FROM metrics_lineagenode node
WHERE node.kind = 'connector' AND EXISTS (SELECT FROM metrics_lineageedge e WHERE e.source_id = node.id OR e.target_id = node.id)
ORDER BY node.id DESC LIMIT 12
"""
# An edge between two of them comes from its source alone: told twice, it would take the place of another within the bound.
_STEP = """
SELECT e.source_id, e.target_id, e.declared, e.seen_at, e.seen_by
FROM unnest(%(here)s::bigint[]) AS one (id) CROSS JOIN LATERAL (
  (SELECT * FROM metrics_lineageedge WHERE source_id = one.id ORDER BY target_id LIMIT %(most)s)
  UNION ALL
  (SELECT * FROM metrics_lineageedge WHERE target_id = one.id AND source_id <> ALL(%(here)s::bigint[])
   ORDER BY source_id LIMIT %(most)s)
) e
LIMIT %(most)s
"""


@dataclass(frozen=True)
class Node:
    """A node with its name and page, if it is registered."""

    id: int
    kind: str
    namespace: str
    name: str
    label: str
    address: str
    registered: bool

    @property
    def focus(self) -> str:
        """How the address of the graph names it."""
        return f"{self.kind}:{self.namespace}:{self.name}" if self.namespace else f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Edge:
    """A flow between two nodes, what it is worth and by which run it was last seen, when."""

    source: Node
    target: Node
    state: str
    seen_at: datetime | None
    run: str


@dataclass(frozen=True)
class Graph:
    """What stands around the focus; `more` says that there are edges beyond the bound."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    focus: Node | None = None
    more: bool = False


def state_of(declared: bool, seen_at: datetime | None, now: datetime) -> str:
    """Proven by a completed run within LINEAGE_STALE_DAYS, stale if the last is older; seen but declared nowhere: undeclared."""
    if seen_at is None:
        return "declared"
    if not declared:
        return "undeclared"
    return "proven" if now - seen_at <= timedelta(days=settings.LINEAGE_STALE_DAYS) else "stale"


def parse_focus(text: str) -> LineageNode:
    """The node that a focus names: `metric:revenue_sar`, `dataset:postgres://warehouse:5432:billing.invoices`.

    Raises Invalid for no focus at all, Missing for a node that is not in the graph.
    """
    kind, _colon, rest = text.partition(":")
    if kind not in NodeKind.values or not rest or "\0" in text or len(text) > 1100:
        known = ", ".join(NodeKind.values)
        message = _("Name a node as kind:name; the kinds are %s.") % known
        raise Invalid("focus", message, [Problem("focus", message, "focus")])
    rows = LineageNode.objects.defer("columns").filter(kind=kind)
    # A namespace may hold colons itself, and so may a name: every place where it may end is tried.
    ends = [at for at, letter in enumerate(rest) if letter == ":"][:40] if kind == NodeKind.DATASET else []
    wanted = [(rest[:at], rest[at + 1 :]) for at in ends] or [("", rest)]
    rows = rows.filter(namespace__in=[one for one, _name in wanted], name__in=[name for _space, name in wanted])
    there = {(row.namespace, row.name): row for row in rows}
    found = next((there[one] for one in wanted if one in there), None)
    if found is None:
        raise Missing("no_such_node", _("Nothing of lineage is known of “%s”.") % text[:200])
    return found


def around(focus: str, *, depth: int, now: datetime) -> Graph:
    """The edges within so many hops of the focus, both ways; without one, around the data movements that were last added."""
    centre = parse_focus(focus) if focus else None
    with connection.cursor() as cursor:
        if centre is None:
            cursor.execute(_START)
            here = [row[0] for row in cursor.fetchall()]
        else:
            here = [centre.pk]
        seen: set[int] = set(here)
        edges: dict[tuple[int, int], Any] = {}
        more = False
        for _hop in range(depth):
            if not here:
                break
            cursor.execute(_STEP, {"here": here, "most": MOST_EDGES + 1})
            for source, target, *rest in cursor.fetchall():
                if (source, target) not in edges and (
                    len(edges) >= MOST_EDGES or len({*seen, source, target}) > MOST_NODES
                ):
                    more = True
                    continue
                edges[source, target] = rest
                seen |= {source, target}
            reached = {one for edge in edges for one in edge}
            here = sorted(reached - set(here))
    nodes = _named(LineageNode.objects.defer("columns").filter(pk__in=seen))
    made = [
        Edge(nodes[source], nodes[target], state_of(declared, seen_at, now), seen_at, run.partition("/")[2])
        for (source, target), (declared, seen_at, run) in edges.items()
    ]
    order = list(NodeKind.values)
    made.sort(
        key=lambda one: (order.index(one.source.kind), one.source.label, order.index(one.target.kind), one.target.label)
    )
    return Graph(list(nodes.values()), made, nodes[centre.pk] if centre else None, more)


def _named(rows: Iterable[LineageNode]) -> dict[int, Node]:
    """The nodes with what the registry calls them: one query a kind."""
    known = list(rows)
    keys: dict[str, list[str]] = {kind: [one.name for one in known if one.kind == kind] for kind in NodeKind.values}
    names: dict[tuple[str, str, str], tuple[str, str]] = {}
    if keys["connector"]:
        movers = Connector.objects.filter(key__in=keys["connector"], kind=ConnectorKind.DATA_MOVEMENT)
        for key, name in movers.values_list("key", local_name()):
            names["connector", "", key] = (name, reverse("entry", args=["syncs", key]))
    if keys["event"]:
        for key, name in EventFamily.objects.filter(key__in=keys["event"]).values_list("key", local_name()):
            names["event", "", key] = (name, reverse("entry", args=["events", key]))
    if keys["metric"]:
        for key, name in Metric.objects.filter(key__in=keys["metric"]).values_list("key", local_name()):
            names["metric", "", key] = (name, reverse("entry", args=["metrics", key]))
    if keys["dataset"]:
        datasets = Dataset.objects.filter(dataset__in=keys["dataset"])
        for key, name, namespace, dataset in datasets.values_list("key", local_name(), "namespace", "dataset"):
            names["dataset", namespace, dataset] = (name, reverse("entry", args=["datasets", key]))
    found = {}
    for one in known:
        name, address = names.get((one.kind, one.namespace, one.name), (one.name, ""))
        registered = bool(address) or one.kind == NodeKind.DASHBOARD
        found[one.pk] = Node(one.pk, one.kind, one.namespace, one.name, name, address, registered)
    return found


class NodeAnswer(TypedDict):
    """One node; `registered` says whether the registry knows it."""

    focus: str
    kind: str
    label: str
    registered: bool


class EdgeAnswer(TypedDict):
    """One edge: from and to as a focus names them, its state, and the run that last showed it."""

    source: str
    target: str
    state: str
    seen_at: datetime | None
    run: str


class GraphAnswer(TypedDict):
    """The graph around a focus."""

    nodes: list[NodeAnswer]
    edges: list[EdgeAnswer]
    more: bool


def answer(graph: Graph) -> GraphAnswer:
    """The graph as the API tells it."""
    return {
        "nodes": [
            {"focus": one.focus, "kind": one.kind, "label": one.label, "registered": one.registered}
            for one in graph.nodes
        ],
        "edges": [
            {
                "source": one.source.focus,
                "target": one.target.focus,
                "state": one.state,
                "seen_at": one.seen_at,
                "run": one.run,
            }
            for one in graph.edges
        ],
        "more": graph.more,
    }
