"""What a plan says: for people, line by line, and for programs."""

import json
from collections.abc import Iterator
from typing import Any

from portal.changes.merging import ABSENT
from portal.files.planning import Action, Difference, Plan, Step
from portal.files.tree import Fault
from portal.registry import kinds

_MOST = 160


def lines(made: Plan) -> Iterator[str]:
    """What would change, what is retired or missing, and the counts. Faults are told by themselves."""
    for one in made.of(Action.CREATE, Action.CHANGE, Action.RETIRED):
        assert one.kind is not None
        yield f"{one.path}: {_head(one)}"
        yield from (f"    {_difference(part)}" for part in one.differences)
        yield from (f"    stands against submitting it now: {_place(fault)}" for fault in one.against)
        if one.note:
            yield f"    {one.note}"
    for entry in made.missing:
        yield f"registered, not in the files: {entry.kind.name} {entry.key} ({entry.state}, version {entry.version})"
    for name, number in made.elsewhere.items():
        kept = kinds.get(name).own_files
        yield f"{number} {name} registered, no directory here{f'; their files are {kept}' if kept else ''}"
    counts = made.counts
    yield (
        f"{counts[Action.CREATE]} to create, {counts[Action.CHANGE]} to change, {counts[Action.UNCHANGED]} unchanged,"
        f" {counts[Action.INVALID]} invalid, {counts[Action.RETIRED]} of retired entries."
    )


def _head(one: Step) -> str:
    assert one.kind is not None
    if one.action is Action.CREATE:
        return f"create {one.kind.name} {one.key}"
    if one.action is Action.CHANGE:
        return f"change {one.kind.name} {one.key} from version {one.base_version}"
    return f"{one.kind.name} {one.key} is retired: the file does nothing; people bring it back, or remove the file"


def _difference(part: Difference) -> str:
    return f"{part.path}: {_value(part.old)} → {_value(part.new)}"


def _value(value: Any) -> str:
    if value is ABSENT:
        return "(absent)"
    text = json.dumps(value, ensure_ascii=False)
    text = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _place(fault: Fault) -> str:
    return f"line {fault.line}, {fault.field}: {fault.message}" if fault.field else fault.message


def fault_line(fault: Fault) -> str:
    """path:line: field: message [code]"""
    place = f"{fault.path}:{fault.line}" if fault.line else fault.path
    field = f"{fault.field}: " if fault.field else ""
    return f"{place}: {field}{fault.message} [{fault.code}]"


def as_data(made: Plan) -> dict[str, Any]:
    """The same for programs: every file, values whole."""
    return {
        "counts": made.counts,
        "files": [_step(one) for one in made.steps],
        "missing": [
            {"kind": one.kind.name, "key": one.key, "state": str(one.state), "version": one.version}
            for one in made.missing
        ],
        "without_directory": made.elsewhere,
    }


def _step(one: Step) -> dict[str, Any]:
    return {
        "path": one.path,
        "action": one.action.value,
        "kind": one.kind.name if one.kind else "",
        "key": one.key,
        "base_version": one.base_version,
        "state": one.state.value,
        "differences": [
            {"path": part.path}
            | {name: value for name, value in (("old", part.old), ("new", part.new)) if value is not ABSENT}
            for part in one.differences
        ],
        "against": [_fault(fault) for fault in one.against],
        "problems": [_fault(fault) for fault in one.faults],
        "note": one.note,
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {"line": fault.line, "field": fault.field, "message": fault.message, "code": fault.code}
