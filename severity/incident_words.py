"""The lines of an incident's timeline in words and marks, and its evidence in words."""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from portal.people.names import names_of
from severity.models import Incident, TimelineEvent
from severity.rules import Level
from severity.wording import told_words

_LINES = {
    "opened": ("incident", "bad", gettext_lazy("Opened")),
    "repeated": ("incident", "risk", gettext_lazy("Came back")),
    "reopened": ("incident", "bad", gettext_lazy("Came back")),
    "raised": ("risk", "bad", gettext_lazy("Raised")),
    "lowered": ("half", "info", gettext_lazy("Lowered")),
    "acknowledged": ("half", "info", gettext_lazy("Acknowledged")),
    "mitigated": ("half", "info", gettext_lazy("Mitigated")),
    "resolved": ("check", "ok", gettext_lazy("Resolved")),
    "comment": ("pencil", "", gettext_lazy("Note")),
    "update": ("pencil", "info", gettext_lazy("Update")),
    "impact": ("pencil", "", gettext_lazy("Impact")),
    "measure": ("check", "info", gettext_lazy("Compensating measure")),
    "measure_withdrawn": ("risk", "risk", gettext_lazy("Measure withdrawn")),
    "command": ("half", "", gettext_lazy("Command")),
    "given": ("arrow", "", gettext_lazy("Given to another team")),
    "step_done": ("check", "", gettext_lazy("Step done")),
    "linked": ("external", "", gettext_lazy("Linked")),
    "unlinked": ("external", "", gettext_lazy("Link taken away")),
    "took_over": ("arrow", "risk", gettext_lazy("Took over")),
    "merged": ("arrow", "", gettext_lazy("Merged")),
    "escalated": ("arrow", "bad", gettext_lazy("Escalated")),
    "overdue": ("clock", "bad", gettext_lazy("Overdue")),
    "review_written": ("pencil", "info", gettext_lazy("Review written")),
    "review_approved": ("check", "ok", gettext_lazy("Review approved")),
}
DUTIES = {
    "ack_by": gettext_lazy("Acknowledge"),
    "update_by": gettext_lazy("Next update"),
    "resolve_by": gettext_lazy("Mitigate"),
    "review_by": gettext_lazy("Review"),
}


# What a piece of evidence is: told by people, by the watch and by claims.
_EVIDENCE_KINDS: dict[str, str | Promise] = {
    "log": gettext_lazy("Log"),
    "run": gettext_lazy("Run"),
    "file": gettext_lazy("File"),
    "address": gettext_lazy("Address"),
    "person": gettext_lazy("Person"),
    "tool_call": gettext_lazy("Tool call"),
    "document": gettext_lazy("Document"),
    "other": gettext_lazy("Other"),
    "task": gettext_lazy("Task"),
    "tool": gettext_lazy("Tool"),
    "data_movement": gettext_lazy("Data sync"),
    "sync_run": gettext_lazy("Run of a data sync"),
    "checkpoint": gettext_lazy("Checkpoint"),
    "checkpoint_run": gettext_lazy("Run of a checkpoint"),
    "claim": gettext_lazy("Claim"),
    "metric": gettext_lazy("Metric"),
    "change": gettext_lazy("Change"),
    "schema": gettext_lazy("Schema version"),
    "team": gettext_lazy("Team"),
    "portal": gettext_lazy("Part of the portal"),
}


def evidence_kind(kind: str) -> str | Promise:
    """`tool_call` → Tool call; a kind that another system made up stays as it is."""
    return _EVIDENCE_KINDS.get(kind, kind)


def shown_evidence(incident: Incident) -> list[dict[str, Any]]:
    """Its evidence as the page shows it."""
    return [
        one | {"kind": evidence_kind(str(one.get("kind", ""))), "note": told_words(str(one.get("note") or ""))}
        for one in incident.evidence
        if isinstance(one, dict)
    ]


def timeline(events: Iterable[TimelineEvent]) -> list[dict[str, Any]]:
    """The lines of parts/timeline.html, in the order given."""
    lines = []
    told = list(events)
    names = names_of(event.actor_name for event in told)
    for event in told:
        shape, tone, word = _LINES.get(event.what, ("dot", "", event.what.replace("_", " ").capitalize()))
        lines.append(
            {
                "at": event.at,
                "text": f"{word} · {Level(event.severity).name}",
                "note": told_words(event.text),
                "actor": names[event.actor_name],
                "shape": shape,
                "tone": tone,
            }
        )
    return lines
