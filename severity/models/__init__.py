"""Incidents and what follows from them: the severity table, claims, releases, exceptions and the gate."""

from severity.models.claim import Claim, ClaimEvent, Verdict
from severity.models.exception import GateException
from severity.models.gate import Gate, GateDecision
from severity.models.incident import (
    ACTIVE,
    Incident,
    IncidentState,
    Severity,
    Source,
    TimelineEvent,
    next_deadlines,
)
from severity.models.release import Attestation, Promotion, ReadinessStatement, ReleaseCandidate
from severity.models.routing import Route, Silence, Telling, TellingWindow
from severity.models.table import LevelClock, RuleLevel, SeverityTable
from severity.models.watchlist import WatchlistRow
from severity.models.working import IncidentLink, IncidentReview, IncidentStep, IncidentSubscriber

__all__ = [
    "ACTIVE",
    "Attestation",
    "Claim",
    "ClaimEvent",
    "Gate",
    "GateDecision",
    "GateException",
    "Incident",
    "IncidentLink",
    "IncidentReview",
    "IncidentState",
    "IncidentStep",
    "IncidentSubscriber",
    "LevelClock",
    "Promotion",
    "ReadinessStatement",
    "ReleaseCandidate",
    "Route",
    "RuleLevel",
    "Severity",
    "SeverityTable",
    "Silence",
    "Source",
    "Telling",
    "TellingWindow",
    "TimelineEvent",
    "Verdict",
    "WatchlistRow",
    "next_deadlines",
]
