"""The fields of a document in the words that its form uses."""

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from portal.changes.evidence import EvidencePack
from portal.language.direction import isolated
from portal.registry.kinds import Kind

# A step of a path: a name, a number, or in brackets the name of a row.
_STEP = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


def label_of(kind: Kind, path: str) -> str:
    """`facets.retry.max_attempts` as people read it; what the serializer does not know stays as it is."""
    return " › ".join(words_of(kind, path))


def words_of(kind: Kind, path: str) -> list[str]:
    """The labels along a path, each with the rows it goes through: `Operations (refund)`, `Error model 2`, `Code`."""
    field: Any = kind.serializer()
    words: list[str] = []
    steps = _STEP.findall(path)
    if steps[:1] == ["evidence"]:
        field, words, steps = EvidencePack(), [_("Evidence")], steps[1:]
    for step in steps:
        rows = isinstance(field, serializers.ListSerializer | serializers.ListField)
        if step.startswith("[") or (rows and step.isdigit()):
            field = getattr(field, "child", None)
            if words:
                words[-1] += f" ({isolated(step[1:-1])})" if step.startswith("[") else f" {int(step) + 1}"
            continue
        field = getattr(field, "fields", {}).get(step)
        label = str(field.label or "") if field is not None else ""
        if step == "facets":
            continue
        words.append(label or step.replace("_", " ").capitalize() if field is not None else isolated(step))
    return words
