"""Differences between two documents: field by field, and as a unified diff."""

import difflib
import json
from typing import Any

from portal.registry.documents import Document
from portal.registry.kinds import Kind
from portal.web.labels import words_of

MAX_LINES = 4000
MAX_SIDE = 1500


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Leaves by path; lists of rows are keyed by their name where they have one, so that a move is no change."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, child in value.items():
            found |= _flat(child, f"{path}.{key}" if path else key)
        return found or {path: {}}
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        found = {}
        for number, row in enumerate(value):
            name = row.get("name") or row.get("agent") or row.get("operation") or row.get("code") or number
            found |= _flat(row, f"{path}[{name}]")
        return found
    return {path: value}


def in_words(value: Any) -> str:
    """A value of a document for people: text as it is, lines by commas, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def field_label(kind: Kind, path: str) -> str:
    """The labels of the fields that lead to a path of the document: `Operations (refund) › Errors (gone) › Code`."""
    # Where a field is, is told by its path; of rows also which one it is.
    first = len(words_of(kind, path.partition("[")[0])) - 1
    return " › ".join(words_of(kind, path)[first:])


def field_changes(kind: Kind, before: Document | None, after: Document) -> list[dict[str, Any]]:
    """Every field that differs, as parts/field_changes.html wants it."""
    old, new = _flat(before) if before else {}, _flat(after)
    changes = []
    for path in [*new, *(path for path in old if path not in new)]:
        if path in old and path in new and old[path] == new[path]:
            continue
        if not before and new.get(path) in ("", [], {}, None):
            continue
        changes.append(
            {
                "label": field_label(kind, path),
                "path": path,
                "old": in_words(old[path]) if path in old else None,
                "new": in_words(new[path]) if path in new else None,
                "facet": path.startswith("facets."),
            }
        )
    return changes


def unified(before: Document | None, after: Document, context: int = 4) -> list[dict[str, str]]:
    """A unified diff of the two as indented JSON."""
    old = json.dumps(before, indent=2, ensure_ascii=False, sort_keys=True).split("\n") if before else []
    new = json.dumps(after, indent=2, ensure_ascii=False, sort_keys=True).split("\n")
    lines = []
    for line in list(difflib.unified_diff(old, new, lineterm="", n=context))[2 : MAX_LINES + 2]:
        kind = {"+": "add", "-": "del", "@": "hunk"}.get(line[:1], "same")
        lines.append({"type": kind, "text": line})
    return lines


def side_by_side(before: Document | None, after: Document | None) -> list[dict[str, str]]:
    """Two documents as indented JSON, line beside line: {left, right, type: same|add|del|change}; one may be missing."""
    old = _lines(before)
    new = _lines(after)
    rows: list[dict[str, str]] = []
    for what, i1, i2, j1, j2 in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        for number in range(max(i2 - i1, j2 - j1)):
            left = old[i1 + number] if i1 + number < i2 else ""
            right = new[j1 + number] if j1 + number < j2 else ""
            kind = "same" if what == "equal" else "change" if left and right else "del" if left else "add"
            rows.append({"left": left, "right": right, "type": kind})
    return rows[:MAX_LINES]


def _lines(document: Document | None) -> list[str]:
    # Long ones would take the matcher too long: what is shown is what is kept anyway.
    text = "" if document is None else json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)
    return text.split("\n")[:MAX_SIDE] if text else []
