"""Tools that agents call in tests: two operations, both pinned, allowed to support-agent in dev and prod."""

from copy import deepcopy
from datetime import datetime
from typing import Any

from connectors.models import Connector, KnownTool, ToolState, Verification
from portal.operations.services import database_now
from portal.registry.models import EntryState
from tests.documents import runtime_tool_document
from tests.people import team

AGENT = "support-agent"
READ, WRITE = "lookup_customer", "update_customer"


def pin(operation: str) -> dict[str, str]:
    """An approved fingerprint."""
    digests = ("input_digest", "output_digest", "prose_digest", "annotations_digest")
    return {"operation": operation} | dict.fromkeys(digests, "ab" * 32)


def document(key: str = "crm-lookup", **changes: Any) -> dict[str, Any]:
    """A tool with two operations, of which support-agent may call the first."""
    made = runtime_tool_document(key)
    operations = made["facets"]["contract"]["operations"]
    operations.append(deepcopy(operations[0]) | {"name": WRITE})
    profile = made["runtime_tool"]
    profile["tool_pins"] = [pin(READ), pin(WRITE)]
    profile.update(changes)
    return made


def line(*operations: str, agent: str = AGENT, environments: tuple[str, ...] = ("dev", "prod")) -> dict[str, Any]:
    """A line of an allowlist."""
    return {"agent": agent, "operations": list(operations), "environments": list(environments)}


def tool(
    made: dict[str, Any] | None = None, *, state: str = EntryState.ACTIVE, kind: str = "runtime_tool"
) -> Connector:
    """A connector as it stands after its changes were applied, written without them."""
    made = made or document()
    now = database_now()
    connector = Connector(
        key=made["key"], kind=kind, state=state, version=1, document=made, digest="0" * 64, created_at=now, updated_at=now,
        name=made["name"],
    )  # fmt: skip
    connector.take_document(made, team("crm-team"))
    connector.state, connector.version = state, 1
    Connector.objects.bulk_create([connector])
    if kind == "runtime_tool":
        Verification.objects.get_or_create(connector=connector)
    return connector


def rewritten(connector: Connector, **profile: Any) -> Connector:
    """The connector in its next version, with another profile."""
    connector.document["runtime_tool"].update(profile)
    connector.version += 1
    Connector.objects.filter(pk=connector.pk).update(document=connector.document, version=connector.version)
    return connector


def quarantined(connector: Connector, operation: str = READ) -> KnownTool:
    """One tool of it in quarantine."""
    found, _made = KnownTool.objects.update_or_create(
        connector=connector, name=operation, defaults={"state": ToolState.CHANGED, "quarantined": True}
    )
    return found


def quarantine_of(connector: Connector, at: datetime | None) -> None:
    """The whole connector into quarantine, or out of it."""
    Verification.objects.filter(connector=connector).update(quarantined_at=at)
