"""What a form posted, as a document: names are paths (`facets.contract.operations.0.name`).

What cannot be read as its type is kept as it was typed, so that nothing a person wrote is lost.
"""

import json
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.registry.times import MomentField, picked_text

ABSENT: Any = object()
MAX_ROWS = 200


def field_at(serializer: serializers.BaseSerializer[Any], path: str) -> serializers.Field[Any, Any, Any, Any]:
    """The serializer field at a dotted path (without row numbers)."""
    found: Any = serializer
    for name in path.split("."):
        found = found.fields[name]
    assert isinstance(found, serializers.Field)
    return found


# --- reading what was posted -------------------------------------------------------------------------------------------


def read_document(kind: Kind, data: QueryDict) -> Document:
    """The document in a posted form."""
    value = read(kind.serializer(), data, "")
    return value if isinstance(value, dict) else {}


def read(field: Any, data: QueryDict, path: str) -> Any:
    """The value posted for a field at a path, ABSENT where nothing was."""
    if isinstance(field, serializers.ListSerializer):
        rows = _row_numbers(data, path)
        return [read(field.child, data, f"{path}.{number}") for number in rows] if rows else ABSENT
    if isinstance(field, serializers.Serializer):
        value = {}
        for name, child in field.fields.items():
            part = read(child, data, f"{path}.{name}" if path else name)
            if part is not ABSENT:
                value[name] = part
        return value if value or path.rpartition(".")[2].isdigit() else ABSENT
    texts = data.getlist(path)
    if not texts:
        return ABSENT
    return _scalar(field, texts[-1].replace("\r\n", "\n").replace("\x00", ""))


def _row_numbers(data: QueryDict, path: str) -> list[int]:
    heads = {name[len(path) + 1 :].partition(".")[0] for name in data if name.startswith(f"{path}.")}
    return sorted({int(head) for head in heads if head.isdigit() and len(head) < 5})[:MAX_ROWS]


def _scalar(field: Any, text: str) -> Any:
    if isinstance(field, serializers.BooleanField):
        return text == "true"
    if isinstance(field, serializers.ListField):
        return [line.strip() for line in text.split("\n") if line.strip()]
    text = text.strip()
    if not text:
        return ABSENT
    if isinstance(field, MomentField):
        return picked_text(text)
    try:
        if isinstance(field, serializers.IntegerField):
            return int(text)
        if isinstance(field, serializers.FloatField):
            return float(text) if text.lower() not in {"nan", "inf", "-inf", "infinity", "-infinity"} else text
        if isinstance(field, serializers.JSONField):
            return json.loads(text)
    except ValueError:
        return text
    return text


def with_row(document: Document, path: str) -> Document:
    """The document with one more empty row at the path."""
    holder, name = _holder(document, path)
    if holder is not None and len(holder.setdefault(name, [])) < MAX_ROWS:
        holder[name].append({})
    return document


def without_row(document: Document, path: str) -> Document:
    """The document without the row at the path (`…operations.2`)."""
    rows_path, _dot, number = path.rpartition(".")
    holder, name = _holder(document, rows_path)
    if holder is not None and number.isdigit() and int(number) < len(holder.get(name) or []):
        holder[name].pop(int(number))
    return document


def _holder(document: Document, path: str) -> tuple[dict[str, Any] | None, str]:
    """The mapping that holds the last name of the path; made on the way where it is missing."""
    names = path.split(".")
    here: Any = document
    for name in names[:-1]:
        if isinstance(here, list):
            if not name.isdigit() or int(name) >= len(here):
                return None, ""
            here = here[int(name)]
        elif isinstance(here, dict):
            here = here.setdefault(name, {})
        else:
            return None, ""
    return (here, names[-1]) if isinstance(here, dict) else (None, "")
