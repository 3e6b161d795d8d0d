"""What the check goes by: the choice and the decisions of its topic, from the database or from an export."""

from dataclasses import dataclass
from typing import Any

import orjson

from metrics.choice.rules import TOPIC
from metrics.models import DecisionRecord, LineageChoice
from metrics.reads import lineage_choice
from portal.registry.documents import Document, digest

FORMAT = 1


@dataclass(frozen=True)
class Register:
    """The choice, the key of the decision it follows from, and every decision that ever ruled lineage.

    `decisions` gives for each key the digest of what is fixed about it, as `fixed_digest` makes it.
    """

    choice: str
    decision: str
    decisions: dict[str, str]

    def as_json(self) -> bytes:
        """The export that a repository keeps, or that CI fetches."""
        told = {"lineage_choice": FORMAT, "choice": self.choice, "decision": self.decision, "decisions": self.decisions}
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def fixed_digest(document: Document) -> str:
    """The digest of what is said and ruled; who owns or sums it up does not change it, nor whom a file leaves unnamed."""
    return digest({name: document[name] for name in ("key", "name", "decides", "text")})


def current() -> Register | None:
    """As the database stands; None before there is a choice. Two queries."""
    one: LineageChoice | None = lineage_choice()
    if one is None:
        return None
    rows = DecisionRecord.objects.filter(rulings__topic=TOPIC).order_by("number").values_list("key", "document")
    return Register(one.choice, one.ruling.decision.key, {key: fixed_digest(document) for key, document in rows})


def read(raw: bytes) -> Register:
    """The register of an export. Raises ValueError with what is wrong."""
    try:
        told: Any = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"It is no JSON: {error}.") from None
    if not isinstance(told, dict) or told.get("lineage_choice") != FORMAT:
        raise ValueError("It is no export of `registry lineage export`.")
    decisions = told.get("decisions")
    if not (
        isinstance(told.get("choice"), str)
        and isinstance(told.get("decision"), str)
        and isinstance(decisions, dict)
        and all(isinstance(value, str) for value in decisions.values())
    ):
        raise ValueError("It must name choice, decision and decisions; export it again.")
    return Register(told["choice"], told["decision"], decisions)
