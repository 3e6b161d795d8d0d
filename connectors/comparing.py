"""Two versions of a connector, compared: what moves the version of its contract, how far it went, whether that is enough."""

from typing import Any, TypedDict

from connectors.versions import Bump, Reason, enough, moved, needed, operations_of, reasons, version_of
from portal.registry.documents import Document

_IN_CONTRACT = "facets.contract.operations["


class ReasonAnswer(TypedDict):
    """One thing that moves the version of the contract."""

    level: str
    path: str
    message: str


class OperationAnswer(TypedDict):
    """One operation that is added, removed or changed, how far that moves the version, and why."""

    name: str
    change: str
    level: str
    why: list[str]


class BumpAnswer(TypedDict):
    """How far the version of the contract had to move, and how far it did."""

    needed: str
    actual: str
    enough: bool
    before: str
    after: str


def operation_changes(before: Document, after: Document, found: list[Reason]) -> list[OperationAnswer]:
    """The operations that differ, by their names; those that are removed first."""
    old, new = operations_of(before), operations_of(after)
    told: list[OperationAnswer] = []
    for name in sorted(old.keys() | new.keys()):
        here = f"{_IN_CONTRACT}{name}]"
        mine = [one for one in found if one.path == here or one.path.startswith(f"{here}.")]
        if mine:
            change = "removed" if name not in new else "added" if name not in old else "changed"
            told.append(
                {"name": name, "change": change, "level": needed(mine).told, "why": [one.message for one in mine]}
            )
    return sorted(told, key=lambda one: (("removed", "changed", "added").index(one["change"]), one["name"]))


def bump_answer(before: Document, after: Document, found: list[Reason]) -> BumpAnswer:
    """The rule of the domain, over these two. An older version behind a newer one went nowhere."""
    old, new = (version_of(one["facets"]["version"]["number"]) for one in (before, after))
    assert old is not None
    assert new is not None
    bump = needed(found)
    actual = moved(old, new) if new >= old else Bump.NONE
    return {
        "needed": bump.told,
        "actual": actual.told,
        "enough": enough(old, new, bump),
        "before": str(old),
        "after": str(new),
    }


def compared(before: Document, after: Document) -> dict[str, Any]:
    """For the page: the reasons in words, the operations, the bump."""
    found = reasons(before, after)
    answer = bump_answer(before, after, found)
    return {
        "bump": answer | {"needed_words": needed(found).words, "actual_words": Bump[answer["actual"].upper()].words},
        "reasons": found,
        "operations": operation_changes(before, after, found),
    }


def reason_answers(found: list[Reason]) -> list[ReasonAnswer]:
    """For programs."""
    return [{"level": one.level.told, "path": one.path, "message": one.message} for one in found]
