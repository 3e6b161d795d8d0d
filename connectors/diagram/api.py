"""`GET /api/v1/architecture/`: the picture as data, as SVG and as Mermaid."""

from typing import TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from connectors.diagram.page import asked_lanes, mermaid_of, svg_of
from portal.api.views import PortalViewSet


class DiagramNodeAnswer(TypedDict):
    """One box; `count` is how many connectors, or how many others, it stands for."""

    id: str
    kind: str
    label: str
    detail: str
    state: str
    url: str
    count: int


class DiagramEdgeAnswer(TypedDict):
    """From one box to another."""

    source: str
    target: str


class LaneAnswer(TypedDict):
    """One plane: its boxes and edges, and how many of its connectors are in no box."""

    plane: str
    kind: str
    connectors: int
    grouped: bool
    hidden: int
    nodes: list[DiagramNodeAnswer]
    edges: list[DiagramEdgeAnswer]


class ArchitectureAnswer(TypedDict):
    """Both planes; no node and no edge is of both."""

    lanes: list[LaneAnswer]
    svg: str
    mermaid: str


class ArchitectureViewSet(PortalViewSet):
    """The architecture picture of the registry."""

    answers = {"show": {200: ArchitectureAnswer}}
    asked = {
        "show": {
            "owner": "The key of a team: its connectors alone.",
            "state": "One state; those in force (active, deprecated) if it is left out.",
        }
    }

    def show(self, request: Request) -> Response:
        """Agents, facades and servers; sources, data movements and datasets. Many connectors are grouped by their owners."""
        owner, state = (request.query_params.get(name, "").strip() for name in ("owner", "state"))
        found = asked_lanes(owner, state)
        answer: ArchitectureAnswer = {
            "lanes": [
                {
                    "plane": lane.plane,
                    "kind": lane.kind,
                    "connectors": lane.connectors,
                    "grouped": lane.grouped,
                    "hidden": lane.hidden,
                    "nodes": [
                        {"id": one.id, "kind": one.kind, "label": one.label, "detail": one.detail, "state": one.state,
                         "url": one.address, "count": one.count}
                        for one in lane.nodes
                    ],
                    "edges": [{"source": one.source, "target": one.target} for one in lane.edges],
                }
                for lane in found
            ],
            "svg": svg_of(found, mirrored=False),
            "mermaid": mermaid_of(found, mirrored=False),
        }  # fmt: skip
        return Response(answer)
