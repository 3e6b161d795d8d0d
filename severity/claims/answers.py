"""What API and CSV say of a claim. The types are what the API's description is made from."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from severity.answers import Subject
from severity.models import Claim, ClaimEvent


class Piece(TypedDict):
    """One piece of evidence."""

    kind: str
    reference: str
    says: str
    note: str


class ClaimAnswer(TypedDict):
    """A claim as it stands, without its evidence. `reference` is the name that the account which reported it gave it."""

    id: int
    human_id: str
    reference: str
    statement: str
    claimed_by: str
    actor_type: str
    about: Subject | None
    connector: str | None
    reversibility: str
    verdict: str
    note: str
    owner: str
    reported_by: str
    reported_at: datetime
    judged_at: datetime
    incident: str | None
    url: str


class VerdictAnswer(TypedDict):
    """One verdict on a claim."""

    at: datetime
    by: str
    verdict: str
    evidence: list[Piece]
    note: str


class ClaimWithEvents(ClaimAnswer):
    """A claim with its evidence and the verdicts on it, oldest first; of many the newest."""

    evidence: list[Piece]
    events: list[VerdictAnswer]


def reference_of(claim: Claim) -> str:
    """The name that was given; the account before it only keeps the names of accounts apart."""
    return claim.reference.partition("/")[2]


def claim_answer(claim: Claim) -> ClaimAnswer:
    """A claim without its evidence."""
    about: Subject = {"kind": claim.subject_kind, "key": claim.subject_key}
    return {
        "id": claim.pk,
        "human_id": claim.human_id,
        "reference": reference_of(claim),
        "statement": claim.statement,
        "claimed_by": claim.claimed_by,
        "actor_type": claim.actor_type,
        "about": about if claim.subject_kind else None,
        "connector": claim.connector.key if claim.connector else None,
        "reversibility": f"R{claim.reversibility}",
        "verdict": claim.verdict,
        "note": claim.note,
        "owner": claim.owner.key,
        "reported_by": claim.reported_by.username,
        "reported_at": claim.reported_at,
        "judged_at": claim.judged_at,
        "incident": f"INC-{claim.incident_id}" if claim.incident_id else None,
        "url": claim.get_absolute_url(),
    }


def verdict_answer(event: ClaimEvent) -> VerdictAnswer:
    """One verdict."""
    return {
        "at": event.at,
        "by": event.actor_name,
        "verdict": event.verdict,
        "evidence": event.evidence,
        "note": event.note,
    }


def claim_with_events(claim: Claim, events: Iterable[ClaimEvent]) -> ClaimWithEvents:
    """A claim with its evidence and verdicts."""
    return {**claim_answer(claim), "evidence": claim.evidence, "events": [verdict_answer(one) for one in events]}
