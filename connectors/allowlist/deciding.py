"""Whether an agent may make a call now."""

from dataclasses import dataclass
from typing import Any, TypedDict

import orjson
from django.db import connection

from connectors.allowlist.reasons import CallReason, told
from connectors.allowlist.statements import DECIDE
from connectors.environments import ENVIRONMENTS
from portal.operations import correlation
from portal.people.actors import Actor
from portal.people.guards import require
from portal.registry.models import EntryState
from portal.roles import Permission


@dataclass(frozen=True)
class Call:
    """The call that an agent is about to make."""

    agent: str
    connector: str
    operation: str
    environment: str


class ToolPinAnswer(TypedDict):
    """The approved fingerprints of the tool."""

    input_digest: str
    output_digest: str
    prose_digest: str
    annotations_digest: str


class CallAnswer(TypedDict):
    """Whether the agent may make the call, at this moment, and why not."""

    allowed: bool
    reasons: list[CallReason]
    warnings: list[CallReason]
    agent: str
    connector: str
    operation: str
    environment: str
    version: int | None
    contract_version: str
    pin: ToolPinAnswer | None
    decided_at: str
    correlation_id: str


def decide(call: Call, *, actor: Actor) -> CallAnswer:
    """The answer, which is counted. One statement: it is of one moment, the latest that is committed."""
    require(actor, Permission.DECIDE)
    assert call.environment in ENVIRONMENTS
    asked = {
        "agent": call.agent,
        "connector": call.connector,
        "operation": call.operation,
        "environment": call.environment,
    }
    with connection.cursor() as cursor:
        cursor.execute(DECIDE, asked)
        at, codes, state, version, contract_version, pin, owner, _set = cursor.fetchone()
    deprecated = state == EntryState.DEPRECATED
    words: dict[str, str] = {}
    if codes or deprecated:
        words = asked | {
            "state": str(EntryState(state).label).lower() if state else "",
            "owner": owner,
            "contract_version": contract_version,
        }
        if "unknown_connector" in codes:
            words["owner"] = "–"
    return {
        "allowed": not codes,
        "reasons": told(codes, words),
        "warnings": told(["deprecated"], words) if deprecated else [],
        "agent": call.agent,
        "connector": call.connector,
        "operation": call.operation,
        "environment": call.environment,
        "version": version,
        "contract_version": contract_version,
        "pin": _pin(orjson.loads(pin)) if pin else None,
        "decided_at": at.isoformat(),
        "correlation_id": correlation.current().correlation_id,
    }


def _pin(stored: dict[str, Any]) -> ToolPinAnswer:
    return {
        "input_digest": stored.get("input_digest", ""),
        "output_digest": stored.get("output_digest", ""),
        "prose_digest": stored.get("prose_digest", ""),
        "annotations_digest": stored.get("annotations_digest", ""),
    }
