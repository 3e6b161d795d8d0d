"""The picture as text of Mermaid, for wikis and repositories."""

from connectors.diagram.picture import Lane, Node, texts

_SHAPES = {
    "agent": ("([", "])"),
    "runtime_tool": ("[[", "]]"),
    "server": ("[", "]"),
    "system": ("[", "]"),
    "data_movement": ("[/", "/]"),
    "dataset": ("[(", ")]"),
}
_COLOURS = {
    "runtime_tool": "fill:#f1eafb,stroke:#6a3fb5,color:#17202b",
    "data_movement": "fill:#def3f2,stroke:#0b6b6b,color:#17202b",
}
_PLAIN = frozenset(" -_.,:/·")


def escaped(text: str) -> str:
    """A label that ends nothing: all but letters, digits and a few signs by their numbers, as Mermaid reads them."""
    return "".join(one if one.isalnum() or one in _PLAIN else f"#{ord(one)};" for one in text)


def text(lanes: list[Lane], words: dict[str, str], origin: str = "", *, mirrored: bool = False) -> str:
    """One flowchart with a part for each lane. Pages are linked under `origin`, where one is given."""
    way = "RL" if mirrored else "LR"
    lines = [f"flowchart {way}"]
    for lane in lanes:
        lines += [f'  subgraph {lane.plane}["{escaped(words[lane.plane])}"]', f"    direction {way}"]
        lines += [f"    {_id(one)}{_shape(one, words)}" for one in lane.nodes]
        lines += [f"    {_named(edge.source)} --> {_named(edge.target)}" for edge in lane.edges]
        lines.append("  end")
    for lane in lanes:
        own = [_id(one) for one in lane.nodes if one.kind == lane.kind]
        if own:
            lines += [f"  classDef {lane.kind} {_COLOURS[lane.kind]}", f"  class {','.join(own)} {lane.kind}"]
        if origin:
            lines += [f'  click {_id(one)} href "{origin}{one.address}"' for one in lane.nodes if one.address]
    return "\n".join(lines) + "\n"


def _named(number: str) -> str:
    return number.replace("-", "_")


def _id(node: Node) -> str:
    return _named(node.id)


def _shape(node: Node, words: dict[str, str]) -> str:
    begin, end = _SHAPES[node.kind]
    label, small = texts(node, words)
    return f'{begin}"{escaped(label)}<br/>{escaped(small)}"{end}'
