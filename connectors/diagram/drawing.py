"""The picture as places on a sheet: lane under lane, three columns each, from the right where people read so. Pure."""

from dataclasses import dataclass

from connectors.diagram.picture import Lane, Node, texts

# Pixels: of a box, between columns and rows, around all, of the title of a lane.
WIDE, HIGH, BETWEEN, ROW, EDGE, TITLE = 230, 44, 90, 12, 16, 34
WIDTH = 2 * EDGE + 3 * WIDE + 2 * BETWEEN
MOST_LETTERS, MOST_SMALL = 27, 36


@dataclass(frozen=True)
class Box:
    """One node on the sheet: its corner, where its texts begin, which way it reads."""

    node: Node
    x: int
    y: int
    text_x: int
    short: str
    small: str

    @property
    def middle(self) -> int:
        """The height at which edges meet it."""
        return self.y + HIGH // 2


@dataclass(frozen=True)
class Strip:
    """One lane on the sheet."""

    lane: Lane
    y: int
    height: int
    title_x: int
    boxes: list[Box]
    paths: list[str]

    @property
    def title_y(self) -> int:
        """The base line of its title."""
        return self.y + 23


@dataclass(frozen=True)
class Sheet:
    """Both lanes, one below the other, and the size of the sheet in pixels."""

    strips: list[Strip]
    width: int
    height: int
    mirrored: bool


def shortened(text: str, most: int) -> str:
    """The beginning of a long text."""
    return text if len(text) <= most else text[: most - 1] + "…"


def draw(lanes: list[Lane], words: dict[str, str], *, mirrored: bool = False) -> Sheet:
    """The sheet of both lanes. `words` says what each kind of node is called."""
    strips: list[Strip] = []
    y = EDGE
    for lane in lanes:
        strips.append(_strip(lane, words, y, mirrored))
        y += strips[-1].height + EDGE
    return Sheet(strips, WIDTH, y, mirrored)


def _strip(lane: Lane, words: dict[str, str], top: int, mirrored: bool) -> Strip:
    columns: list[list[Node]] = [[one for one in lane.nodes if one.column == number] for number in range(3)]
    tallest = max((len(column) for column in columns), default=0)
    inner = max(tallest, 1) * (HIGH + ROW) - ROW
    beside: dict[str, list[str]] = {}
    for edge in lane.edges:
        beside.setdefault(edge.source, []).append(edge.target)
        beside.setdefault(edge.target, []).append(edge.source)
    places: dict[str, Box] = {}
    for number in (1, 0, 2):
        column = columns[number]
        if number != 1:
            column.sort(key=lambda one: _weight([places[name].y for name in beside.get(one.id, []) if name in places]))
        begin = top + TITLE + (inner - (len(column) * (HIGH + ROW) - ROW)) // 2
        x = EDGE + (2 - number if mirrored else number) * (WIDE + BETWEEN)
        for row, node in enumerate(column):
            label, small = texts(node, words)
            places[node.id] = Box(
                node, x, begin + row * (HIGH + ROW), x + WIDE - 10 if mirrored else x + 10,
                shortened(label, MOST_LETTERS), shortened(small, MOST_SMALL),
            )  # fmt: skip
    paths = [_path(places[edge.source], places[edge.target], mirrored) for edge in lane.edges]
    title_x = WIDTH - EDGE - 12 if mirrored else EDGE + 12
    boxes = [places[one.id] for one in lane.nodes]
    return Strip(lane, top, TITLE + inner + EDGE, title_x, boxes, paths)


def _weight(heights: list[int]) -> float:
    return sum(heights) / len(heights) if heights else 0.0


def _path(source: Box, target: Box, mirrored: bool) -> str:
    begin, end = (source.x, target.x + WIDE) if mirrored else (source.x + WIDE, target.x)
    half = (begin + end) // 2
    return f"M{begin} {source.middle} C{half} {source.middle} {half} {target.middle} {end} {target.middle}"
