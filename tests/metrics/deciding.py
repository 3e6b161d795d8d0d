"""Decisions and the lineage choice, brought into being through real changes."""

from typing import Any

from metrics.models import DecisionRecord, LineageChoice
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.operations.services import database_now
from tests.events.registering import signed
from tests.people import actor, team
from tests.registering import EVIDENCE

TEXT = "## Context\n\nTwo catalogs disagree.\n\n## Decision\n\nOne receiver.\n"


def decision_document(number: int = 1, **more: Any) -> dict[str, Any]:
    """A decision that chooses OpenLineage for lineage."""
    return {
        "key": f"adr-{number:04d}",
        "name": "Keep lineage in one place",
        "description": "One receiver takes all lineage events.",
        "description_ar": "",
        "owner": "crm-team",
        "date": "2026-01-31",
        "deciders": ["Huda", "Khalid"],
        "consulted": [],
        "informed": [],
        "decides": [{"topic": "lineage", "choice": "openlineage"}],
        "supersedes": [],
        "text": TEXT,
    } | more


def choice_document(**more: Any) -> dict[str, Any]:
    """The lineage choice that follows from it."""
    return {
        "key": "lineage",
        "name": "Lineage",
        "description": "Where lineage events go.",
        "owner": "crm-team",
        "choice": "openlineage",
        "decision": "adr-0001",
        "alternatives": [{"name": "datahub", "reason": "A second store of the same facts."}],
    } | more


def drafted(kind: str, document: dict[str, Any], **draft: Any) -> ChangeRequest:
    """A draft change of a decision or of the choice."""
    team(document["owner"])
    wanted = Draft(document=document, evidence=EVIDENCE, **draft)
    return services.propose(actor=actor("amal"), kind_name=kind, key=document["key"], draft=wanted, now=database_now())


def submitted(kind: str, document: dict[str, Any], **draft: Any) -> ChangeRequest:
    """The same, before its approvers."""
    change = drafted(kind, document, **draft)
    return services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())


def decision(number: int = 1, **more: Any) -> DecisionRecord:
    """An accepted decision."""
    signed(submitted("decision", decision_document(number, **more)))
    return DecisionRecord.objects.get(number=number)


def choice(**more: Any) -> LineageChoice:
    """The lineage choice, after a change of it was signed."""
    signed(submitted("lineage_choice", choice_document(**more)))
    return LineageChoice.objects.get()
