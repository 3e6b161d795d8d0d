"""What an agent may call now."""

import hashlib
from typing import TypedDict

import orjson

from connectors.models import Connector, ConnectorKind
from portal.registry.documents import Document, digest
from portal.registry.models import EntryState


class AllowedOperation(TypedDict):
    """One operation that the agent may call."""

    name: str
    effect: str
    external_side_effect: bool


class AllowedConnector(TypedDict):
    """One connector of which the agent may call something."""

    key: str
    state: str
    version: int
    contract_version: str
    transport: str
    endpoint: str
    facets_digest: str
    operations: list[AllowedOperation]


class Allowlist(TypedDict):
    """What an agent may call now."""

    agent: str
    connectors: list[AllowedConnector]


def allowed(agent: str) -> Allowlist:
    """The active runtime connectors whose allowlist names the agent, with the operations it may call.

    Deprecated connectors stay callable until they are retired. `facets_digest` is the sha256 of the nine facets: a runtime
    that holds another digest holds another contract.
    """
    connectors = Connector.objects.filter(
        kind=ConnectorKind.RUNTIME_TOOL,
        state__in=[EntryState.ACTIVE, EntryState.DEPRECATED],
        document__runtime_tool__allowlist__contains=[{"agent": agent}],
    ).order_by("key")
    return {"agent": agent, "connectors": [_connector(connector, agent) for connector in connectors]}


def _connector(connector: Connector, agent: str) -> AllowedConnector:
    document: Document = connector.document
    names: list[str] = next(
        entry["operations"] for entry in document["runtime_tool"]["allowlist"] if entry["agent"] == agent
    )
    return {
        "key": connector.key,
        "state": connector.state,
        "version": connector.version,
        "contract_version": connector.contract_version,
        "transport": document["runtime_tool"]["transport"],
        "endpoint": connector.endpoint,
        "facets_digest": digest(document["facets"]),
        "operations": [
            {
                "name": operation["name"],
                "effect": operation["effect"],
                "external_side_effect": operation["external_side_effect"],
            }
            for operation in connector.operations
            if operation["name"] in names
        ],
    }


def etag(answer: Allowlist) -> str:
    """The strong validator of an answer."""
    return f'"{hashlib.sha256(orjson.dumps(answer)).hexdigest()[:32]}"'
