"""The document of the approval policy: the domain's table as data, which may be tightened, never loosened below the domain."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from portal.policy.rules import (
    BASELINE,
    NOBODY,
    ApprovalClass,
    Policy,
    ReversibilityClass,
    Row,
    SensitivityClass,
    level,
    weaker_than,
)
from portal.registry.documents import Document, EntrySerializer, StrictSerializer

KEY = "approval-policy"
_SIGNERS = {1: "lead", 2: "head", 3: "executive"}
_LEVELS = {name: number for number, name in _SIGNERS.items()}
_WHO = [("lead", _("A lead")), ("head", _("A function head")), ("executive", _("An executive"))]


def _least(label: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(ApprovalClass.choices, label=label)


class ByReversibility(StrictSerializer):
    """The least approval class by reversibility."""

    R0 = _least(ReversibilityClass.R0.label)
    R1 = _least(ReversibilityClass.R1.label)
    R2 = _least(ReversibilityClass.R2.label)
    R3 = _least(ReversibilityClass.R3.label)


class BySensitivity(StrictSerializer):
    """The least approval class by sensitivity."""

    S0 = _least(SensitivityClass.S0.label)
    S1 = _least(SensitivityClass.S1.label)
    S2 = _least(SensitivityClass.S2.label)
    S3 = _least(SensitivityClass.S3.label)


class Touched(StrictSerializer):
    """The least approval class of a change that touches one of these."""

    allowlist = _least(_("Allowlist"))
    endpoint = _least(_("Endpoint"))
    retention = _least(_("Retention"))
    sensitivity = _least(_("Sensitivity"))


class SigningRow(StrictSerializer):
    """Who signs a change of one approval class, and by when."""

    signatures = serializers.IntegerField(
        min_value=1, max_value=9, label=_("Signatures"), help_text=_("Distinct people, none of them an author.")
    )
    one_of_them = serializers.ChoiceField(
        _WHO, label=_("One of them at least"), help_text=_("A higher role may sign for a lower.")
    )
    sla_minutes = serializers.IntegerField(
        min_value=1,
        max_value=90 * 1440,
        label=_("Approval SLA (min)"),
        help_text=_("A class B change that waits longer opens a V2 incident."),
    )
    expires_days = serializers.IntegerField(
        min_value=1, max_value=365, label=_("Expires after (days)"), help_text=_("Unsigned so long, it is withdrawn.")
    )
    fresh_minutes = serializers.IntegerField(
        min_value=0,
        max_value=1440,
        label=_("Fresh sign-in (min)"),
        help_text=_("How long ago the signer may have given the password; 0 does not ask."),
    )


class Signing(StrictSerializer):
    """One row for each approval class that somebody signs."""

    A1 = SigningRow(label=ApprovalClass.A1.label)
    A2 = SigningRow(label=ApprovalClass.A2.label)
    A3 = SigningRow(label=ApprovalClass.A3.label)


class Forbidden(StrictSerializer):
    """A pair of classes that no change may have."""

    reversibility = serializers.ChoiceField(ReversibilityClass.choices, label=_("Reversibility"))
    sensitivity = serializers.ChoiceField(SensitivityClass.choices, label=_("Sensitivity"))


class PolicySerializer(EntrySerializer):
    """The whole policy."""

    shown_examples = {
        "key": KEY,
        "name": "Approval policy",
        "description": "Who signs what, by how much a change can harm and whether it can be undone.",
    }

    reversibility = ByReversibility(label=_("By reversibility"))
    sensitivity = BySensitivity(label=_("By sensitivity"))
    sensitivity_read_only = BySensitivity(label=_("By sensitivity, where every operation only reads"))
    external_side_effect = serializers.ChoiceField(
        ApprovalClass.choices,
        label=_("External side effect"),
        help_text=_("The least class of anything with an effect outside."),
    )
    touched = Touched(label=_("By what the change touches"))
    signing = Signing(label=_("Signing"))
    forbidden = Forbidden(
        many=True, required=False, default=list, label=_("Forbidden"), help_text=_("Class C: refused, whoever signs.")
    )

    def validate_key(self, value: str) -> str:
        """There is one policy."""
        if value != KEY:
            raise serializers.ValidationError(_("There is one policy; its key is “%s”.") % KEY, code="one_policy")
        return value

    def validate(self, attrs: Any) -> Any:
        policy = policy_of(attrs, version=0)
        errors: dict[str, Any] = {}
        for path in weaker_than(policy, BASELINE):
            _put(errors, path, _("Weaker than the domain's own table allows."), "weaker_than_domain")
        for lower, higher in zip(policy.rows[1:], policy.rows[2:], strict=False):
            for name in ("signatures", "one_of_them"):
                if getattr(higher, name) < getattr(lower, name):
                    text = _("A higher class may not ask for less than %s.") % lower.name
                    _put(errors, f"signing.{higher.name}.{name}", text, "weaker_than_lower_class")
        if errors:
            raise serializers.ValidationError(errors)
        return attrs


def _put(errors: dict[str, Any], path: str, message: Any, code: str) -> None:
    *steps, last = path.split(".")
    for step in steps:
        errors = errors.setdefault(step, {})
    errors[last] = [serializers.ErrorDetail(message, code)]


def _levels(table: Document, letter: str) -> tuple[int, ...]:
    return tuple(level(table[f"{letter}{number}"]) for number in range(4))


def policy_of(document: Document, *, version: int) -> Policy:
    """The policy that a sound document describes."""
    rows = [
        Row(
            approval=level(name),
            signatures=row["signatures"],
            one_of_them=_LEVELS[row["one_of_them"]],
            sla_minutes=row["sla_minutes"],
            expires_days=row["expires_days"],
            fresh_minutes=row["fresh_minutes"],
        )
        for name, row in sorted(document["signing"].items())
    ]
    return Policy(
        version=version,
        reversibility=_levels(document["reversibility"], "R"),
        sensitivity=_levels(document["sensitivity"], "S"),
        sensitivity_read_only=_levels(document["sensitivity_read_only"], "S"),
        external_side_effect=level(document["external_side_effect"]),
        touched={name: level(value) for name, value in document["touched"].items()},
        rows=(NOBODY, *rows),
        forbidden=frozenset(
            (level(pair["reversibility"]), level(pair["sensitivity"])) for pair in document.get("forbidden") or []
        ),
    )


def baseline_document() -> Document:
    """The domain's own table as a document: what a first change of the policy starts from."""
    return {
        "key": KEY,
        "name": "Approval policy",
        "description": "Which classes of change need whose signatures, and by when.",
        "reversibility": {f"R{number}": f"A{least}" for number, least in enumerate(BASELINE.reversibility)},
        "sensitivity": {f"S{number}": f"A{least}" for number, least in enumerate(BASELINE.sensitivity)},
        "sensitivity_read_only": {
            f"S{number}": f"A{least}" for number, least in enumerate(BASELINE.sensitivity_read_only)
        },
        "external_side_effect": f"A{BASELINE.external_side_effect}",
        "touched": {name: f"A{least}" for name, least in BASELINE.touched.items()},
        "signing": {
            row.name: {
                "signatures": row.signatures,
                "one_of_them": _SIGNERS[row.one_of_them],
                "sla_minutes": row.sla_minutes,
                "expires_days": row.expires_days,
                "fresh_minutes": row.fresh_minutes,
            }
            for row in BASELINE.rows[1:]
        },
        "forbidden": [],
    }
