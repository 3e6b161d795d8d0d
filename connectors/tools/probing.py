"""Asking a server what it is and which tools it has. No database here: it may take a while."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from connectors.mcp import client as mcp
from connectors.mcp.observation import Discovery, Kind, Tool
from connectors.models.verification import ProbeOutcome
from connectors.tools.fingerprints import UNREADABLE, Fingerprints, fingerprints
from portal.json_bounds import too_large_a_number
from portal.outbound import secrets
from portal.outbound.client import OutboundClient, Timeouts
from portal.registry.documents import canonical

EACH = Timeouts(connect=3.0, read=6.0, total=8.0)
LISTING_SECONDS = 12.0
# No probe takes longer than this: what a server is, and all of its tools.
MOST_SECONDS = EACH.total + LISTING_SECONDS
TRANSPORT = "streamable_http"
NOT_PROBED = "Tools behind plain HTTP have no list that could be asked for; they are not verified."

_OUTCOMES = {
    Kind.SEEN: ProbeOutcome.SEEN,
    Kind.UNAVAILABLE: ProbeOutcome.UNAVAILABLE,
    Kind.UNAUTHORIZED: ProbeOutcome.UNAUTHORIZED,
    Kind.RATE_LIMITED: ProbeOutcome.RATE_LIMITED,
    Kind.REFUSED: ProbeOutcome.REFUSED,
    Kind.DRIFT: ProbeOutcome.PROTOCOL,
    Kind.NOT_FOUND: ProbeOutcome.PROTOCOL,
}


@dataclass(frozen=True)
class Target:
    """Where to ask, and by which credential."""

    endpoint: str
    credential_ref: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Target":
        """Read it from the connector's document."""
        profile = document["runtime_tool"]
        return cls(profile["endpoint"], profile.get("credential_ref", ""))


@dataclass(frozen=True)
class SeenTool:
    """A tool as a server shows it: what of it is kept, and the fingerprints of the whole."""

    tool: Tool
    prints: Fingerprints

    @property
    def name(self) -> str:
        """Its name."""
        return self.tool.name

    def kept(self) -> dict[str, Any]:
        """Its definition, bounded, as it is stored and shown."""
        return {
            "name": self.tool.name,
            "title": self.tool.title,
            "description": self.tool.description,
            "inputSchema": _storable(self.tool.input_schema),
            "outputSchema": _storable(self.tool.output_schema),
            "annotations": _storable(self.tool.annotations),
        }

    @property
    def digest(self) -> str:
        """What its definition is kept under, once: over the fingerprints, or over what is kept of one that has none."""
        return self.prints.whole or hashlib.sha256(b"unreadable:" + canonical(self.kept())).hexdigest()


def _storable(value: dict[str, Any] | None) -> dict[str, Any] | None:
    if value is not None and too_large_a_number(value):
        return {"truncated": True, "reason": "a number that is too large to be kept"}
    return value


@dataclass(frozen=True)
class Seen:
    """What one look at a server showed. Without SEEN there are no tools, which says nothing of them."""

    outcome: ProbeOutcome
    detail: str = ""
    discovery: Discovery = field(default_factory=lambda: Discovery(Kind.UNAVAILABLE))
    tools: tuple[SeenTool, ...] = ()
    remarks: tuple[str, ...] = ()


def probe(target: Target, *, via: OutboundClient | None = None) -> Seen:
    """Look at a server (`server/discover`, `tools/list`). Never raises for anything it can do."""
    try:
        token = secrets.resolve(target.credential_ref, secret_dir=settings.SECRET_DIR)
    except secrets.CredentialError as error:
        return Seen(ProbeOutcome.CREDENTIAL, str(error))
    return probe_with(target.endpoint, token, via=via)


def probe_with(endpoint: str, token: str, *, via: OutboundClient | None = None) -> Seen:
    """The same with the text of a credential, or none."""
    discovery = mcp.discover(endpoint, token=token, timeouts=EACH, via=via)
    # A server that does not tell what it is may still list its tools.
    if discovery.kind not in (Kind.SEEN, Kind.DRIFT):
        return Seen(_OUTCOMES[discovery.kind], discovery.detail, discovery)
    listed = mcp.list_tools(endpoint, token=token, timeouts=EACH, within=LISTING_SECONDS, via=via)
    if listed.kind is not Kind.SEEN:
        return Seen(_OUTCOMES[listed.kind], listed.detail, discovery)
    remarks = listed.remarks if discovery.kind is Kind.SEEN else (*listed.remarks, discovery.detail)
    tools = tuple(
        SeenTool(tool, UNREADABLE if tool.ambiguous else fingerprints(tool.definition)) for tool in listed.tools
    )
    return Seen(ProbeOutcome.SEEN, " ".join(remarks)[:500], discovery, tools, remarks)
