"""What a file of an entry looks like: `<collection>/<key>.yaml`, the document in the order of its serializer's fields."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from rest_framework import serializers

from portal.files.writing import dump
from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.registry.models import EntryState

SUFFIX = ".yaml"
# The line of a file that says that its entry is deprecated. No document has a field of this name.
STATE = "state"
# States whose entries have a file. Retired ones have none; bringing an entry into or out of that state is for people.
FILED = (EntryState.ACTIVE, EntryState.DEPRECATED)
Shape = dict[str, "Shape"]


def name_of(kind: Kind, key: str) -> str:
    """Where the file of an entry is, below the directory of all."""
    return f"{kind.collection}/{key}{SUFFIX}"


def address_of(name: str) -> str:
    """Where the JSON Schema of a kind or collection is published."""
    return f"{settings.PUBLIC_URL}/api/v1/schemas/{name}.json"


def file_of(kind: Kind, document: Document, state: str) -> bytes:
    """The bytes of the file of an entry."""
    told = {STATE: str(state)} if state != EntryState.ACTIVE else {}
    text = dump(told | arranged(document, _shape(kind.serializer)))
    return f"# yaml-language-server: $schema={address_of(kind.name)}\n{text}".encode()


@cache
def _shape(serializer: type[serializers.Serializer[Any]]) -> Shape:
    return _shape_of(serializer())


def _shape_of(field: Any) -> Shape:
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        return _shape_of(field.child)
    if isinstance(field, serializers.Serializer):
        return {name: _shape_of(inner) for name, inner in field.fields.items()}
    return {}


def arranged(value: Any, shape: Shape) -> Any:
    """The value with its mappings in the order of the shape; what that does not name goes after it, short names first.

    The database keeps no order, so that one is needed that every export gives again.
    """
    if isinstance(value, Mapping):
        places = {name: number for number, name in enumerate(shape)}
        names = sorted(value, key=lambda name: (places.get(name, len(places)), len(name), name))
        return {name: arranged(value[name], shape.get(name, {})) for name in names}
    if isinstance(value, list):
        return [arranged(one, shape) for one in value]
    return value
