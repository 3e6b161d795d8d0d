"""JSON Schema (2020-12) of the files of a kind, for editors: made from the serializer that checks its documents.

It says what one field may hold. Rules across fields, and those that ask the registry, are the serializer's alone: what the schema
refuses is wrong, what it lets through may still be refused by `plan`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.utils.translation import override
from rest_framework import fields, serializers

from portal.files.layout import STATE
from portal.refusals import Missing
from portal.registry import kinds
from portal.registry.documents import StrictSerializer
from portal.registry.kinds import Kind
from portal.registry.models import EntryState

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def names() -> list[str]:
    """What a schema can be asked for: kinds, and collections of several."""
    found = [kind.name for kind in kinds.all_kinds()]
    return [*found, *(one for one in dict.fromkeys(kind.collection for kind in kinds.all_kinds()) if one not in found)]


@cache
def schema_named(name: str) -> Schema:
    """The schema of a kind or of a collection, in English. Raises Missing."""
    with override("en"):
        for kind in kinds.all_kinds():
            if kind.name == name:
                return {"$schema": DIALECT, **_of_kind(kind)}
        held = kinds.in_collection(name)
        if not held:
            known = ", ".join(names())
            raise Missing("no_such_schema", f"There is no schema “{name[:60]}”. Known: {known}.")
        if len(held) == 1:
            return {"$schema": DIALECT, **_of_kind(held[0])}
        # By the part that only one of them has, so that an editor tells what is wrong with that one.
        chosen: Schema = {"anyOf": [{"required": [kind.name]} for kind in held]}
        for kind in held:
            chosen = {"if": {"required": [kind.name]}, "then": {"$ref": f"#/$defs/{kind.name}"}, "else": chosen}
        return {"$schema": DIALECT, "$defs": {kind.name: _of_kind(kind) for kind in held}, **chosen}


def _of_kind(kind: Kind) -> Schema:
    made = _object(kind.serializer())
    if EntryState.DEPRECATED in kind.states:
        state = {
            "title": "State",
            "description": "Whether its entry is in force or on its way out. It stands in the file, not in the document.",
            "enum": [EntryState.ACTIVE.value, EntryState.DEPRECATED.value],
            "default": EntryState.ACTIVE.value,
        }
        made["properties"] = {STATE: state, **made["properties"]}
    return {"title": str(kind.label), "description": str(kind.purpose), **made}


def _object(serializer: serializers.Serializer[Any]) -> Schema:
    inner = {name: field for name, field in serializer.fields.items() if not field.read_only}
    required = [name for name, field in inner.items() if field.required]
    made: Schema = {"type": "object", "properties": {name: _told(field) for name, field in inner.items()}}
    if required:
        made["required"] = required
    if isinstance(serializer, StrictSerializer):
        made["additionalProperties"] = False
    return made


def _told(field: Any) -> Schema:
    """What a field may hold, with what people are told of it."""
    made: Schema = {}
    if field.label:
        made["title"] = str(field.label)
    if field.help_text:
        made["description"] = str(field.help_text)
    found = _held(field)
    if field.allow_null:
        found = {"anyOf": [found, {"type": "null"}]}
    made |= found
    example = (field.style or {}).get("example")
    if example and found.get("type") == "string" and "enum" not in found:
        made["examples"] = [str(example)]
    if not field.required and field.default is not fields.empty:
        default = field.get_default()
        if isinstance(default, str | int | float | bool | list | Mapping):
            made["default"] = default
    return made


def _held(field: Any) -> Schema:
    if isinstance(field, serializers.ListSerializer):
        return _list(field, _object(field.child) if isinstance(field.child, serializers.Serializer) else {})
    if isinstance(field, serializers.Serializer):
        return _object(field)
    if isinstance(field, serializers.ListField):
        return _list(field, _told(field.child))
    if isinstance(field, serializers.DictField):
        return {"type": "object", "additionalProperties": _told(field.child)}
    if isinstance(field, serializers.JSONField):
        return {}
    if isinstance(field, serializers.ChoiceField):
        values = [*field.choices, *([""] if field.allow_blank and "" not in field.choices else [])]
        return {"enum": values}
    if isinstance(field, serializers.BooleanField):
        return {"type": "boolean"}
    if isinstance(field, serializers.IntegerField):
        return {"type": "integer"} | _bounds(field)
    if isinstance(field, serializers.FloatField):
        return {"type": "number"} | _bounds(field)
    if isinstance(field, serializers.CharField):
        return _text(field)
    raise TypeError(f"No schema is known of {type(field).__name__}.")


def _list(field: Any, items: Schema) -> Schema:
    made: Schema = {"type": "array", "items": items}
    least = field.min_length if field.min_length is not None else 0 if field.allow_empty else 1
    if least:
        made["minItems"] = least
    if field.max_length is not None:
        made["maxItems"] = field.max_length
    return made


def _bounds(field: Any) -> Schema:
    bounds = {"minimum": field.min_value, "maximum": field.max_value}
    return {name: value for name, value in bounds.items() if value is not None}


def _text(field: serializers.CharField) -> Schema:
    made: Schema = {"type": "string"}
    if not field.allow_blank:
        made["minLength"] = max(1, field.min_length or 0)
    if field.max_length is not None:
        made["maxLength"] = field.max_length
    patterns = _patterns(field)
    if patterns:
        # Left empty, it need not look like anything.
        made["pattern"] = f"^$|{patterns[0]}" if field.allow_blank else patterns[0]
    if len(patterns) > 1:
        made["allOf"] = [{"pattern": one} for one in patterns[1:]]
    return made


def _patterns(field: serializers.CharField) -> Sequence[str]:
    found = [getattr(validator, "regex", None) for validator in field.validators]
    return [one.pattern for one in found if one is not None and not getattr(one, "inverse_match", False)]
