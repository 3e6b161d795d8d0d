"""What a schema of an event must be before it is looked at any further: of a known dialect, sound, and of bounded size."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.schemas.references import Lookup, reference_problems
from events.schemas.walking import DRAFT_07, DRAFT_2020, dialect_of, pointer_of, walk
from portal.json_bounds import holds_nul
from portal.refusals import Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_SCHEMAS = 5_000
MAX_VALUES = 1_000
MAX_PATTERN = 500
MAX_NUMBER = 2**53
_NUMBERS = (
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
)
# What would make the meaning of a part depend on where it is looked at from.
_UNSUPPORTED: dict[str, Promise] = {
    "$anchor": gettext_lazy("Name it under $defs and refer to it as #/$defs/name."),
    "$dynamicRef": gettext_lazy("Refer to one schema with $ref."),
    "$dynamicAnchor": gettext_lazy("Name it under $defs and refer to it as #/$defs/name."),
    "$recursiveRef": gettext_lazy("Refer to one schema with $ref."),
    "$recursiveAnchor": gettext_lazy("Name it under $defs and refer to it as #/$defs/name."),
    "$vocabulary": gettext_lazy("It belongs to meta-schemas."),
}
# Linear in the length of what is matched, whatever the pattern: look-around and back-references do not exist in it.
PATTERNS = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=2_000_000)


def problems_of(schema: object, lookup: Lookup) -> list[Problem]:
    """Everything that is wrong with a schema, each with the JSON pointer where. Bounded in time and memory."""
    size = _size_problem(schema)
    if size is not None:
        return [size]
    assert isinstance(schema, dict)
    if dialect_of(schema) not in (DRAFT_2020, DRAFT_07):
        message = _("Use the dialect %(newer)s or %(older)s.") % {"newer": DRAFT_2020, "older": DRAFT_07}
        return [Problem("/$schema", message, "dialect")]
    found = _meta_problems(schema)
    if found:
        return found
    if schema.get("type") != "object":
        found.append(Problem("/type", _('An event is an object: the schema says "type": "object".'), "not_an_event"))
    for pointer, one in walk(schema):
        if isinstance(one, dict):
            found += _part_problems(pointer, one)
    return found or reference_problems(schema, lookup)


def _size_problem(schema: object) -> Problem | None:
    if not isinstance(schema, dict):
        return Problem("", _("A schema is an object."), "not_an_object")
    level: list[object] = [schema]
    nodes = 0
    for _depth in range(MAX_DEPTH + 1):
        nodes += len(level)
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level or nodes > 10 * MAX_SCHEMAS:
            break
    if level:
        return Problem("", _("The schema is nested deeper than %d levels, or holds too much.") % MAX_DEPTH, "too_deep")
    try:
        text = orjson.dumps(schema)
    except TypeError:
        return Problem("", _("The schema holds a value that JSON cannot carry."), "not_json")
    if len(text) > MAX_BYTES:
        return Problem("", _("The schema is larger than %d kB.") % (MAX_BYTES // 1024), "too_large")
    if holds_nul(text):
        return Problem("", _("The schema holds a NUL character."), "nul_character")
    if sum(1 for _one in walk(schema)) > MAX_SCHEMAS:
        return Problem("", _("The schema holds more than %d schemas.") % MAX_SCHEMAS, "too_large")
    return None


def _meta_problems(schema: dict[str, Any]) -> list[Problem]:
    """What the meta-schema of its dialect has against it, and patterns that cannot be compiled within bounds."""
    try:
        jsonschema_rs.meta.validate(schema)
    except jsonschema_rs.ValidationError as error:
        return [Problem(pointer_of(error.instance_path), error.message[:300], "meta_schema")]
    found = []
    for pointer, one in walk(schema):
        if not isinstance(one, dict):
            continue
        patterns = [(f"{pointer}/pattern", one["pattern"])] if isinstance(one.get("pattern"), str) else []
        patterns += [(f"{pointer}/patternProperties", name) for name in one.get("patternProperties") or {}]
        for where, pattern in patterns:
            if not compiles(pattern):
                found.append(
                    Problem(
                        where,
                        _(
                            "“%(pattern)s” is not a pattern that can be matched in bounded time: at most %(most)d characters, "
                            "no look-around, no back-references."
                        )
                        % {"pattern": pattern[:60], "most": MAX_PATTERN},
                        "pattern",
                    )
                )
    return found


def compiles(pattern: str) -> bool:
    """Whether a pattern is matched in time linear in the text."""
    if len(pattern) > MAX_PATTERN:
        return False
    try:
        jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=PATTERNS, offline=True)
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def _part_problems(pointer: str, one: Mapping[str, Any]) -> list[Problem]:
    found = [
        Problem(
            f"{pointer}/{keyword}", " ".join([_("%s is not supported here.") % keyword, str(instead)]), "unsupported"
        )
        for keyword, instead in _UNSUPPORTED.items()
        if keyword in one
    ]
    if pointer and "$id" in one:
        found.append(Problem(f"{pointer}/$id", _("Only the whole schema has an $id."), "unsupported"))
    if pointer and "$schema" in one:
        found.append(Problem(f"{pointer}/$schema", _("Only the whole schema names its dialect."), "unsupported"))
    if len(one.get("enum") or ()) > MAX_VALUES:
        found.append(Problem(f"{pointer}/enum", _("At most %d values.") % MAX_VALUES, "too_large"))
    found += [
        Problem(f"{pointer}/{keyword}", _("At most %d.") % MAX_NUMBER, "too_large")
        for keyword in _NUMBERS
        if isinstance(one.get(keyword), int | float) and one[keyword] > MAX_NUMBER
    ]
    return found
