"""The nine facets of a connector, as serializers: structured data, each with its own validation (domain: facade rule)."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from connectors import rules
from connectors.contract import NAME, ContractFacet, VersionFacet
from portal.policy.rules import ApprovalClass, ReversibilityClass, SensitivityClass
from portal.registry.documents import Document, StrictSerializer

SECONDS: dict[str, Any] = {"min_value": 0.001, "max_value": 30 * 86400.0}


class RetryFacet(StrictSerializer):
    """How the facade retries."""

    max_attempts = serializers.IntegerField(
        min_value=1,
        max_value=50,
        label=_("Attempts at most"),
        help_text=_("The first try included; 1 means no retry."),
        style={"example": "3"},
    )
    backoff = serializers.ChoiceField(
        [("none", _("none")), ("fixed", _("fixed")), ("exponential", _("exponential"))],
        label=_("Backoff"),
        help_text=_("How the pause grows from try to try."),
        style={"example": "exponential"},
    )
    base_delay_seconds = serializers.FloatField(
        min_value=0,
        max_value=3600,
        label=_("First pause (s)"),
        help_text=_("Seconds before the second try."),
        style={"example": "0.5"},
    )
    max_delay_seconds = serializers.FloatField(
        min_value=0,
        max_value=86400,
        label=_("Longest pause (s)"),
        help_text=_("No pause is longer than this."),
        style={"example": "30"},
    )
    jitter = serializers.BooleanField(
        default=False,
        label=_("Jitter"),
        help_text=_("Spread the pauses at random, so that callers do not march in step."),
    )
    retried_on = serializers.ListField(
        child=serializers.CharField(max_length=60),
        allow_empty=True,
        max_length=40,
        label=_("What is retried"),
        help_text=_("One a line: error codes or conditions."),
        style={"example": "timeout\n429\n503"},
    )

    def validate(self, attrs: Any) -> Any:
        problems = {}
        if attrs["max_delay_seconds"] < attrs["base_delay_seconds"]:
            problems["max_delay_seconds"] = _("The longest pause is shorter than the first one.")
        if attrs["max_attempts"] > 1 and not attrs["retried_on"]:
            problems["retried_on"] = _("With more than one attempt, say what is retried.")
        if attrs["backoff"] == "none" and (attrs["base_delay_seconds"] or attrs["max_delay_seconds"]):
            problems["backoff"] = _("Without backoff both pauses are 0.")
        if problems:
            raise serializers.ValidationError(problems)
        return attrs


class TimeoutFacet(StrictSerializer):
    """How long the facade waits."""

    connect_seconds = serializers.FloatField(
        **SECONDS, label=_("Connect (s)"), help_text=_("Seconds to reach the server."), style={"example": "3"}
    )
    read_seconds = serializers.FloatField(
        **SECONDS,
        label=_("Read (s)"),
        help_text=_("Seconds without a byte of the answer."),
        style={"example": "10"},
    )
    total_seconds = serializers.FloatField(
        **SECONDS,
        label=_("Total (s)"),
        help_text=_("Seconds for all attempts together; at least connect + read of one."),
        style={"example": "45"},
    )

    def validate(self, attrs: Any) -> Any:
        if attrs["total_seconds"] < attrs["connect_seconds"] + attrs["read_seconds"]:
            raise serializers.ValidationError(
                {"total_seconds": _("The total is less than connect + read of one attempt.")}, code="total"
            )
        return attrs


class IdempotencyKeyFacet(StrictSerializer):
    """How a repeated call is recognised."""

    location = serializers.ChoiceField(
        [
            ("header", _("header")),
            ("argument", _("argument")),
            ("_meta", "_meta"),
            ("not_applicable", _("not applicable")),
        ],
        label=_("Where it travels"),
        help_text=_("“Not applicable” only if every operation reads."),
        style={"example": "header"},
    )
    name = serializers.CharField(
        max_length=120,
        required=False,
        allow_blank=True,
        default="",
        label=_("Its name there"),
        help_text=_("The header, argument or _meta key."),
        style={"example": "Idempotency-Key"},
    )
    derivation = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        label=_("How it is derived"),
        help_text=_("From what the key is made, so that the same intent gives the same key."),
        style={"example": "sha256 of tenant, operation and request id", "rows": 2},
    )
    dedupe_window_seconds = serializers.IntegerField(
        min_value=0,
        max_value=366 * 86400,
        required=False,
        default=0,
        label=_("Dedupe window (s)"),
        help_text=_("For how many seconds the other side remembers the key."),
        style={"example": "86400"},
    )

    def validate(self, attrs: Any) -> Any:
        if attrs["location"] == "not_applicable":
            return attrs
        problems = {
            name: _("Needed unless the key is not applicable.")
            for name in ("name", "derivation", "dedupe_window_seconds")
            if not attrs.get(name)
        }
        if problems:
            raise serializers.ValidationError(problems, code="required")
        return attrs


class ApprovalPolicyHookFacet(StrictSerializer):
    """The classes of governed operations and the hook that the facade calls before one."""

    approval_class = serializers.ChoiceField(
        ApprovalClass.choices,
        label=_("Approval class"),
        help_text=_("Who signs off."),
        style={"example": "A1"},
    )
    reversibility_class = serializers.ChoiceField(
        ReversibilityClass.choices,
        label=_("Reversibility class"),
        help_text=_("How hard the worst operation is to undo."),
        style={"example": "R1"},
    )
    sensitivity_class = serializers.ChoiceField(
        SensitivityClass.choices,
        label=_("Sensitivity class"),
        help_text=_("The most sensitive data that passes."),
        style={"example": "S1"},
    )
    hook = serializers.RegexField(
        NAME,
        max_length=200,
        label=_("Hook"),
        help_text=_("What the facade calls before a governed operation."),
        style={"example": "facades.approvals.require"},
    )


class AuditFieldMappingFacet(StrictSerializer):
    """Where the facade gets each required audit field from."""

    actor = serializers.CharField(max_length=200, label="actor", style={"example": "context.user.id"})
    actor_type = serializers.CharField(max_length=200, label="actor_type", style={"example": "context.actor_type"})
    action = serializers.CharField(max_length=200, label="action", style={"example": "operation.name"})
    entity_id = serializers.CharField(max_length=200, label="entity_id", style={"example": "arguments.id"})
    tenant_id = serializers.CharField(max_length=200, label="tenant_id", style={"example": "context.tenant"})
    correlation_id = serializers.CharField(
        max_length=200, label="correlation_id", style={"example": "context.correlation_id"}
    )
    trace_id = serializers.CharField(max_length=200, label="trace_id", style={"example": "traceparent"})
    approval_class = serializers.CharField(max_length=200, label="approval_class", style={"example": "policy.class"})
    timestamp = serializers.CharField(max_length=200, label="timestamp", style={"example": "clock.utcnow"})


class ObservabilityHooksFacet(StrictSerializer):
    """What the facade logs, counts and traces."""

    log_event = serializers.RegexField(
        NAME,
        max_length=120,
        label=_("Log event"),
        help_text=_("Name of the log event."),
        style={"example": "crm.call"},
    )
    metric_names = serializers.ListField(
        child=serializers.RegexField(NAME, max_length=120),
        allow_empty=False,
        max_length=40,
        label=_("Metric names"),
        help_text=_("One a line."),
        style={"example": "crm_calls_total\ncrm_call_seconds"},
    )
    span_name = serializers.RegexField(
        NAME,
        max_length=120,
        label=_("Span name"),
        help_text=_("Name of the trace span."),
        style={"example": "crm.call"},
    )
    carried_ids = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=20,
        label=_("Carried ids"),
        help_text=_("One a line; trace_id, span_id and correlation_id are required."),
        style={"example": "trace_id\nspan_id\ncorrelation_id"},
    )

    def validate_carried_ids(self, value: list[str]) -> list[str]:
        missing = [name for name in ("trace_id", "span_id", "correlation_id") if name not in value]
        if missing:
            raise serializers.ValidationError(
                _("Must carry %(names)s too.") % {"names": ", ".join(missing)}, code="ids"
            )
        return value


class RollbackNotesFacet(StrictSerializer):
    """How to undo or compensate."""

    notes = serializers.CharField(
        max_length=5000,
        label=_("Rollback notes"),
        help_text=_(
            "How to undo or compensate, step by step; at least 40 characters where anything cannot simply be repeated."
        ),
        style={"example": "Reads only; nothing to undo.", "rows": 4},
    )


class Facets(StrictSerializer):
    """All nine; none may be missing before submission. Rules across facets are checked here."""

    contract = ContractFacet(label=_("Contract"))
    version = VersionFacet(label=_("Version"))
    retry = RetryFacet(label=_("Retry"))
    timeout = TimeoutFacet(label=_("Timeout"))
    idempotency_key = IdempotencyKeyFacet(label=_("Idempotency key"))
    approval_policy_hook = ApprovalPolicyHookFacet(label=_("Approval policy hook"))
    audit_field_mapping = AuditFieldMappingFacet(label=_("Audit field mapping"))
    observability_hooks = ObservabilityHooksFacet(label=_("Observability hooks"))
    rollback_notes = RollbackNotesFacet(label=_("Rollback notes"))

    def to_internal_value(self, data: Any) -> Any:
        """Check each facet alone and then the rules across the sound ones, so that all problems show at once."""
        if not isinstance(data, dict):
            return super().to_internal_value(data)
        errors: dict[str, Any] = {name: [UNKNOWN_FACET] for name in data if name not in self.fields}
        sound: Document = {}
        for name, field in self.fields.items():
            try:
                sound[name] = field.run_validation(data.get(name, empty))
            except serializers.ValidationError as error:
                errors[name] = error.detail
        for facet, where, message, code in rules.across_facets(sound):
            errors.setdefault(facet, {}).setdefault(where, []).append(serializers.ErrorDetail(message, code))
        if errors:
            raise serializers.ValidationError(errors)
        return sound


UNKNOWN_FACET = serializers.ErrorDetail("There is no such facet.", "unknown_key")
FACETS: tuple[str, ...] = tuple(Facets().fields)
