"""Tools of the demo server as they were approved: one of them says something else since.

Its first look finds the drift: an incident, a tool that is held back, both definitions side by side.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from connectors.demo.definitions import definitions
from connectors.mcp.client import tool_of
from connectors.mcp.observation import Discovery, Kind
from connectors.models.verification import ProbeOutcome
from connectors.tools import recording
from connectors.tools.fingerprints import fingerprints
from connectors.tools.probing import Seen, SeenTool
from connectors.tools.proposing import pin_of
from portal.registry.documents import Document
from severity.demo.people import actor

DRIFTED = "list_invoices"
_BEFORE = "List the invoices of one customer."


@cache
def _approved() -> dict[str, dict[str, Any]]:
    return {
        one["name"]: one | ({"description": _BEFORE} if one["name"] == DRIFTED else {}) for one in definitions()
    }  # fmt: skip


def pinned(document: Document) -> Document:
    """The document with a pin for each of its operations that the demo server answers."""
    names = [one["name"] for one in document["facets"]["contract"]["operations"]]
    shown = _approved()
    document["runtime_tool"]["tool_pins"] = [
        pin_of(name, fingerprints(shown[name])) for name in names if name in shown
    ]  # fmt: skip
    return document


def looked(key: str, now: datetime) -> None:
    """A look of a day ago, which showed what was approved."""
    seen_at = now - timedelta(days=1)
    claimed = recording.begin(actor=actor("engineer"), key=key, now=seen_at)
    tools = [tool_of(one) for one in _approved().values()]
    seen = Seen(
        ProbeOutcome.SEEN,
        discovery=Discovery(
            Kind.SEEN, name="Demo systems", version="0.9.0", protocol_versions=("2026-07-28",), has_tasks=True
        ),
        tools=tuple(SeenTool(tool, fingerprints(tool.definition)) for tool in tools if tool is not None),
    )
    recording.record(claimed, seen, now=seen_at)
    recording.due(key=key, now=now)
