"""OSI (Open Semantic Interchange) 0.1.1, as JSON or YAML. What it has no place for travels in `custom_extensions`."""

import json
from typing import Any

from metrics.interchange.forms import (
    MOST_METRICS,
    Taken,
    Unreadable,
    blank,
    listed,
    mapping,
    own_fields,
    take_own,
    text,
)
from portal.registry.documents import Document

VERSION = "0.1.1"
VENDOR = "COMMON"
_KNOWN = frozenset({"name", "expression", "description", "ai_context", "custom_extensions"})


def read(root: Any, today: str) -> list[Taken]:
    """The metrics of every semantic model of a file. Raises Unreadable."""
    told = mapping(root, "the file")
    version = text(told.get("version"))
    if version != VERSION:
        raise Unreadable(f"version: “{version[:40]}” is not read; write {VERSION}.")
    found: list[Taken] = []
    for number, value in enumerate(listed(told.get("semantic_model"), "semantic_model")):
        model = mapping(value, f"semantic_model[{number}]")
        sources = [
            text(one.get("source")) for one in listed(model.get("datasets"), "datasets") if isinstance(one, dict)
        ]
        for at, one in enumerate(listed(model.get("metrics"), f"semantic_model[{number}].metrics")):
            found.append(_metric(one, f"semantic_model[{number}].metrics[{at}]", sources, today))
    if len(found) > MOST_METRICS:
        raise Unreadable(f"It has more than {MOST_METRICS} metrics.")
    return found


def _metric(value: Any, place: str, sources: list[str], today: str) -> Taken:
    metric = mapping(value, place)
    name = text(metric.get("name"))
    taken = Taken(f"{place} {name}", blank(today))
    document = taken.document
    document |= {
        "key": name,
        "name": name.replace("_", " ").capitalize(),
        "description": text(metric.get("description")),
    }
    document["primary_source"] = sources[0][:300] if len(sources) == 1 else ""
    expression = metric.get("expression")
    dialects = (
        listed(expression.get("dialects"), f"{place}.expression.dialects") if isinstance(expression, dict) else []
    )
    chosen = [mapping(one, f"{place}.expression.dialects") for one in dialects]
    if chosen:
        first = next((one for one in chosen if one.get("dialect") == "ANSI_SQL"), chosen[0])
        # Without an expression of its own, its key stands in.
        document["expression"] = "" if text(first.get("expression")) == name else text(first.get("expression"))
        taken.lost += [f"the expression in {text(one.get('dialect'))}" for one in chosen if one is not first]
    for one in listed(metric.get("custom_extensions"), f"{place}.custom_extensions"):
        extension = mapping(one, f"{place}.custom_extensions")
        if extension.get("vendor_name") != VENDOR:
            taken.lost.append(f"the extension of {text(extension.get('vendor_name'))[:60]}")
            continue
        extras = _extras(extension.get("data"), place)
        document["name"] = text(extras.pop("label", "")) or document["name"]
        document["expression"] = text(extras.pop("expression", "")) or document["expression"]
        taken.lost += [f"extension field “{one}”" for one in take_own(document, extras)]
    if metric.get("ai_context"):
        taken.lost.append("ai_context")
    taken.lost += [f"unknown key “{one}”" for one in metric if one not in _KNOWN]
    return taken


def _extras(data: Any, place: str) -> dict[str, Any]:
    try:
        return mapping(json.loads(data) if isinstance(data, str) else data, f"{place}.custom_extensions.data")
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"{place}.custom_extensions.data: it is no JSON: {error}.") from None


def write(documents: list[Document]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """A file of documents, and per key what OSI itself has no place for."""
    metrics, lost = [], {}
    for one in documents:
        own = {"label": one["name"], **own_fields(one)}
        lost[one["key"]] = [f"{name} (in custom_extensions)" for name in own]
        expression = one.get("expression") or one["key"]
        if not one.get("expression"):
            lost[one["key"]].append("expression (OSI demands one: its key stands in)")
        else:
            own["expression"] = one["expression"]
        metrics.append({
            "name": one["key"],
            "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": expression}]},
            "description": one["description"],
            "custom_extensions": [{"vendor_name": VENDOR, "data": json.dumps(own, ensure_ascii=False, sort_keys=True)}],
        })  # fmt: skip
    model = {"name": "dictionary", "description": "The dictionary of metrics.", "datasets": [], "metrics": metrics}
    return {"version": VERSION, "semantic_model": [model]}, lost
