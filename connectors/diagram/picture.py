"""What the picture shows: two lanes of nodes and edges, made of connectors alone. Pure.

A lane is made of the connectors of one kind, and of what those name: no node and no edge can be of both.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TOOL, SYNC = "runtime_tool", "data_movement"
DECISION, EXECUTION = "decision", "execution"
PLANES = {DECISION: TOOL, EXECUTION: SYNC}
# A lane with more connectors shows their owners instead; a column with more nodes, or more edges
# to them, ends with one that counts the rest.
MOST_CONNECTORS = 60
MOST_NODES = 60
MOST_EDGES = 400
_NO_TEXT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Row:
    """One connector as the picture needs it."""

    number: str
    key: str
    name: str
    kind: str
    state: str
    owner: str
    owner_name: str
    address: str
    before: tuple[str, ...] = ()
    after: str = ""
    facade: str = ""


@dataclass(frozen=True)
class Node:
    """One box: in which of the three columns, what it is, what it says."""

    id: str
    column: int
    kind: str
    label: str
    detail: str = ""
    state: str = ""
    address: str = ""
    count: int = 0


@dataclass(frozen=True)
class Edge:
    """From one box to another of the same lane."""

    source: str
    target: str


@dataclass(frozen=True)
class Line:
    """One line of the table that says the same: what leads to it, it itself, what it leads to."""

    node: Node
    before: list[Node]
    after: list[Node]


@dataclass(frozen=True)
class Lane:
    """One plane. `connectors` is how many there are, `hidden` how many of them are in no box."""

    plane: str
    kind: str
    nodes: list[Node]
    edges: list[Edge]
    connectors: int
    grouped: bool = False
    hidden: int = 0

    @property
    def lines(self) -> list[Line]:
        """The table of it, by the boxes in the middle."""
        by_id = {one.id: one for one in self.nodes}
        before: dict[str, list[Node]] = {}
        after: dict[str, list[Node]] = {}
        for edge in self.edges:
            after.setdefault(edge.source, []).append(by_id[edge.target])
            before.setdefault(edge.target, []).append(by_id[edge.source])
        return [Line(one, before.get(one.id, []), after.get(one.id, [])) for one in self.nodes if one.column == 1]


def texts(node: Node, words: Mapping[str, str]) -> tuple[str, str]:
    """The two lines that a box says: what it is called, and what it is."""
    label = node.label or words["more"] % {"n": node.count}
    if node.count and node.label:
        return label, words["many"] % {"n": node.count}
    return label, " · ".join(one for one in (words[node.kind], node.detail) if one)


def host_of(endpoint: str) -> str:
    """The server that an endpoint names, with its port."""
    try:
        return urlsplit(endpoint).netloc.rpartition("@")[2] or endpoint
    except ValueError:
        return endpoint


def plain(text: str) -> str:
    """A text that any drawing can hold: one line, no characters that XML has none of."""
    return " ".join(_NO_TEXT.sub("\ufffd", text).split())


def lanes(rows: Iterable[Row]) -> list[Lane]:
    """Both lanes, the decision plane first; the same rows in any order make the same lanes."""
    every = sorted(set(rows), key=lambda one: (one.name, one.key))
    return [_lane(plane, kind, [one for one in every if one.kind == kind]) for plane, kind in PLANES.items()]


def _lane(plane: str, kind: str, rows: list[Row]) -> Lane:
    grouped = len(rows) > MOST_CONNECTORS
    # What stands in the middle: connectors, or their owners.
    middle = [(one.owner if grouped else one.key, one) for one in rows]
    sizes = Counter(name for name, _row in middle)
    kept = [name for name, _size in sorted(sizes.items(), key=lambda one: (-one[1] if grouped else 0, one[0]))][
        :MOST_NODES
    ]
    known = set(kept)
    shown = [(name, row) for name, row in middle if name in known]
    prefix = plane[0]
    nodes: dict[tuple[int, str], Node] = {}
    for name, row in shown:
        if (1, name) not in nodes:
            nodes[1, name] = (
                _grouped(f"{prefix}1-{len(nodes)}", row, sizes[name]) if grouped else _connector(prefix, nodes, row)
            )
    edges: dict[Edge, None] = {}
    for column, kind_of in ((0, "agent" if kind == TOOL else "system"), (2, "server" if kind == TOOL else "dataset")):
        _side(column, kind_of, prefix, shown, nodes, edges)
    hidden = len(rows) - len(shown)
    return Lane(
        plane, kind, sorted(nodes.values(), key=lambda one: one.column), list(edges), len(rows), grouped, hidden
    )


def _connector(prefix: str, nodes: dict[tuple[int, str], Node], row: Row) -> Node:
    detail = f"{row.number} · {row.facade}" if row.facade else row.number
    return Node(f"{prefix}1-{len(nodes)}", 1, row.kind, plain(row.name), plain(detail), row.state, row.address)


def _grouped(number: str, row: Row, size: int) -> Node:
    pages = "tools" if row.kind == TOOL else "syncs"
    return Node(number, 1, row.kind, plain(row.owner_name), "", "", f"/{pages}/?owner={row.owner}", size)


def _side(
    column: int, kind: str, prefix: str, shown: list[tuple[str, Row]], nodes: dict[tuple[int, str], Node],
    edges: dict[Edge, None],
) -> None:  # fmt: skip
    """The boxes before or after the middle, those that most connectors share first; the rest share one."""
    names = Counter(name for _middle, row in shown for name in set(_names(row, column)))
    order = [name for name, _n in sorted(names.items(), key=lambda one: (-one[1], one[0]))]
    drawn = Counter(name for name, _m in {(name, middle) for middle, row in shown for name in _names(row, column)})
    kept: list[str] = []
    for name in order:
        if len(kept) == MOST_NODES or sum(drawn[one] for one in kept) + drawn[name] > MOST_EDGES:
            kept = kept[: MOST_NODES - 1]
            break
        kept.append(name)
    for number, name in enumerate(sorted(kept)):
        nodes[column, name] = Node(f"{prefix}{column}-{number}", column, kind, plain(name))
    rest = len(order) - len(kept)
    more = Node(f"{prefix}{column}-more", column, kind, "", count=rest)
    if rest:
        nodes[column, "\x00"] = more
    for middle, row in shown:
        here = nodes[1, middle].id
        for name in _names(row, column):
            there = nodes.get((column, name), more).id
            edges[Edge(there, here) if column == 0 else Edge(here, there)] = None


def _names(row: Row, column: int) -> tuple[str, ...]:
    return row.before if column == 0 else (row.after,) if row.after else ()
