"""The document of an entry: one plain mapping, validated by one serializer.

The same mapping is the API body, the form's content, the proposed state of a change and a version in the history.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from portal.json_bounds import deeper_than, holds_nul, too_large_a_number
from portal.people.models import KEY_PATTERN
from portal.refusals import Problem
from portal.registry.twins import TWINS

Document = dict[str, Any]

MAX_BYTES = 512 * 1024
MAX_DEPTH = 60


def canonical(document: Mapping[str, Any]) -> bytes:
    """The document as canonical JSON: sorted keys, no blanks, UTF-8."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def digest(document: Mapping[str, Any]) -> str:
    """The sha256 of the canonical document, in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def bounds_problem(document: object) -> Problem | None:
    """What makes a document too large or too deep to be kept, if anything."""
    if not isinstance(document, dict):
        return Problem("", str(_("The document must be an object.")), "not_an_object")
    if deeper_than(document, MAX_DEPTH):
        return Problem("", str(_("The document is nested deeper than %d levels.") % MAX_DEPTH), "too_deep")
    try:
        size = len(canonical(document))
    except (TypeError, ValueError):
        return Problem("", str(_("The document holds a value that JSON cannot carry.")), "not_json")
    if size > MAX_BYTES:
        return Problem("", str(_("The document is larger than %d kB.") % (MAX_BYTES // 1024)), "too_large")
    if too_large_a_number(document):
        return Problem("", str(_("The document holds a number that is too large to be kept.")), "large_number")
    if holds_nul(canonical(document)):
        return Problem("", str(_("The document holds a NUL character.")), "nul_character")
    return None


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer that refuses unknown keys instead of dropping them, so that nothing is lost unseen."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(key) for key in data if key not in self.fields]
            if unknown:
                known = ", ".join(self.fields)
                raise serializers.ValidationError(
                    {
                        key: [
                            serializers.ErrorDetail(
                                _("Unknown key. Known here: %(known)s.") % {"known": known}, "unknown_key"
                            )
                        ]
                        for key in unknown
                    }
                )
        return super().to_internal_value(data)


class EntrySerializer(StrictSerializer):
    """What every document has; each kind adds its own fields."""

    # What a kind shows as examples of the fields that every document has.
    shown_examples: ClassVar[Mapping[str, str]] = {}

    key = serializers.RegexField(
        KEY_PATTERN,
        max_length=60,
        label=_("Key"),
        help_text=_("The name that code uses. Lower-case letters, digits, hyphens; fixed once registered."),
        style={"example": "crm-contacts"},
        error_messages={"invalid": _("Use lower-case letters, digits and single hyphens, beginning with a letter.")},
    )
    name = serializers.CharField(
        max_length=120,
        label=_("Name"),
        help_text=_("What people call it."),
        style={"example": "CRM contacts"},
    )
    name_ar = serializers.CharField(
        max_length=120,
        required=False,
        allow_blank=True,
        label=_("Name in Arabic"),
        help_text=_("The same for readers of Arabic."),
    )
    description = serializers.CharField(
        max_length=2000,
        label=_("Description"),
        help_text=_("What it is for and what it must not be used for, in a few sentences."),
        style={"example": "Reads and updates contacts of the CRM for support agents.", "rows": 3},
    )
    description_ar = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        label=_("Description in Arabic"),
        help_text=_("The same for readers of Arabic."),
        style={"rows": 3},
    )
    owner = serializers.CharField(
        max_length=60,
        label=_("Owner team"),
        help_text=_("The team that owns it and hears of its incidents; by its key in files and in the API."),
        style={"example": "crm-team", "choices": "teams"},
    )

    def get_fields(self) -> dict[str, Any]:
        """The fields, each with the kind's own example where it has one."""
        fields = super().get_fields()
        for name, example in self.shown_examples.items():
            fields[name].style = fields[name].style | {"example": example}
        return fields

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        for name in TWINS:
            # Left out when empty, unless the kind has always kept it.
            if name in self.fields and self.fields[name].default is serializers.empty and not values.get(name):
                values.pop(name, None)
        return values


def flatten(errors: Any, path: str = "") -> list[Problem]:
    """DRF's nested error structure as a flat list of problems with dotted paths."""
    if isinstance(errors, Mapping):
        found: list[Problem] = []
        for key, value in errors.items():
            here = path if key == "non_field_errors" else f"{path}.{key}" if path else str(key)
            found += flatten(value, here)
        return found
    if isinstance(errors, Sequence) and not isinstance(errors, str):
        found = []
        for index, value in enumerate(errors):
            nested = isinstance(value, Mapping | list)
            found += flatten(value, f"{path}.{index}" if nested else path)
        return found
    code = errors.code if isinstance(errors, ErrorDetail) else "invalid"
    return [Problem(path, str(errors), code or "invalid")]
