"""JSON and YAML as a tree that knows its lines: bounded, and built from a stream of events, so that nothing deep grows."""

import json
import re
from dataclasses import dataclass, field

import yaml

MOST_DEPTH = 80
MOST_NODES = 300_000
# JSON writes characters beyond the first 65,536 as two halves, which YAML does not take; they are no part of a key.
_HALVES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


@dataclass
class Place:
    """A value with the line (from 1) on which it stands: a text (numbers and truths too), or a mapping, or a list."""

    line: int
    text: str | None = None
    parts: "dict[str, Place] | None" = None
    items: "list[Place]" = field(default_factory=list)

    def at(self, *names: str) -> "Place":
        """What stands under these names, one in the other; an empty place where there is none."""
        found = self
        for name in names:
            found = (found.parts or {}).get(name) or Place(self.line)
        return found

    @property
    def members(self) -> "list[Place]":
        """All that is directly in it."""
        return self.items if self.parts is None else list(self.parts.values())


def read(text: bytes, *, is_json: bool) -> Place:
    """The tree of one document; an alias is an empty place. Raises ValueError for what is broken, too deep or too large."""
    try:
        told = text.decode("utf-8-sig")
        if is_json:
            json.loads(told)
            told = _HALVES.sub("?", told)
        return _tree(told)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        raise ValueError(f"{getattr(error, 'problem', None) or 'it does not parse'}{where}.") from None


def _tree(told: str) -> Place:
    top = Place(1)
    # Each open mapping or list, with the key whose value comes next.
    stack: list[tuple[Place, list[str]]] = []
    count = 0
    for event in yaml.parse(told, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.events.CollectionEndEvent):
            stack.pop()
            continue
        if isinstance(event, yaml.events.DocumentEndEvent):
            return top
        if not isinstance(event, yaml.events.NodeEvent):
            continue
        count += 1
        if count > MOST_NODES:
            raise ValueError(f"it has more than {MOST_NODES} values.")
        place = Place(event.start_mark.line + 1 if event.start_mark is not None else 1)
        if isinstance(event, yaml.events.ScalarEvent):
            place.text = event.value
        elif isinstance(event, yaml.events.MappingStartEvent):
            place.parts = {}
        if not stack:
            top = place
        else:
            _put(*stack[-1], place)
        if isinstance(event, yaml.events.CollectionStartEvent):
            stack.append((place, []))
            if len(stack) > MOST_DEPTH:
                raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels.")
    return top


def _put(holder: Place, waiting: list[str], place: Place) -> None:
    if holder.parts is None:
        holder.items.append(place)
    elif waiting:
        holder.parts[waiting.pop()] = place
    else:
        waiting.append(place.text or "")
