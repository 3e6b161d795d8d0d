"""Bringing changes into being through the real services."""

from typing import Any

from connectors.models import Connector
from portal.changes import decisions, services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.people import actor, team

EVIDENCE: dict[str, Any] = {
    "sources": ["The vendor's reference, read on 20 November 2026"],
    "assumptions": "Traffic stays under fifty calls a minute.",
    "freshness": "Measured this week.",
    "compliance_notes": "No personal data leaves the region.",
    "alternatives": "Asking by hand: too slow.",
    "rollback": "Restore the version before; the owner team, ten minutes.",
    "links": [],
    "attachments": [],
}
# The same as a form sends it.
EVIDENCE_FIELDS = {
    f"evidence.{name}": "\n".join(value) if isinstance(value, list) else value
    for name, value in EVIDENCE.items()
    if value
}
SIGNERS = {"A0": (), "A1": ("omar",), "A2": ("omar", "huda"), "A3": ("omar", "khalid")}


def proposed(document: dict[str, Any], *, by: str = "amal", **draft: Any) -> ChangeRequest:
    """A draft change of the connector that the document names, or one that registers it; a deprecation names a day."""
    if draft.get("to_state") == "deprecated" and not any(document.get("deprecation", {}).values()):
        document = document | {"deprecation": {"sunset_on": "2027-03-31", "replaced_by": "", "note": ""}}
    team(document.get("owner", "crm-team"))
    kind_name = "data_movement" if "data_movement" in document else "runtime_tool"
    return services.propose(
        actor=actor(by),
        kind_name=kind_name,
        key=str(document.get("key", "")),
        draft=Draft(document=document, **({"evidence": EVIDENCE} | draft)),
        now=database_now(),
    )


def submitted(document: dict[str, Any], *, by: str = "amal", **draft: Any) -> ChangeRequest:
    """The same, before its approvers."""
    change = proposed(document, by=by, **draft)
    return services.submit(actor=actor(by), change_id=change.pk, now=database_now())


def approved(change: ChangeRequest, *signers: str) -> ChangeRequest:
    """The change after these people signed it."""
    for name in signers:
        change = decisions.approve(actor=actor(name), change_id=change.pk, digest=change.digest, now=database_now())
    return change


def apply_connector(document: dict[str, Any], *, by: str = "amal", **draft: Any) -> Connector:
    """The connector after the change was proposed, submitted and signed by as many as its class asks for."""
    change = submitted(document, by=by, **draft)
    change = approved(change, *SIGNERS[change.required_class])
    assert change.state == "applied", change.state
    return Connector.objects.get(key=change.key)
