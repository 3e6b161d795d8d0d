"""Making a document of what was seen: tools taken over as operations with their pins, pins brought up to what is shown.

The functions on documents are pure; `repin` opens the change. What a server says of itself is only a beginning: the author
looks at it, and those who sign it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from connectors import rules, versions
from connectors.contract import NAME
from connectors.models import Connector, ConnectorKind, KnownTool
from connectors.models.verification import ToolState
from connectors.tools.fingerprints import ASPECTS, Fingerprints
from connectors.tools.probing import SeenTool
from connectors.tools.standing import prints_of
from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.changes.services import Draft
from portal.people.actors import Actor
from portal.people.guards import require
from portal.refusals import Invalid, Missing, Problem
from portal.registry.documents import Document
from portal.roles import Permission

_ERRORS = [{"code": "tool_error", "meaning": "The tool answered with an error.", "retryable": False}]
NAMED = 5
MAX_NAME = 100


@dataclass(frozen=True)
class Shown:
    """A tool as it is shown now, under the name it was approved by; `definition` is None where it is gone."""

    name: str
    prints: Fingerprints
    definition: Mapping[str, Any] | None
    now_called: str = ""


def pin_of(name: str, prints: Fingerprints) -> Document:
    """The pin of a tool, as a document holds it."""
    return {"operation": name} | {f"{aspect}_digest": getattr(prints, aspect) for aspect in ASPECTS}


def problem_of(shown: Shown) -> str:
    """What stands against pinning what is shown; empty when nothing does."""
    if shown.definition is None:
        return ""
    if not shown.prints.readable:
        return _("It cannot be compared: it is nested too deeply, or listed twice in two ways.")
    name = shown.now_called or shown.name
    if len(name) > MAX_NAME or not re.match(NAME, name):
        return _("Its name cannot be the name of an operation.")
    return ""


def schemas_problem(shown: Shown) -> str:
    """What stands against the contract following the schemas that are shown; empty when nothing does."""
    if shown.definition is None:
        return ""
    for name in ("inputSchema", "outputSchema"):
        schema = shown.definition.get(name)
        if isinstance(schema, dict) and schema.get("truncated"):
            return _("Its schemas are too large to be kept.")
        found = rules.schema_problem(schema) if schema is not None else ""
        if found:
            return found
    return ""


def operation_of(shown: Shown) -> Document:
    """An operation of a contract as the tool describes itself. Without a word about it, it writes, and outside."""
    definition = shown.definition or {}
    hints = definition.get("annotations") or {}
    reads = hints.get("readOnlyHint") is True
    told = str(definition.get("description") or definition.get("title") or "").strip()
    return {
        "name": shown.now_called or shown.name,
        "description": told[:500] or _("To be described."),
        "effect": "read" if reads else "write",
        "external_side_effect": not reads and hints.get("openWorldHint") is not False,
        **_schemas(definition),
        "errors": deepcopy(_ERRORS),
    }


def _schemas(definition: Mapping[str, Any]) -> Document:
    output = definition.get("outputSchema")
    return {
        "input_schema": definition.get("inputSchema") or {"type": "object"},
        # A tool without one promises no form.
        "output_schema": {} if output is None else output,
    }


def taken_over(document: Document, shown: Iterable[Shown]) -> Document:
    """The document with these tools as operations, where they are none yet, and pinned as they are shown."""
    made = deepcopy(document)
    operations = made.setdefault("facets", {}).setdefault("contract", {}).setdefault("operations", [])
    names = {one.get("name") for one in operations if isinstance(one, dict)}
    for one in shown:
        if one.name not in names:
            operations.append(operation_of(one))
        _set_pin(made, one.name, pin_of(one.name, one.prints))
    return made


def repinned(document: Document, shown: Iterable[Shown], *, follow: bool) -> Document:
    """The document with the pins of these tools as they are shown; gone ones are taken out, renamed ones renamed.

    `follow`: the schemas of the contract become those that are shown. The version of the contract goes on as far as that needs.
    """
    made = deepcopy(document)
    for one in shown:
        operations: list[Document] = made["facets"]["contract"]["operations"]
        if one.definition is None:
            made["facets"]["contract"]["operations"] = [each for each in operations if each["name"] != one.name]
            _set_pin(made, one.name, None)
            _called(made, one.name, "")
            continue
        name = one.now_called or one.name
        operation = next((each for each in operations if each["name"] == one.name), None)
        if operation is None:
            operations.append(operation_of(one))
        else:
            operation["name"] = name
            if follow:
                operation |= _schemas(one.definition)
        if name != one.name:
            _set_pin(made, one.name, None)
            _called(made, one.name, name)
        _set_pin(made, name, pin_of(name, one.prints))
    made["facets"]["version"]["number"] = needed_version(document, made)
    return made


def _set_pin(document: Document, name: str, pin: Document | None) -> None:
    profile = document.setdefault("runtime_tool", {})
    pins = [one for one in profile.get("tool_pins") or [] if isinstance(one, dict)]
    place = next((number for number, one in enumerate(pins) if one.get("operation") == name), len(pins))
    pins[place : place + 1] = [pin] if pin is not None else []
    profile["tool_pins"] = pins


def _called(document: Document, name: str, now_called: str) -> None:
    """Name an operation anew in the allowlist, or leave it out; who is left with nothing is left out too."""
    kept = []
    for line in document["runtime_tool"].get("allowlist") or []:
        names = [now_called if one == name else one for one in line["operations"]]
        names = list(dict.fromkeys(one for one in names if one))
        if names:
            kept.append(line | {"operations": names})
    document["runtime_tool"]["allowlist"] = kept


def needed_version(before: Document, after: Document) -> str:
    """The least version of the contract that the change from one document to the other needs."""
    number: str = before["facets"]["version"]["number"]
    old = versions.version_of(number)
    assert old is not None
    bump = versions.needed(versions.reasons(before, after))
    return number if bump == versions.Bump.NONE else str(versions.least(old, bump))


def shown_of(seen: SeenTool) -> Shown:
    """A tool of a look that was not kept."""
    return Shown(seen.name, seen.prints, seen.kept())


def shown_row(row: KnownTool, others: Mapping[str, KnownTool]) -> Shown:
    """A known tool as it is shown now."""
    if row.state == ToolState.RENAMED and row.renamed_to in others:
        now = others[row.renamed_to]
        return Shown(row.name, prints_of(now), now.seen.definition if now.seen else None, now.name)
    gone = row.state in (ToolState.GONE, ToolState.UNSEEN) or row.seen is None
    return Shown(row.name, prints_of(row), None if gone or row.seen is None else row.seen.definition)


def repin(*, actor: Actor, key: str, names: Sequence[str], follow: bool, now: datetime) -> ChangeRequest:
    """Open a draft change that approves these tools as their server shows them. Raises Forbidden, Missing, Invalid."""
    require(actor, Permission.PROPOSE)
    connector = Connector.objects.filter(key=key[:60], kind=ConnectorKind.RUNTIME_TOOL).first()
    if connector is None:
        raise Missing("no_such_connector", _("There is no runtime tool “%s”.") % key[:60])
    rows = {row.name: row for row in KnownTool.objects.filter(connector=connector).select_related("seen")}
    problems = [] if names else [Problem("tools", _("Choose at least one tool."), "choose")]
    chosen = []
    for name in dict.fromkeys(names):
        row = rows.get(name)
        if row is None or row.state == ToolState.UNSEEN:
            problems.append(Problem("tools", _("No look has shown anything of “%s”.") % name[:100], "unseen"))
            continue
        shown = shown_row(row, rows)
        wrong = problem_of(shown) or (schemas_problem(shown) if follow or row.state == ToolState.NEW else "")
        if wrong:
            problems.append(Problem("tools", f"{name[:100]}: {wrong}", "unusable"))
        chosen.append(shown)
    if problems:
        raise Invalid("tools", problems[0].message, problems)
    document = repinned(connector.document, chosen, follow=follow)
    listed = ", ".join(one.name for one in chosen[:NAMED]) + (", …" if len(chosen) > NAMED else "")
    return services.propose(
        actor=actor,
        kind_name=connector.kind,
        key=connector.key,
        draft=Draft(document=document, summary=(_("Approve as its server shows it: %s") % listed)[:300]),
        base_version=connector.version,
        now=now,
    )
