"""What the API takes and says of tools. The types are what its description is made from."""

from datetime import datetime
from typing import Any, TypedDict

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.documents.shared import REFERENCE
from connectors.models import Connector, KnownTool, Verification
from connectors.tools.comparing import pins_of
from connectors.tools.fingerprints import ASPECTS, Fingerprints
from connectors.tools.proposing import problem_of, shown_of
from connectors.tools.recording import MOST_REASON, Recorded
from connectors.tools.standing import prints_of
from connectors.tools.trying import MAX_ENDPOINT, Tried
from portal.registry.documents import StrictSerializer

MOST_TOOLS = 200


class TryBody(StrictSerializer):
    """An address that is to be looked at."""

    endpoint = serializers.CharField(max_length=MAX_ENDPOINT, help_text=_("Full address of the MCP endpoint."))
    credential_ref = serializers.RegexField(
        REFERENCE,
        required=False,
        allow_blank=True,
        default="",
        help_text=_("Sent only to the address for which a registered connector names it."),
    )


class RepinBody(StrictSerializer):
    """Which tools are to be approved as their server shows them."""

    tools = serializers.ListField(child=serializers.CharField(max_length=256), allow_empty=False, max_length=MOST_TOOLS)
    follow_schemas = serializers.BooleanField(
        default=False,
        help_text=_("The contract takes over the schemas that are shown; its version goes on accordingly."),
    )


class HoldBody(StrictSerializer):
    """Why a connector is quarantined, or why no more."""

    reason = serializers.CharField(max_length=MOST_REASON)


class PrintsAnswer(TypedDict):
    """The four fingerprints of a tool, sha256 in hex; empty where there is none."""

    input: str
    output: str
    prose: str
    annotations: str


class ToolLine(TypedDict):
    """One tool: how it stands, what of it differs, and the fingerprints that are approved and seen."""

    name: str
    state: str
    differs: list[str]
    renamed_to: str
    quarantined: bool
    drift_since: datetime | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    approved: PrintsAnswer
    seen: PrintsAnswer


class VerificationAnswer(TypedDict):
    """The looks at the server of one runtime tool, and its tools."""

    connector: str
    outcome: str
    detail: str
    probed_at: datetime | None
    seen_at: datetime | None
    next_probe_at: datetime | None
    failures: int
    server_name: str
    server_version: str
    protocol_versions: list[str]
    has_tasks: bool
    quarantined_at: datetime | None
    quarantine_reason: str
    quarantined_by: str
    tools: list[ToolLine]


class ToolDetail(TypedDict):
    """One tool with its definitions: the one that was approved, where some look showed it, and the one seen last."""

    tool: ToolLine
    approved_definition: dict[str, Any] | None
    seen_definition: dict[str, Any] | None


class LookAnswer(TypedDict):
    """What a look came to. `dropped`: another one, or a change, came before its answer."""

    outcome: str
    detail: str
    dropped: bool
    drifted: list[str]
    as_approved_again: list[str]
    verification: VerificationAnswer


class TriedTool(TypedDict):
    """A tool of an address that was tried, with the pin that would approve it; `problem` where it cannot be pinned."""

    name: str
    title: str
    description: str
    definition: dict[str, Any]
    pin: PrintsAnswer
    problem: str


class TriedAnswer(TypedDict):
    """What an address showed that was tried."""

    outcome: str
    detail: str
    credential_sent: bool
    note: str
    server_name: str
    server_version: str
    protocol_versions: list[str]
    has_tasks: bool
    tools: list[TriedTool]


def prints_answer(prints: Fingerprints) -> PrintsAnswer:
    """The fingerprints as they are told."""
    input_digest, output_digest, prose_digest, annotations_digest = (getattr(prints, name) for name in ASPECTS)
    return {
        "input": input_digest,
        "output": output_digest,
        "prose": prose_digest,
        "annotations": annotations_digest,
    }


def tool_line(row: KnownTool, pins: dict[str, Fingerprints]) -> ToolLine:
    """One tool as a line."""
    return {
        "name": row.name,
        "state": row.state,
        "differs": row.differs,
        "renamed_to": row.renamed_to,
        "quarantined": row.quarantined,
        "drift_since": row.drift_since,
        "first_seen_at": row.first_seen_at,
        "last_seen_at": row.last_seen_at,
        "approved": prints_answer(pins.get(row.name, Fingerprints())),
        "seen": prints_answer(prints_of(row)),
    }


def verification_answer(connector: Connector) -> VerificationAnswer:
    """The looks at the server of a connector, and its tools by name."""
    known = Verification.objects.filter(connector=connector).first() or Verification(connector=connector)
    pins = pins_of(connector.document)
    rows = KnownTool.objects.filter(connector=connector).order_by("name")
    return {
        "connector": connector.key,
        "outcome": known.outcome,
        "detail": known.detail,
        "probed_at": known.probed_at,
        "seen_at": known.seen_at,
        "next_probe_at": known.probe_at,
        "failures": known.failures,
        "server_name": known.server_name,
        "server_version": known.server_version,
        "protocol_versions": known.protocol_versions,
        "has_tasks": known.has_tasks,
        "quarantined_at": known.quarantined_at,
        "quarantine_reason": known.quarantine_reason,
        "quarantined_by": known.quarantined_by,
        "tools": [tool_line(row, pins) for row in rows],
    }


def look_answer(recorded: Recorded, connector: Connector) -> LookAnswer:
    """What a look came to."""
    return {
        "outcome": recorded.seen.outcome,
        "detail": recorded.seen.detail,
        "dropped": recorded.dropped,
        "drifted": recorded.moved.drifted,
        "as_approved_again": recorded.moved.ended,
        "verification": verification_answer(connector),
    }


def tried_answer(tried: Tried) -> TriedAnswer:
    """What an address showed that was tried."""
    seen = tried.seen
    return {
        "outcome": seen.outcome,
        "detail": seen.detail,
        "credential_sent": tried.credential_sent,
        "note": tried.note,
        "server_name": seen.discovery.name,
        "server_version": seen.discovery.version,
        "protocol_versions": list(seen.discovery.protocol_versions),
        "has_tasks": seen.discovery.has_tasks,
        "tools": [
            {
                "name": one.name,
                "title": one.tool.title,
                "description": one.tool.description,
                "definition": one.kept(),
                "pin": prints_answer(one.prints),
                "problem": problem_of(shown_of(one)),
            }
            for one in seen.tools
        ],
    }
