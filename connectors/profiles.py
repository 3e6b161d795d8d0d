"""What only one kind of connector has, and the documents of both kinds."""

from typing import Any
from zoneinfo import available_timezones

from croniter import croniter
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.contract import NAME
from connectors.facets import Facets
from portal.outbound.errors import OutboundRefused
from portal.outbound.guard import Guard
from portal.people.models import KEY_PATTERN
from portal.registry.documents import EntrySerializer, StrictSerializer

WINDOW: dict[str, Any] = {"min_value": 1, "max_value": 90 * 86400}
REFERENCE = r"^(?:env|file):[A-Za-z0-9_.-]{1,120}$"


class AllowlistEntry(StrictSerializer):
    """What one agent may call."""

    agent = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Agent"),
        help_text=_("The key of the agent."),
        style={"example": "support-agent"},
    )
    operations = serializers.ListField(
        child=serializers.RegexField(NAME, max_length=100),
        allow_empty=False,
        max_length=200,
        label=_("Operations"),
        help_text=_("One a line; each must be in the contract."),
        style={"example": "lookup_customer"},
    )


class ToolPin(StrictSerializer):
    """The approved fingerprints of one tool (sha256 over canonical JSON)."""

    operation = serializers.RegexField(NAME, max_length=100, label=_("Operation"), style={"example": "lookup_customer"})
    input_digest = serializers.RegexField(
        r"^[0-9a-f]{64}$", label=_("Input schema digest"), style={"example": "sha256 in hex"}
    )
    output_digest = serializers.RegexField(
        r"^[0-9a-f]{64}$", label=_("Output schema digest"), required=False, allow_blank=True, default=""
    )
    prose_digest = serializers.RegexField(
        r"^[0-9a-f]{64}$", label=_("Prose digest"), required=False, allow_blank=True, default=""
    )


class TaskSla(StrictSerializer):
    """The clocks of a tracked task, in seconds, and how slips of this connector escalate."""

    start_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Start within (s)"),
        help_text=_("From acceptance to the first sign of work."),
        style={"example": "60"},
    )
    deadline_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Complete within (s)"),
        help_text=_("From acceptance to completion."),
        style={"example": "900"},
    )
    stall_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Stalled after (s)"),
        help_text=_("Working without any change seen."),
        style={"example": "300"},
    )
    input_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Input within (s)"),
        help_text=_("Waiting for its owner's input."),
        style={"example": "3600"},
    )
    blind_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Blind after (s)"),
        help_text=_("Without one successful look at it."),
        style={"example": "120"},
    )
    escalation_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Escalate after (s)"),
        help_text=_("A V1 slip that lasts this long becomes V2."),
        style={"example": "1800"},
    )

    def validate(self, attrs: Any) -> Any:
        if attrs["start_seconds"] > attrs["deadline_seconds"]:
            raise serializers.ValidationError(
                {"start_seconds": _("It cannot be allowed to start after its deadline.")},
                code="start_after_deadline",
            )
        return attrs


class RuntimeToolProfile(StrictSerializer):
    """Where an MCP server or tool is reached, who may call what, and the clocks of its long operations."""

    transport = serializers.ChoiceField(
        [("streamable_http", _("MCP over streamable HTTP")), ("http", _("plain HTTP behind the facade"))],
        label=_("Transport"),
        help_text=_("How the facade reaches it."),
        style={"example": "streamable_http"},
    )
    endpoint = serializers.CharField(
        max_length=500,
        label=_("Endpoint"),
        help_text=_("Full address. Addresses of the portal's own network are refused unless an operator allows them."),
        style={"example": "https://mcp.example.com/mcp"},
    )
    credential_ref = serializers.RegexField(
        REFERENCE,
        required=False,
        allow_blank=True,
        default="",
        label=_("Credential reference"),
        help_text=_("Where the token lies, never the token: env:NAME or file:NAME."),
        style={"example": "env:CRM_MCP_TOKEN"},
        error_messages={"invalid": _("Write env:NAME or file:NAME; the secret itself is never stored here.")},
    )
    allowlist = AllowlistEntry(  # type: ignore[call-arg] # many=True takes the list's arguments
        many=True,
        required=False,
        default=list,
        max_length=200,
        label=_("Allowlist"),
        help_text=_("Which agent may call which operation. Nobody who is not named here."),
    )
    tool_pins = ToolPin(  # type: ignore[call-arg] # as above
        many=True,
        required=False,
        default=list,
        max_length=200,
        label=_("Tool pins"),
        help_text=_("Approved fingerprints of the tools; empty until the server has been probed."),
    )
    task_sla = TaskSla(label=_("Task SLA"))

    def validate_endpoint(self, value: str) -> str:
        try:
            Guard(settings.OUTBOUND_ALLOW).check_url(value)
        except OutboundRefused as refused:
            raise serializers.ValidationError(str(refused), code="endpoint") from None
        return value

    def validate_allowlist(self, value: Any) -> Any:
        agents = [entry["agent"] for entry in value]
        twice = sorted({agent for agent in agents if agents.count(agent) > 1})
        if twice:
            raise serializers.ValidationError(_("Named twice: %(names)s.") % {"names": ", ".join(twice)}, code="twice")
        return value


