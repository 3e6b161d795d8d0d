"""What a list of connectors shows of each, as expressions that the database builds."""

from typing import Any

from django.db.models import Case, F, Func, IntegerField, TextField, Value, When
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, Coalesce, Concat, LPad


def path_in_document(*names: str) -> Any:
    """What stands in the document at this path."""
    expression: Any = F("document")
    for name in names:
        expression = KeyTransform(name, expression)
    return expression


def _length(*names: str) -> Any:
    return Coalesce(
        Func(path_in_document(*names), function="jsonb_array_length", output_field=IntegerField()), Value(0)
    )


SUMMARY: dict[str, Any] = {
    "id": Concat(
        Case(When(kind="runtime_tool", then=Value("RT-")), default=Value("DM-"), output_field=TextField()),
        Case(
            When(id__lt=1000, then=LPad(Cast("id", TextField()), 3, Value("0"), output_field=TextField())),
            default=Cast("id", TextField()),
            output_field=TextField(),
        ),
        output_field=TextField(),
    ),
    "kind": "kind",
    "customer_impacting": "customer_impacting",
    "contract_version": "contract_version",
    "approval_class": "approval_class",
    "reversibility_class": "reversibility_class",
    "sensitivity_class": "sensitivity_class",
    "endpoint": "endpoint",
    "operations": _length("facets", "contract", "operations"),
    "allowlisted_agents": _length("runtime_tool", "allowlist"),
    "tool_pins": _length("runtime_tool", "tool_pins"),
    "schedule": path_in_document("data_movement", "schedule"),
    "freshness_seconds": path_in_document("data_movement", "freshness_seconds"),
}
