"""What a verdict needs, which of two is worse, and what no piece of evidence may carry. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from portal.refusals import Problem
from portal.roles import ActorType
from severity.rules import CLAIM_CONTRADICTED, CLAIM_PARTIAL, Rule

# From the best to the worst; too little evidence counts as contradicted until corrected.
VERDICTS = ("verified", "partially_verified", "unverified", "contradicted")
KINDS = ("tool_call", "log", "run", "document", "other")
SAYS = ("supports", "contradicts", "unclear")
MOST_PIECES = 50
REFERENCE, NOTE = 400, 1000
# What the incident of a claim carries of its evidence.
SHOWN_PIECES = 20

_RULES: dict[str, Rule] = {
    "partially_verified": CLAIM_PARTIAL,
    "unverified": CLAIM_CONTRADICTED,
    "contradicted": CLAIM_CONTRADICTED,
}
# Agents that only observe or recommend: their word closes a gate and never opens one.
_ONLY_SPEAK = (ActorType.OBSERVER_AGENT, ActorType.RECOMMENDER_AGENT)
# Texts that are credentials by their form. A reference names where something stands, so that none of these belongs in one.
_SECRET = re.compile(
    r"""
    \b[a-z][a-z0-9+.-]{1,20}://[^/\s@:]{0,200}:[^/\s@]{1,400}@          # name:password@ in an address
    | \bbearer\s+[a-z0-9._~+/-]{12,}
    | -----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY
    | \b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|AIza)[a-z0-9_-]{16,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
    | \beyJ[a-z0-9_-]{8,}\.[a-z0-9_-]{8,}\.[a-z0-9_-]{8,}
    | (?:password|passwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|signature|[?&;]token|[?&;]sig)
      \s*[=:]\s*[^\s&]{6,}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def rule_of(verdict: str) -> Rule | None:
    """The rule by which a verdict opens an incident; none for a verified claim."""
    return None if verdict == "verified" else _RULES.get(verdict, CLAIM_CONTRADICTED)


def circumstance_of(reversibility: int) -> str:
    """A path of R2 or R3 is governed: what was done on it cannot simply be taken back."""
    return "governed" if reversibility >= 2 else "plain"


def reversibility_of(*classes: str) -> int:
    """The worst of some classes: R2 is 2. One that is not known counts as the worst there is."""
    known = {"R0": 0, "R1": 1, "R2": 2, "R3": 3}
    return max(known.get(one, 3) for one in classes)


def worse(verdict: str, than: str) -> bool:
    """Whether a verdict is worse than another."""
    return VERDICTS.index(verdict) > VERDICTS.index(than)


def may_better(actor_type: str) -> bool:
    """Whether the word of such an actor may make a verdict better."""
    return actor_type not in _ONLY_SPEAK


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same to a person who reads them."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    # What cannot be seen (joiners, marks of direction) makes no other name.
    seen = "".join(one for one in name if unicodedata.category(one) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def missing_for(verdict: str, evidence: Sequence[Mapping[str, Any]]) -> str:
    """What the evidence lacks to bear the verdict, or nothing.

    Verified: something supports it and nothing contradicts it. Partially verified: something supports it and something does
    not. Contradicted: something contradicts it. Unverified, which counts as contradicted, can always be said.
    """
    said = {str(piece.get("says")) for piece in evidence}
    if verdict == "verified":
        if "contradicts" in said:
            return "a piece that contradicts it stands against it"
        return "" if "supports" in said else "no piece supports it"
    if verdict == "partially_verified":
        if "supports" not in said:
            return "no piece supports it"
        return "" if said & {"contradicts", "unclear"} else "no piece contradicts it or is unclear"
    if verdict == "contradicted":
        return "" if "contradicts" in said else "no piece contradicts it"
    return "" if verdict == "unverified" else "there is no such verdict"


def holds_secret(text: str) -> bool:
    """Whether a text looks as if it carried a credential."""
    return _SECRET.search(text) is not None


def secrets_in(fields: Mapping[str, str], evidence: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Where a credential seems to stand, never which."""
    texts = dict(fields)
    for number, piece in enumerate(evidence):
        texts |= {f"evidence.{number}.{name}": str(piece.get(name, "")) for name in ("reference", "note")}
    message = "It looks like a credential. Name where something stands, never what opens it; and revoke this one."
    return [Problem(path, message, "secret") for path, text in texts.items() if holds_secret(text)]


def shown_by(name: str, told: str, evidence: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The evidence of the incident: the claim itself, then what was held against it, the contradicting pieces first."""
    order = ("contradicts", "unclear", "supports")
    sorted_ = sorted(evidence, key=lambda piece: order.index(str(piece["says"])))
    return [{"kind": "claim", "reference": name, "note": told}] + [
        {
            "kind": str(piece["kind"]),
            "reference": str(piece["reference"]),
            "note": f"{piece['says']}: {piece['note']}" if piece.get("note") else str(piece["says"]),
        }
        for piece in sorted_[:SHOWN_PIECES]
    ]
