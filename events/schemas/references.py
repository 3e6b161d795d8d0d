"""References between schemas, and schemas made whole.

A reference to another family is the relative address at which its file lies beside this one (`docs/schemas/events/<family>/
<version>.json`): `../money/1.0.0.json` or `../money/1.0.0.json#/$defs/amount`. Every tool resolves it from the files as they are;
nothing is ever fetched.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _

from events.schemas.walking import Schema, at, dialect_of, escaped, walk
from portal.refusals import Problem

Name = tuple[str, str]  # family, version
Lookup = Callable[[str, str], Schema | None]

MOST_REFERRED = 50
# What may stand in a URI as it is (RFC 3986), but for percent encoding, which a name inside a schema needs nowhere.
_POINTER = r"#(?:/[A-Za-z0-9._~!$&'()*+,;=:@?/-]*)?"
_LOCAL = re.compile(_POINTER)
_PART = r"(?:0|[1-9]\d{0,4})"
_OUTER = re.compile(
    rf"\.\./(?P<family>[a-z][a-z0-9_-]{{0,59}})/(?P<version>{_PART}\.{_PART}\.{_PART})\.json(?P<inner>{_POINTER})?",
    re.ASCII,
)


def outer(reference: str) -> tuple[Name, str] | None:
    """What a reference names outside its own schema: family and version, and the pointer inside; None for a local one."""
    match = _OUTER.fullmatch(reference)
    return ((match["family"], match["version"]), (match["inner"] or "#")[1:]) if match else None


def referred(schema: Schema) -> list[Name]:
    """The (family, version) that a schema refers to directly, each once, in order."""
    found = []
    for _pointer, one in walk(schema):
        named = outer(one["$ref"]) if isinstance(one, dict) and isinstance(one.get("$ref"), str) else None
        if named is not None:
            found.append(named[0])
    return list(dict.fromkeys(found))


def reference_problems(schema: Schema, lookup: Lookup) -> list[Problem]:
    """References that are of another form, lead nowhere, to another dialect, or round in a circle without an end."""
    found = []
    for pointer, one in walk(schema):
        if not isinstance(one, dict) or "$ref" not in one:
            continue
        reference, here = one["$ref"], f"{pointer}/$ref"
        named = outer(reference) if isinstance(reference, str) else None
        if not isinstance(reference, str) or (named is None and not _LOCAL.fullmatch(reference)):
            found.append(
                Problem(
                    here,
                    _(
                        "A reference is local (#/$defs/name) or leads to another family (../money/1.0.0.json). Nothing is "
                        "fetched from a network. Names in it are of ASCII letters, digits and signs of a URI."
                    ),
                    "reference",
                )
            )
        elif named is None:
            if at(schema, reference[1:]) is None:
                found.append(Problem(here, _("There is nothing at %s in this schema.") % reference, "dangling"))
        else:
            (family, version), inner = named
            target = lookup(family, version)
            names = {"family": family, "version": version, "inner": inner}
            if target is None:
                found.append(
                    Problem(here, _("There is no version %(version)s of a family “%(family)s”.") % names, "dangling")
                )
            elif at(target, inner) is None:
                found.append(
                    Problem(here, _("There is nothing at #%(inner)s in %(family)s %(version)s.") % names, "dangling")
                )
            elif dialect_of(target) != dialect_of(schema):
                found.append(
                    Problem(here, _("%(family)s %(version)s is written in another dialect.") % names, "dialect")
                )
    return found or _circles(schema)


def _circles(schema: Schema) -> list[Problem]:
    """References that are followed for ever without a step into the event."""
    for pointer, one in walk(schema):
        seen: list[str] = []
        here: Any = one
        while isinstance(here, dict) and isinstance(here.get("$ref"), str) and here["$ref"].startswith("#"):
            if here["$ref"] in seen:
                return [Problem(f"{pointer}/$ref", _("%s leads round in a circle.") % here["$ref"], "circle")]
            seen.append(here["$ref"])
            here = at(schema, here["$ref"][1:])
    return []


class Unresolved(Exception):
    """A schema refers to one that is not there (any more), or to too many."""


def bundled(schema: Schema, lookup: Lookup) -> Schema:
    """The schema with all it refers to inside it, under `$defs`; it means the same on its own. Raises Unresolved."""
    if not isinstance(schema, dict):
        return schema
    whole = deepcopy(schema)
    home = "definitions" if "definitions" in whole else "$defs"
    inside: dict[str, Schema] = {}

    def placed(name: Name) -> str:
        return f"/{home}/{escaped('@'.join(name))}"

    waiting = turned(whole, "", placed)
    while waiting:
        family, version = waiting.pop(0)
        label = f"{family}@{version}"
        if label in inside:
            continue
        if len(inside) >= MOST_REFERRED:
            raise Unresolved(_("It refers to more than %d other schemas.") % MOST_REFERRED)
        target = lookup(family, version)
        if target is None:
            names = {"version": version, "family": family}
            raise Unresolved(_("There is no version %(version)s of a family “%(family)s”.") % names)
        copy = deepcopy(target)
        if isinstance(copy, dict):
            copy.pop("$schema", None)
            copy.pop("$id", None)
        inside[label] = copy
        waiting += turned(copy, placed((family, version)), placed)
    whole.pop("$id", None)
    if inside:
        whole[home] = dict(whole.get(home) or {}) | inside
    return whole


def embedded(schema: Schema, pointer: str) -> Schema:
    """A bundled schema as it reads when it stands at a place inside another one."""
    if not isinstance(schema, dict):
        return schema
    inside = {name: part for name, part in deepcopy(schema).items() if name not in ("$schema", "$id")}
    turned(inside, pointer, lambda name: f"/$defs/{escaped('@'.join(name))}")
    return inside


def turned(schema: Schema, here: str, placed: Callable[[Name], str]) -> list[Name]:
    """Turn the references of a schema, in place, for a document in which it stands at the pointer `here`.

    `placed` says at which pointer another version stands there. Returns what it named outside, in order.
    """
    found = []
    for _pointer, one in walk(schema):
        if not isinstance(one, dict) or not isinstance(one.get("$ref"), str):
            continue
        named = outer(one["$ref"])
        if named is not None:
            one["$ref"] = f"#{placed(named[0])}{named[1]}"
            found.append(named[0])
        elif one["$ref"].startswith("#"):
            one["$ref"] = f"#{here}{one['$ref'][1:]}"
    return found


def misread(value: Any, schema: Schema = None) -> bool:
    """Whether a value holds a `$ref` that is no reference: in an example, or in a constant or unknown keyword of a schema.

    Tools that read documents follow every one of them, be it to a file or into a network. For a schema, give it as both.
    """
    real = {id(one) for _pointer, one in walk(schema)}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("$ref"), str) and id(one) not in real:
                return True
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False