class Place(StrictSerializer):
    """One end of a data movement."""

    system = serializers.CharField(
        max_length=120,
        label=_("System"),
        help_text=_("The system as people call it."),
        style={"example": "Salesforce"},
    )
    dataset = serializers.CharField(
        max_length=200,
        label=_("Dataset"),
        help_text=_("Schema, bucket, topic or object."),
        style={"example": "raw.crm"},
    )
    streams = serializers.ListField(
        child=serializers.CharField(max_length=120),
        required=False,
        default=list,
        max_length=500,
        label=_("Streams"),
        help_text=_("One a line: tables or streams."),
        style={"example": "accounts\ncontacts"},
    )


class Runbook(StrictSerializer):
    """How history is loaded again."""

    summary = serializers.CharField(
        max_length=500,
        label=_("When and by whom"),
        help_text=_("What calls for a backfill and who does it."),
        style={"example": "After a schema change at the source; the data platform team."},
    )
    steps = serializers.ListField(
        child=serializers.CharField(max_length=500),
        allow_empty=False,
        max_length=60,
        label=_("Steps"),
        help_text=_("One a line."),
        style={"example": "Pause the schedule\nReset the cursor\nRun the window\nCompare row counts"},
    )


class DataMovementProfile(StrictSerializer):
    """What moves from where to where, how often, how fresh it must be and how history is loaded again."""

    source = Place(label=_("Source"))  # type: ignore[assignment] # a field of the document, not DRF's `source`
    destination = Place(label=_("Destination"))
    schedule = serializers.CharField(
        max_length=120,
        label=_("Schedule"),
        help_text=_("Cron expression with five fields."),
        style={"example": "0 */2 * * *"},
    )
    time_zone = serializers.CharField(
        max_length=60, label=_("Time zone"), help_text=_("Of the schedule."), style={"example": "Asia/Riyadh"}
    )
    freshness_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Freshness SLA (s)"),
        help_text=_("How old the newest loaded data may be, in seconds."),
        style={"example": "10800"},
    )
    retention_days = serializers.IntegerField(
        min_value=1,
        max_value=36500,
        label=_("Retention (days)"),
        help_text=_("How long the dataset is kept."),
        style={"example": "730"},
    )
    backfill_runbook = Runbook(label=_("Backfill runbook"))

    def validate_schedule(self, value: str) -> str:
        if len(value.split()) != 5 or not croniter.is_valid(value):
            raise serializers.ValidationError(
                _("“%s” is not a cron expression with five fields, like 0 */2 * * *.") % value, code="cron"
            )
        return value

    def validate_time_zone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError(
                _("There is no time zone “%s”; write one like Asia/Riyadh.") % value, code="time_zone"
            )
        return value


class ConnectorSerializer(EntrySerializer):
    """What both kinds of connector share."""

    customer_impacting = serializers.BooleanField(
        default=False,
        label=_("Customer-impacting"),
        help_text=_("A slip of it touches customers: its incidents are V2 at once."),
    )
    facets = Facets(label=_("Facets"))


class RuntimeToolSerializer(ConnectorSerializer):
    """The document of a runtime tool."""

    runtime_tool = RuntimeToolProfile(label=_("Runtime tool"))

    def validate(self, attrs: Any) -> Any:
        known = {operation["name"] for operation in attrs["facets"]["contract"]["operations"]}
        errors = {}
        for index, entry in enumerate(attrs["runtime_tool"]["allowlist"]):
            unknown = [name for name in entry["operations"] if name not in known]
            if unknown:
                errors[str(index)] = {
                    "operations": [_("Not in the contract: %(names)s.") % {"names": ", ".join(unknown)}]
                }
        if errors:
            raise serializers.ValidationError({"runtime_tool": {"allowlist": errors}}, code="not_in_contract")
        return attrs


class DataMovementSerializer(ConnectorSerializer):
    """The document of a data movement."""

    data_movement = DataMovementProfile(label=_("Data movement"))
