"""The graph as places on a sheet: layers from where data comes to where it goes, along the line of reading. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from metrics.lineage.graph import Edge, Graph, Node

# Pixels: of a box, between layers and between rows, around all; and from the side of a box to its words.
WIDE, HIGH, BETWEEN, ROW, EDGE = 184, 44, 64, 16, 12
INSIDE = 10
MOST_LETTERS = 24


@dataclass(frozen=True)
class Box:
    """One node on the sheet."""

    node: Node
    x: int
    y: int
    short: str
    centre: bool
    # Where its words begin.
    words: int

    @property
    def middle(self) -> int:
        """The height at which edges meet it."""
        return self.y + HIGH // 2


@dataclass(frozen=True)
class Line:
    """One edge on the sheet, as the path of a curve."""

    edge: Edge
    path: str


@dataclass(frozen=True)
class Sheet:
    """Boxes and lines, and the size of the sheet in pixels."""

    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int


def layers(nodes: Iterable[Node], edges: Iterable[Edge]) -> dict[int, int]:
    """The layer of each node: one after all that lead to it. A circle is cut where it is met again."""
    into: dict[int, set[int]] = {one.id: set() for one in nodes}
    for edge in edges:
        into[edge.target.id].add(edge.source.id)
    found: dict[int, int] = {}
    for begin in into:
        _place(begin, into, found)
    return found


def _place(begin: int, into: dict[int, set[int]], found: dict[int, int]) -> None:
    """The layer of a node and of all before it, without recursion."""
    on_way: set[int] = set()
    waiting = [begin]
    while waiting:
        node = waiting[-1]
        if node in found:
            waiting.pop()
            continue
        missing = [] if node in on_way else [one for one in into[node] if one not in found and one not in on_way]
        on_way.add(node)
        if missing:
            waiting += missing
            continue
        found[node] = max((found[one] + 1 for one in into[node] if one in found), default=0)
        waiting.pop()


def draw(graph: Graph, *, mirrored: bool = False) -> Sheet:
    """The sheet of a graph; empty for an empty one. Mirrored, it is read from right to left."""
    placed = layers(graph.nodes, graph.edges)
    columns: dict[int, list[Node]] = {}
    for node in sorted(graph.nodes, key=lambda one: (one.kind, one.label)):
        if node.id in placed:
            columns.setdefault(placed[node.id], []).append(node)
    tallest = max((len(column) for column in columns.values()), default=0)
    boxes: dict[int, Box] = {}
    for number, column in sorted(columns.items()):
        _order(column, boxes, graph.edges)
        top = EDGE + (tallest - len(column)) * (HIGH + ROW) // 2
        for row, node in enumerate(column):
            short = node.label if len(node.label) <= MOST_LETTERS else node.label[: MOST_LETTERS - 1] + "…"
            centre = graph.focus is not None and graph.focus.id == node.id
            x = EDGE + number * (WIDE + BETWEEN)
            boxes[node.id] = Box(node, x, top + row * (HIGH + ROW), short, centre, x + INSIDE)
    width = 2 * EDGE + len(columns) * WIDE + max(len(columns) - 1, 0) * BETWEEN
    lines = []
    for edge in graph.edges:
        points = _points(boxes[edge.source.id], boxes[edge.target.id])
        turned = [(width - x, y) if mirrored else (x, y) for x, y in points]
        begin, *rest = (f"{x} {y}" for x, y in turned)
        lines.append(Line(edge, f"M{begin} C{' '.join(rest)}"))
    if mirrored:
        boxes = {key: replace(box, x=width - box.x - WIDE, words=width - box.words) for key, box in boxes.items()}
    return Sheet(list(boxes.values()), lines, width, 2 * EDGE + tallest * (HIGH + ROW) - ROW if tallest else 0)


def _order(column: list[Node], boxes: dict[int, Box], edges: Iterable[Edge]) -> None:
    """Beside those that lead to them, so that fewer lines cross."""
    above: dict[int, list[int]] = {}
    for edge in edges:
        if edge.source.id in boxes:
            above.setdefault(edge.target.id, []).append(boxes[edge.source.id].y)
    column.sort(key=lambda one: sum(above[one.id]) / len(above[one.id]) if one.id in above else 0)


def _points(source: Box, target: Box) -> list[tuple[int, int]]:
    """Where a curve begins, is drawn to twice, and ends."""
    begin, end = source.x + WIDE, target.x
    if end <= begin:
        # Back to an earlier layer, or beside it: around below.
        begin, end = source.x + WIDE // 2, target.x + WIDE // 2
        low = max(source.y, target.y) + HIGH + ROW
        return [(begin, source.y + HIGH), (begin, low), (end, low), (end, target.y + HIGH)]
    half = (begin + end) // 2
    return [(begin, source.middle), (half, source.middle), (half, target.middle), (end, target.middle)]
