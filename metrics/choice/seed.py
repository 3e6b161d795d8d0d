"""The first decision about lineage and the choice that follows from it, as documents that become changes like all others."""

from metrics.choice.rules import KEY, TOPIC
from portal.registry.documents import Document

FIRST = "adr-0001"
CHOICE = "openlineage"
_TEXT = """\
## Context and Problem Statement

Data moves through connectors, events and metrics, and several tools offer to keep the graph of it. Two catalogs of the
same facts drift apart, and nobody can say which of them is right. Where is lineage kept?

## Considered Options

* OpenLineage events, taken by the portal
* A catalog of its own beside the portal
* No lineage, only documents

## Decision Outcome

Chosen option: "OpenLineage events, taken by the portal", because it is an open standard that schedulers, transformation
tools and processing engines speak already, and because what a completed run says proves more than what a page declares.

### Consequences

* Good, because there is one graph, and each of its edges says whether it was seen or only declared.
* Good, because no tool is bound to one catalog's client.
* Bad, because a tool that speaks no OpenLineage has to be declared by hand.
"""


def decision(owner: str, day: str, deciders: list[str]) -> Document:
    """The first decision: OpenLineage for lineage events."""
    return {
        "key": FIRST,
        "name": "Use OpenLineage for lineage events",
        "description": "Lineage is kept as OpenLineage events that the portal takes; there is no second catalog.",
        "description_ar": "تُحفظ سلسلة البيانات كأحداث OpenLineage تستقبلها البوابة، ولا يوجد فهرس ثانٍ.",
        "owner": owner,
        "date": day,
        "deciders": deciders,
        "decides": [{"topic": TOPIC, "choice": CHOICE}],
        "text": _TEXT,
    }


def choice(owner: str) -> Document:
    """The choice that follows from it."""
    return {
        "key": KEY,
        "name": "Lineage",
        "description": "Where lineage events go: one receiver, one graph.",
        "owner": owner,
        "choice": CHOICE,
        "decision": FIRST,
        "alternatives": [
            {"name": "datahub", "reason": "A second store of the same facts, with a client of its own."},
            {"name": "openmetadata", "reason": "The same; its crawlers guess where OpenLineage is told."},
        ],
    }
