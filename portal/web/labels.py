"""The fields of a document in the words that its form uses."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from portal.changes.evidence import EvidencePack
from portal.registry.kinds import Kind


def label_of(kind: Kind, path: str) -> str:
    """`facets.retry.max_attempts` as people read it; what the serializer does not know stays as it is."""
    field: Any = kind.serializer()
    words: list[str] = []
    steps = path.split(".")
    if steps[0] == "evidence":
        field, words, steps = EvidencePack(), [_("Evidence")], steps[1:]
    for step in steps:
        if isinstance(field, serializers.ListSerializer | serializers.ListField) and step.isdigit():
            field = field.child
            if words:
                words[-1] += f" {int(step) + 1}"
            continue
        field = getattr(field, "fields", {}).get(step)
        label = str(field.label or "") if field is not None else ""
        if step == "facets":
            continue
        words.append(label or step.replace("_", " ").capitalize() if field is not None else step)
    return " › ".join(words)
