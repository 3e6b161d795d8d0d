"""The documents of both kinds of connector."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from connectors.documents.data_movement import DataMovementProfile
from connectors.documents.runtime_tool import RuntimeToolProfile
from connectors.facades.bans import MODULE_NAME, NPM_NAME, PYTHON_NAME
from connectors.facets import Facets
from portal.people.models import KEY_PATTERN
from portal.registry.documents import EntrySerializer, StrictSerializer
from portal.registry.times import DayField

# Where the entry of such a key would stand, a page of its kind stands: /tools/new/.
TAKEN = frozenset({"new", "check", "import", "probe"})


class Facade(StrictSerializer):
    """The one module through which code reaches the vendor, and the packages that nothing else may import."""

    module = serializers.RegexField(
        MODULE_NAME,
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        label=_("Facade module"),
        help_text=_("The module that code imports instead of the vendor's packages, by its dotted name or path."),
        style={"example": "facades.crm"},
    )
    python_packages = serializers.ListField(
        child=serializers.RegexField(PYTHON_NAME, max_length=120),
        required=False,
        default=list,
        max_length=50,
        label=_("Python packages"),
        help_text=_("One a line, as they are imported: code outside of the facade may not."),
        style={"example": "simple_salesforce"},
    )
    npm_packages = serializers.ListField(
        child=serializers.RegexField(NPM_NAME, max_length=214),
        required=False,
        default=list,
        max_length=50,
        label=_("npm packages"),
        help_text=_("One a line: code outside of the facade may not import them."),
        style={"example": "@salesforce/core"},
    )

    def validate(self, attrs: Any) -> Any:
        if not attrs["module"] and (attrs["python_packages"] or attrs["npm_packages"]):
            raise serializers.ValidationError(
                {"module": _("Name the facade that code is to use instead of these packages.")}, code="facade_missing"
            )
        return attrs


class Deprecation(StrictSerializer):
    """When it goes and what takes its place."""

    sunset_on = DayField(
        required=False,
        allow_blank=True,
        default="",
        label=_("Sunset"),
        help_text=_("The day from which it may be retired."),
        style={"example": "2027-03-31"},
    )
    replaced_by = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        label=_("Replaced by"),
        help_text=_("The key of the connector to move to."),
        style={"example": "crm-lookup-v2"},
    )
    note = serializers.CharField(
        max_length=1000,
        required=False,
        allow_blank=True,
        default="",
        label=_("What to do"),
        help_text=_("How consumers move."),
        style={"example": "Call find_customer instead; it takes the same number.", "rows": 2},
    )


class ConnectorSerializer(EntrySerializer):
    """What both kinds of connector share."""

    facade = Facade(required=False, default=dict, label=_("Facade in code"))
    deprecation = Deprecation(required=False, default=dict, label=_("Deprecation"))

    customer_impacting = serializers.BooleanField(
        default=False,
        label=_("Customer-impacting"),
        help_text=_("A slip of it touches customers: its incidents are V2 at once."),
    )
    facets = Facets(label=_("Facets"))

    def validate_key(self, value: str) -> str:
        if value in TAKEN:
            raise serializers.ValidationError(_("The portal has a page of that name; choose another."), code="taken")
        return value


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

    shown_examples = {
        "key": "crm-to-warehouse",
        "name": "CRM to warehouse",
        "description": "Brings accounts and contacts of the CRM into the warehouse every two hours; not for marketing lists.",
    }

    data_movement = DataMovementProfile(label=_("Data movement"))
