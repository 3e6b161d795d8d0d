"""What a facade offers: the first two facets of a connector, its contract and the version of it."""

import json
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors import rules
from connectors.versions import version_of
from portal.registry.documents import StrictSerializer

NAME = r"^[A-Za-z_][A-Za-z0-9_.:/-]*$"


class JSONSchemaField(serializers.JSONField):
    """A JSON Schema (2020-12 by default, draft-07 accepted). The validator itself says what is wrong."""

    def to_internal_value(self, data: Any) -> Any:
        value: Any = super().to_internal_value(data)
        if isinstance(value, str):  # typed into a form and not readable as JSON: kept as it is until it is put right
            try:
                value = json.loads(value)
            except ValueError as error:
                raise serializers.ValidationError(_("Not JSON: %s") % error, code="json") from None
        problem = rules.schema_problem(value)
        if problem:
            raise serializers.ValidationError(problem, code="schema")
        return value


class OperationError(StrictSerializer):
    """One line of an operation's error model."""

    code = serializers.CharField(
        max_length=60,
        label=_("Code"),
        help_text=_("The code that callers see."),
        style={"example": "not_found"},
    )
    meaning = serializers.CharField(
        max_length=300,
        label=_("Meaning"),
        help_text=_("What it tells the caller."),
        style={"example": "No customer has this id."},
    )
    retryable = serializers.BooleanField(
        default=False, label=_("Worth a retry"), help_text=_("Whether trying again may help.")
    )


class Operation(StrictSerializer):
    """One operation of the contract."""

    name = serializers.RegexField(
        NAME,
        max_length=100,
        label=_("Operation"),
        help_text=_("The name of the tool or endpoint behind the facade."),
        style={"example": "lookup_customer"},
    )
    description = serializers.CharField(
        max_length=500,
        label=_("What it does"),
        help_text=_("One sentence."),
        style={"example": "Finds a customer by id or e-mail."},
    )
    effect = serializers.ChoiceField(
        [("read", _("read")), ("write", _("write"))],
        label=_("Effect"),
        help_text=_("Whether it only reads or also writes."),
        style={"example": "read"},
    )
    external_side_effect = serializers.BooleanField(
        default=False,
        label=_("External side effect"),
        help_text=_("Whether somebody outside notices: a message sent, money moved. Needs approval by policy."),
    )
    input_schema = JSONSchemaField(
        label=_("Input schema"),
        help_text=_("JSON Schema of the arguments."),
        style={"example": '{"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}'},
    )
    output_schema = JSONSchemaField(
        label=_("Output schema"),
        help_text=_("JSON Schema of the answer."),
        style={"example": '{"type": "object"}'},
    )
    errors = OperationError(  # type: ignore[call-arg,assignment] # many=True takes the list's arguments
        many=True,
        label=_("Error model"),
        help_text=_("The errors a caller must expect; at least one."),
        min_length=1,
        max_length=50,
    )

    def validate(self, attrs: Any) -> Any:
        if attrs.get("external_side_effect") and attrs.get("effect") == "read":
            raise serializers.ValidationError(
                {"external_side_effect": _("An operation that only reads has no external side effect.")},
                code="read_with_side_effect",
            )
        return attrs


class ContractFacet(StrictSerializer):
    """Operations with their schemas and error models."""

    operations = Operation(  # type: ignore[call-arg] # many=True takes the list's arguments
        many=True,
        label=_("Operations"),
        help_text=_("Every operation that the facade offers."),
        min_length=1,
        max_length=200,
    )

    def validate_operations(self, value: Any) -> Any:
        names = [operation["name"] for operation in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise serializers.ValidationError(_("Named twice: %(names)s.") % {"names": ", ".join(twice)}, code="twice")
        return value


class VersionFacet(StrictSerializer):
    """The semantic version of the facade's contract."""

    number = serializers.CharField(
        max_length=40,
        label=_("Contract version"),
        help_text=_(
            "Semantic version. Removing an operation, breaking a schema or turning read into write needs a "
            "major bump; a new operation or optional field a minor one; other edits a patch."
        ),
        style={"example": "1.0.0"},
    )

    def validate_number(self, value: str) -> str:
        if version_of(value) is None:
            raise serializers.ValidationError(
                _("“%s” is not a semantic version; write MAJOR.MINOR.PATCH, like 1.4.0.") % value,
                code="semver",
            )
        return value
