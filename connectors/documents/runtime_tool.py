"""What only a runtime tool has."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.contract import NAME
from connectors.documents.observation import ObservationProfile
from connectors.documents.shared import REFERENCE, WINDOW, checked_address
from connectors.environments import CHOICES, ENVIRONMENTS
from connectors.tracking.ways import WayName
from portal.people.models import KEY_PATTERN, Team
from portal.registry.documents import StrictSerializer


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
    environments = serializers.ListField(
        child=serializers.ChoiceField(CHOICES),
        allow_empty=False,
        max_length=len(ENVIRONMENTS),
        label=_("Environments"),
        help_text=_("One a line, of dev, staging, canary and prod. Nowhere else."),
        style={"example": "dev\nstaging"},
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
    annotations_digest = serializers.RegexField(
        r"^[0-9a-f]{64}$", label=_("Annotations digest"), required=False, allow_blank=True, default=""
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
    input_hours = serializers.ChoiceField(
        [("always", _("Always")), ("team", _("In the working hours of the team that owns the task"))],
        required=False,
        label=_("Input counts"),
        help_text=_("When the time for input runs; always unless told, and where the team has no working hours."),
        style={"example": "team"},
    )
    blind_seconds = serializers.IntegerField(
        **WINDOW,
        label=_("Blind after (s)"),
        help_text=_("Without one successful look at it."),
        style={"example": "120"},
    )
    cancel_seconds = serializers.IntegerField(
        **WINDOW,
        required=False,
        label=_("Cancelled within (s)"),
        help_text=_("From asking it to stop to its end; a minute unless told."),
        style={"example": "60"},
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


class Limits(StrictSerializer):
    """How much its server is asked at most, by all workers of the portal together."""

    at_once = serializers.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        allow_null=True,
        label=_("At once"),
        help_text=_("So many looks and starts under way at most."),
        style={"example": "4"},
    )
    per_second = serializers.FloatField(
        min_value=0.01,
        max_value=1000,
        required=False,
        allow_null=True,
        label=_("A second"),
        help_text=_("So many looks and starts a second at most; 0.1 is one in ten seconds."),
        style={"example": "5"},
    )


class ToolRunbook(StrictSerializer):
    """Who answers for its long operations, and what to do when one slips."""

    owner = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        label=_("Owner of long operations"),
        help_text=_("Key of the team that incidents of its tasks go to; the connector's owner unless told."),
        style={"example": "finance-operations"},
    )
    steps = serializers.ListField(
        child=serializers.CharField(max_length=500),
        required=False,
        default=list,
        max_length=60,
        label=_("Steps"),
        help_text=_("One a line: what to do when a task of it slips."),
        style={"example": "Look at the queue of the ledger\nAsk its on-call"},
    )

    def validate_owner(self, value: str) -> str:
        if value and not Team.objects.filter(key=value).exists():
            raise serializers.ValidationError(_("There is no team “%s”.") % value, code="unknown_team")
        return value


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
    runbook = ToolRunbook(required=False, label=_("Runbook of long operations"))
    limits = Limits(required=False, label=_("Limits of its server"))
    observation = ObservationProfile(required=False, label=_("Observation of long operations"))

    def validate(self, attrs: Any) -> Any:
        way = attrs.get("observation", {}).get("way")
        if attrs["transport"] != "streamable_http" and way in (WayName.MCP_TASKS, WayName.MCP_TASKS_LEGACY):
            raise serializers.ValidationError(
                {"observation": {"way": _("Plain HTTP does not speak MCP.")}}, code="contradicts"
            )
        return attrs

    def validate_endpoint(self, value: str) -> str:
        return checked_address(value)

    def validate_allowlist(self, value: Any) -> Any:
        agents = [entry["agent"] for entry in value]
        twice = sorted({agent for agent in agents if agents.count(agent) > 1})
        if twice:
            raise serializers.ValidationError(_("Named twice: %(names)s.") % {"names": ", ".join(twice)}, code="twice")
        return value
