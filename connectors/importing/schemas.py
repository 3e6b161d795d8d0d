"""Schemas of OpenAPI 3.0 and 3.1 as JSON Schemas of 2020-12 that stand alone.

Only keywords that have the right form are carried, so that what comes out is a schema. References stay references: each
part of the description is translated once, and a schema takes along those parts that it reaches.
"""

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import unquote

from django.utils.translation import gettext as _

from connectors.importing.keywords import (
    COUNTS,
    FLAGS,
    MANY,
    NAMED,
    NUMBERS,
    ONE,
    PLAIN,
    PROSE,
    TEXTS,
    TYPES,
    VALUES,
    Schema,
    are_names,
    is_keepable,
    is_number,
    is_pattern,
    references,
    without_prose,
)
from connectors.importing.taken import Taken, cut

MOST_LEVELS = 32
_MOST_PROSE = 300


class Schemas:
    """The schemas of one description."""

    def __init__(self, taken: Taken, root: dict[str, Any], *, old: bool) -> None:
        self._taken, self._root, self._old = taken, root, old
        # Of each part that is referred to: its name under $defs; and by name its schema, translated when it is first reached.
        self._names: dict[str, str] = {}
        self._parts: dict[str, Schema] = {}
        self._waiting: list[tuple[str, Any]] = []
        self._alike: Counter[str] = Counter()
        self._measured: dict[tuple[str, bool], tuple[Schema, int, list[str]]] = {}

    def translated(self, value: Any, place: str) -> Schema:
        """The schema as 2020-12; what it reaches is translated with it."""
        made = self._schema(value, place, 0)
        while self._waiting:
            name, target = self._waiting.pop()
            self._parts[name] = self._schema(target, f"$defs.{name}", 0)
        return made

    def alone(self, schema: Schema, most: int, place: str, *, bare: bool = False) -> Schema:
        """The schema with the parts that it reaches, in at most so many bytes of JSON; bare of prose and defaults if asked.

        Where they do not fit, prose and defaults go first; then parts, the farthest first, become “anything”.
        """
        found, left = self._collected(schema, most, bare=bare)
        if not left:
            return found
        found, left = self._collected(schema, most, bare=True)
        if not left:
            self._taken.remark(_("%s: without its prose and defaults, which were too large.") % place)
            return found
        told = {"place": place, "names": ", ".join(left[:8])}
        self._taken.remark(_("%(place)s: too large; these parts of it take anything: %(names)s.") % told)
        return found

    def _collected(self, schema: Schema, most: int, *, bare: bool) -> tuple[Schema, list[str]]:
        first = without_prose(schema) if bare else schema
        if isinstance(first, bool):
            return first, []
        size = len(json.dumps(first)) + 20
        if size > most:
            return {}, [_("all of it")]
        parts: dict[str, Schema] = {}
        left: list[str] = []
        waiting = references(first)
        for name in waiting:  # grows while it is walked: the nearest come first
            if name in parts:
                continue
            part, own, further = self._part(name, bare=bare)
            if size + own > most:
                left.append(name)
                part, own, further = True, len(name) + 12, []
                if size + own > most:
                    return {}, [_("all of it")]
            size += own
            parts[name] = part
            waiting += further
        return (first | {"$defs": parts} if parts else first), left

    def _part(self, name: str, *, bare: bool) -> tuple[Schema, int, list[str]]:
        """A part, its share of the size, and what it leads to."""
        known = self._measured.get((name, bare))
        if known is None:
            part = self._parts.get(name, True)
            part = without_prose(part) if bare else part
            known = part, len(json.dumps(part)) + len(name) + 6, references(part)
            self._measured[name, bare] = known
        return known

    def resolved(self, value: Any, place: str) -> Any:
        """What a reference object (of a parameter, a body, an answer) leads to; a thing that is none is itself."""
        seen: set[str] = set()
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            pointer = value["$ref"]
            if pointer in seen:
                self._taken.remark(_("%s: the reference leads back to itself; it is left out.") % place)
                return None
            seen.add(pointer)
            value = self._target(pointer, place)
        return value

    def _target(self, pointer: str, place: str) -> Any:
        if not pointer.startswith("#/"):
            self._taken.remark(_("%(place)s: “%(pointer)s” is outside of the file and is not fetched; it is left out.")
                               % {"place": place, "pointer": pointer[:100]})  # fmt: skip
            return None
        here: Any = self._root
        for step in pointer[2:].split("/"):
            step = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(here, dict) and step in here:
                here = here[step]
            elif (
                isinstance(here, list) and step.isascii() and step.isdigit() and len(step) < 7 and int(step) < len(here)
            ):
                here = here[int(step)]
            else:
                self._taken.remark(_("“%s” leads nowhere.") % pointer[:120])
                return None
        return here

    def _reference(self, pointer: str, place: str) -> Schema:
        name = self._names.get(pointer)
        if name is None:
            target = self._target(pointer, place)
            if target is None:
                return True
            name = self._named(pointer)
            self._names[pointer] = name
            self._parts[name] = True
            self._waiting.append((name, target))
        return {"$ref": f"#/$defs/{name}"}

    def _named(self, pointer: str) -> str:
        last = re.sub(r"[^A-Za-z0-9_.-]", "_", unquote(pointer.rpartition("/")[2]))[:80] or "part"
        name = last
        while name in self._parts:
            self._alike[last] += 1
            name = f"{last}_{self._alike[last] + 1}"
        return name

    def _schema(self, value: Any, place: str, level: int) -> Schema:
        if isinstance(value, bool):
            return value
        if not isinstance(value, dict):
            self._taken.remark(_("%s: a schema is expected; it takes anything.") % place)
            return True
        if level > MOST_LEVELS:
            self._taken.remark(_("%s: nested too deep; what lies below takes anything.") % place)
            return True
        pointer = value.get("$ref")
        if isinstance(pointer, str):
            found = self._reference(pointer, place)
            # Beside a reference, 3.0 heeds nothing but what makes it null.
            beside: dict[str, Any] = {} if self._old else {name: one for name, one in value.items() if name != "$ref"}
            more = self._keywords(beside, place, level)
            made: Schema = found if not more else (found if isinstance(found, dict) else {}) | more
            return _or_null(made) if self._old and value.get("nullable") is True else made
        return self._nullable(self._keywords(value, place, level), value)

    def _keywords(self, value: dict[str, Any], place: str, level: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, one in value.items():
            here = f"{place}.{name}"
            found: Any = None
            if name in ONE:
                found = self._schema(one, here, level + 1)
            elif name == "items":
                found = self._items(one, here, level, made)
            elif name in MANY and isinstance(one, list) and one:
                found = [self._schema(each, f"{here}.{at}", level + 2) for at, each in enumerate(one)]
            elif name in NAMED and isinstance(one, dict):
                sound = {key: each for key, each in one.items() if name != "patternProperties" or is_pattern(key)}
                found = {key: self._schema(each, f"{here}.{key}"[:200], level + 2) for key, each in sound.items()}
            else:
                found = self._plain(name, one)
            if found is not None:
                made[name] = found
            elif name not in PLAIN and not name.startswith("x-") and not (self._old and isinstance(one, bool)):
                self._taken.remark(_("%s: not carried.") % here[:200])
        return self._bounds(made, value) if self._old else made

    def _items(self, value: Any, place: str, level: int, made: dict[str, Any]) -> Schema | None:
        if not isinstance(value, list):
            return self._schema(value, place, level + 1)
        # Before 2020-12 a list meant one schema for each place.
        if value:
            made["prefixItems"] = [self._schema(each, f"{place}.{at}", level + 2) for at, each in enumerate(value)]
        return None

    def _plain(self, name: str, value: Any) -> Any:
        """The value of a keyword that holds no schema, if it has the form that the keyword asks for."""
        if name in PROSE and isinstance(value, str):
            return cut(value.strip(), _MOST_PROSE)
        if name in TEXTS and isinstance(value, str) and len(value) <= 200:
            return value
        if name == "pattern" and isinstance(value, str) and is_pattern(value):
            return value
        if name in NUMBERS and is_number(value) and (name != "multipleOf" or value > 0):
            return value
        if name in COUNTS and is_number(value) and value >= 0 and value == int(value):
            return int(value)
        if name in FLAGS and isinstance(value, bool):
            return value
        if name == "enum" and isinstance(value, list) and value and is_keepable(value):
            return value
        if name in VALUES and value is not None and is_keepable(value):
            return value
        if name == "required" and are_names(value):
            return list(dict.fromkeys(value))
        if name == "dependentRequired" and isinstance(value, dict) and all(are_names(one) for one in value.values()):
            return {key: list(dict.fromkeys(one)) for key, one in value.items()}
        if name == "type":
            return self._type(value)
        return None

    @staticmethod
    def _type(value: Any) -> Any:
        if isinstance(value, str):
            return value if value in TYPES else None
        if isinstance(value, list) and value and all(isinstance(one, str) and one in TYPES for one in value):
            return list(dict.fromkeys(value))
        return None

    @staticmethod
    def _bounds(made: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
        """3.0 says beside a bound, with yes or no, whether the bound itself is left out."""
        for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if value.get(flag) is True and bound in made:
                made[flag] = made.pop(bound)
        return made

    def _nullable(self, made: dict[str, Any], value: dict[str, Any]) -> Schema:
        if not self._old or value.get("nullable") is not True:
            return made
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"] if made["type"] != "null" else "null"
            if "enum" in made and None not in made["enum"]:
                made["enum"] = [*made["enum"], None]
            # Parts beside the type would refuse null again.
            return made if not set(made) & {"allOf", "anyOf", "oneOf", "const", "not"} else _or_null(made)
        return _or_null(made) if made else made


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
