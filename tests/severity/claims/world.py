"""Claims as a watcher reports them, through the real services."""

from typing import Any

from portal.operations.services import database_now
from portal.people.actors import Actor
from severity.claims import services
from severity.claims.services import Judged, Reported
from severity.models import Claim
from tests.people import actor, team

AGENT = "support-agent"
SUPPORTED = [{"kind": "tool_call", "reference": "T-12", "says": "supports", "note": "It answered 200."}]
CONTRADICTED = [{"kind": "log", "reference": "crm.log:40", "says": "contradicts", "note": "No such contact."}]
BOTH = [*SUPPORTED, *CONTRADICTED]
EVIDENCE = {"verified": SUPPORTED, "partially_verified": BOTH, "unverified": [], "contradicted": CONTRADICTED}


def body(verdict: str = "contradicted", reference: str = "c-1", **more: Any) -> dict[str, Any]:
    """What is sent of a claim that a contact was updated."""
    team("crm-team")
    sent = {
        "reference": reference, "statement": "The contact was updated.", "claimed_by": AGENT, "note": "",
        "actor_type": "executor_system", "reversibility": "R1", "verdict": verdict, "evidence": EVIDENCE[verdict],
        "owner": "crm-team",
    }  # fmt: skip
    return sent | more


def reported(verdict: str = "contradicted", by: str | Actor = "amal", **more: Any) -> Claim:
    """The claim, reported by somebody."""
    who = actor(by) if isinstance(by, str) else by
    return services.report(actor=who, given=Reported(**body(verdict, **more)), now=database_now())[0]


def corrected(claim: Claim, verdict: str, by: str | Actor = "omar", note: str = "", **more: Any) -> Claim:
    """The claim after another verdict, by somebody."""
    who = actor(by) if isinstance(by, str) else by
    given = Judged(verdict, EVIDENCE[verdict], note)
    return services.correct(actor=who, claim_id=claim.pk, given=given, now=database_now(), **more)


def claims() -> tuple[Claim, Claim]:
    """One that is verified by now though its V3 is open, and one in the backlog with much to show."""
    long = "https://logs.example.com/" + "path/" * 60
    pieces = [*BOTH, {"kind": "run", "reference": long, "says": "unclear", "note": "لا يظهر شيء. " * 20}]
    about = {"kind": "contact", "key": "C-" + "1" * 100}
    open_claim = reported(
        "partially_verified", reference="c-open", evidence=pieces, about=about, claimed_by="a" * 150,
        statement="Updated" + "-and-updated" * 100, note="n" * 500,
    )  # fmt: skip
    return corrected(reported(reference="c-standing", reversibility="R3"), "verified"), open_claim
