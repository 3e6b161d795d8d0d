"""Three versions of one document, key by key: what was, what stands, what is proposed. Pure.

A key conflicts when both sides changed it, and differently. Rows that carry a name of their own (operations, agents, errors) are
compared by that name, other lists as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.registry.documents import Document

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "absent", "__bool__": lambda self: False})()
_IDENTITIES = ("name", "agent", "tool", "code")
CURRENT, PROPOSED = "current", "proposed"


@dataclass(frozen=True)
class Part:
    """One key at which the three versions are not all equal; ABSENT where a version lacks it."""

    path: str
    base: Any
    current: Any
    proposed: Any

    @property
    def conflict(self) -> bool:
        """Whether both sides changed it, and differently."""
        return bool(self.base != self.current and self.base != self.proposed and self.current != self.proposed)

    @property
    def side(self) -> str:
        """Which side a merge takes without being asked: the one that changed it."""
        return CURRENT if self.base == self.proposed else PROPOSED


def three_way(base: Document, current: Document, proposed: Document) -> list[Part]:
    """Every key that some side changed, in the order of the documents."""
    return list(_parts("", base, current, proposed))


def _identity(rows: Any) -> str:
    """The name by which rows of a list are told apart, if they have one that is unique."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        return ""
    for name in _IDENTITIES:
        values = [row.get(name) for row in rows]
        if all(isinstance(value, str) and value for value in values) and len(set(values)) == len(values):
            return name
    return ""


def _by_identity(sides: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Lists of named rows as mappings, when every side that has rows names them alike."""
    if not all(side is ABSENT or isinstance(side, list) for side in sides):
        return None
    names = {_identity(side) for side in sides if side is not ABSENT and side}
    if len(names) != 1 or names == {""}:
        return None
    name = names.pop()
    return tuple({row[name]: row for row in side} if side is not ABSENT else ABSENT for side in sides)


def _parts(path: str, *sides: Any) -> Any:
    base, current, proposed = sides
    if base == current == proposed:
        return
    keyed = _by_identity(sides)
    inner = keyed or sides
    if all(isinstance(side, Mapping) for side in inner):
        for key in dict.fromkeys(key for side in inner for key in side):
            here = f"{path}[{key}]" if keyed else f"{path}.{key}" if path else str(key)
            yield from _parts(here, *(side.get(key, ABSENT) for side in inner))
        return
    yield Part(path, base, current, proposed)


def unresolved(parts: list[Part], choices: Mapping[str, str]) -> list[str]:
    """The paths in conflict for which no side was chosen."""
    return [part.path for part in parts if part.conflict and choices.get(part.path) not in (CURRENT, PROPOSED)]


def merged(base: Document, current: Document, proposed: Document, choices: Mapping[str, str]) -> Document:
    """The document with every key from the side that changed it, or from the side that was chosen for it."""
    document: Document = _merge("", base, current, proposed, choices)
    return document


def _merge(path: str, base: Any, current: Any, proposed: Any, choices: Mapping[str, str]) -> Any:
    sides = (base, current, proposed)
    keyed = _by_identity(sides)
    inner = keyed or sides
    if base != current and base != proposed and current != proposed and all(isinstance(s, Mapping) for s in inner):
        made = {}
        for key in dict.fromkeys(key for side in (inner[1], inner[2], inner[0]) for key in side):
            here = f"{path}[{key}]" if keyed else f"{path}.{key}" if path else str(key)
            was, stands, wanted = (side.get(key, ABSENT) for side in inner)
            value = _merge(here, was, stands, wanted, choices)
            if value is not ABSENT:
                made[key] = value
        return list(made.values()) if keyed else made
    part = Part(path, base, current, proposed)
    chosen = choices.get(path, part.side) if part.conflict else part.side
    return current if chosen == CURRENT else proposed
