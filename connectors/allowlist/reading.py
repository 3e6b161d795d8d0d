"""What an agent may call now."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django.db import connection

from connectors.allowlist import statements
from connectors.environments import ENVIRONMENTS
from portal.registry.documents import digest


class AllowedOperation(TypedDict):
    """One operation that the agent may call, and where."""

    name: str
    effect: str
    external_side_effect: bool
    environments: list[str]


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
    """What an agent may call now. `revision` grows with every change of it; an empty environment means any."""

    agent: str
    environment: str
    revision: int
    connectors: list[AllowedConnector]


@dataclass(frozen=True)
class Standing:
    """How far an agent's list has moved on, and when that was read."""

    at: datetime
    revision: int


def standing(agent: str) -> Standing:
    """The agent's revision: one row, found by its index. 0 for an agent that no list has ever named."""
    with connection.cursor() as cursor:
        cursor.execute(statements.REVISION, {"agent": agent})
        return Standing(*cursor.fetchone())


def allowed(agent: str, environment: str = "") -> tuple[Standing, Allowlist]:
    """The operations that the agent may call, with the revision that they are of: one statement, so of one moment.

    Deprecated connectors stay callable until they are retired. `facets_digest` is the sha256 of the nine facets: a runtime
    that holds another digest holds another contract.
    """
    asked = {"agent": agent, "environment": environment or None, "environments": list(ENVIRONMENTS)}
    with connection.cursor() as cursor:
        cursor.execute(statements.ALLOWED, asked)
        at, revision, found = cursor.fetchone()
    return Standing(at, revision), {
        "agent": agent,
        "environment": environment,
        "revision": revision,
        "connectors": [_connector(one) for one in json.loads(found)],
    }


def _connector(one: dict[str, Any]) -> AllowedConnector:
    return {
        "key": one["key"],
        "state": one["state"],
        "version": one["version"],
        "contract_version": one["contract_version"],
        "transport": one["transport"],
        "endpoint": one["endpoint"],
        "facets_digest": digest(one["facets"]),
        "operations": one["operations"],
    }


def etag(agent_standing: Standing, environment: str) -> str:
    """The strong validator of the plain answer."""
    return f'"{FORM}-{agent_standing.revision}-{environment or "any"}"'


# Grows when the same list is answered in another form.
FORM = 1
