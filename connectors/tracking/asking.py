"""What a waiting task asks for, read from its `inputRequests`, and what stands against an answer. Pure rules.

Everything here comes from a server that may be broken or hostile: texts, numbers of fields and choices are bounded, and
a schema is never run. Only the flat fields that the protocol allows in forms are understood; all else is answered as JSON.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.utils.translation import gettext as _

from connectors.mcp import bounds
from portal.refusals import Problem
from portal.registry.documents import bounds_problem, canonical

MAX_REQUESTS: Final = 20
MAX_FIELDS: Final = 40
MAX_CHOICES: Final = 200
MAX_LABEL: Final = 200
MAX_MESSAGE: Final = 2000
MAX_STRING: Final = 10_000
MAX_ANSWER: Final = 64 * 1024
ELICITATION: Final = "elicitation/create"
ACTIONS: Final = ("accept", "decline", "cancel")


class Mode(StrEnum):
    """How a request is answered: field by field, as a JSON object, after a visit elsewhere, or as a whole JSON response."""

    FORM = "form"
    JSON = "json"
    URL = "url"
    WHOLE = "whole"


@dataclass(frozen=True)
class Field:
    """One flat field. `type` is string, number, integer, boolean or array (several of the choices)."""

    name: str
    type: str
    label: str
    help: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    least: float | None = None
    most: float | None = None
    min_length: int = 0
    max_length: int = MAX_STRING
    default: Any = None


@dataclass(frozen=True)
class Asked:
    """One request. `message` and `url` are the server's own words: to be shown as text only."""

    key: str
    mode: Mode
    message: str = ""
    url: str = ""
    fields: tuple[Field, ...] = field(default=())


def asked_of(input_requests: Mapping[str, Any] | None) -> tuple[Asked, ...]:
    """The requests that can be answered, at most 20; nothing where what the server sent was too large to be kept."""
    found = []
    for key, request in (input_requests or {}).items():
        if isinstance(request, Mapping) and 0 < len(key) <= MAX_LABEL and key.isprintable():
            found.append(_asked(key, request))
        if len(found) == MAX_REQUESTS:
            break
    return tuple(found)


def digest_of(value: Mapping[str, Any]) -> str:
    """The sha256 of a mapping's canonical JSON, in hex: names an answer, or what was asked, without showing it."""
    return hashlib.sha256(canonical(value)).hexdigest()


def answer_problems(asked: tuple[Asked, ...], answer: Mapping[str, Any]) -> list[Problem]:
    """What stands against an answer, with paths that begin with the key of the request."""
    bad = bounds_problem(answer)
    if bad is not None:
        return [bad]
    if not answer:
        return [Problem("", _("Answer at least one request."), "required")]
    if len(canonical(answer)) > MAX_ANSWER:
        return [Problem("", _("The answer is larger than %d kB.") % (MAX_ANSWER // 1024), "too_large")]
    by_key = {one.key: one for one in asked}
    problems: list[Problem] = []
    for key, response in answer.items():
        request = by_key.get(key)
        if request is None:
            known = ", ".join(by_key) or _("none")
            problems.append(
                Problem(key[:100], _("The task asks for no such thing. It asks for: %s.") % known, "unknown_key")
            )
        elif not isinstance(response, Mapping):
            problems.append(Problem(key, _("Must be an object."), "not_an_object"))
        elif request.mode is not Mode.WHOLE:
            problems += _response_problems(request, response)
    return problems


def _response_problems(request: Asked, response: Mapping[str, Any]) -> list[Problem]:
    key, action, content = request.key, response.get("action"), response.get("content")
    problems = [
        Problem(f"{key}.{name[:100]}", _("Unknown key. Known here: %s.") % "action, content", "unknown_key")
        for name in response
        if name not in ("action", "content")
    ]
    if action not in ACTIONS:
        return [*problems, Problem(f"{key}.action", _("Must be one of: %s.") % ", ".join(ACTIONS), "invalid_choice")]
    if action != "accept" or request.mode is Mode.URL:
        if content is not None:
            problems.append(Problem(f"{key}.content", _("Nothing is sent with this answer."), "unexpected"))
        return problems
    if not isinstance(content, Mapping):
        return [*problems, Problem(f"{key}.content", _("Must be an object."), "not_an_object")]
    if request.mode is Mode.FORM:
        known = {one.name for one in request.fields}
        problems += [
            Problem(f"{key}.content.{name[:100]}", _("The task asks for no such thing."), "unknown_key")
            for name in content
            if name not in known
        ]
        for one in request.fields:
            wrong = value_problem(one, content.get(one.name))
            if wrong:
                problems.append(Problem(f"{key}.content.{one.name}", wrong, "invalid"))
    return problems


def value_problem(wanted: Field, value: Any) -> str:
    """What is wrong with one value, in words; nothing if it will do."""
    if value is None:
        return _("This is needed.") if wanted.required else ""
    known = {choice for choice, _label in wanted.choices}
    if wanted.type == "boolean":
        return "" if isinstance(value, bool) else _("Must be true or false.")
    if wanted.type == "array":
        if not isinstance(value, list) or not all(isinstance(one, str) and one in known for one in value):
            return _("Choose among what is offered.")
        return _count_problem(wanted, len(value))
    if wanted.type in ("number", "integer"):
        return _number_problem(wanted, value)
    if not isinstance(value, str):
        return _("Must be a text.")
    if known:
        return "" if value in known else _("Choose among what is offered.")
    if not wanted.min_length <= len(value) <= wanted.max_length:
        return _("Must have %(least)d to %(most)d characters.") % {
            "least": wanted.min_length,
            "most": wanted.max_length,
        }
    return ""


def _count_problem(wanted: Field, count: int) -> str:
    if (wanted.least is not None and count < wanted.least) or (wanted.most is not None and count > wanted.most):
        return _("Choose another number of them.")
    return ""


def _number_problem(wanted: Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return _("Must be a number.")
    if wanted.type == "integer" and value != int(value):
        return _("Must be a whole number.")
    if wanted.least is not None and value < wanted.least:
        return _("Must be at least %s.") % f"{wanted.least:g}"
    if wanted.most is not None and value > wanted.most:
        return _("Must be at most %s.") % f"{wanted.most:g}"
    return ""


def _asked(key: str, request: Mapping[str, Any]) -> Asked:
    if request.get("method") != ELICITATION:
        return Asked(key, Mode.WHOLE, bounds.text(request.get("method"), MAX_LABEL))
    params = request.get("params")
    params = params if isinstance(params, Mapping) else {}
    message = bounds.text(params.get("message"), MAX_MESSAGE)
    if params.get("mode") == "url":
        return Asked(key, Mode.URL, message, bounds.text(params.get("url"), MAX_MESSAGE))
    fields = _fields(params.get("requestedSchema"))
    return Asked(key, Mode.JSON, message) if fields is None else Asked(key, Mode.FORM, message, fields=fields)


def _fields(schema: object) -> tuple[Field, ...] | None:
    """The fields of a flat schema, None if one of them is beyond what a form can ask for."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties", {}), Mapping):
        return None
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if len(properties) > MAX_FIELDS or not isinstance(required, list):
        return None
    fields = []
    # The database keeps no order of keys; the list of what is required has one.
    for name, one in sorted(properties.items(), key=lambda item: _place(item[0], required)):
        made = _field(name, one, name in required) if isinstance(one, Mapping) else None
        if made is None:
            return None
        fields.append(made)
    # What must be there but is not described cannot be asked for.
    return tuple(fields) if {one for one in required if isinstance(one, str)} <= set(properties) else None


def _place(name: str, required: list[Any]) -> int:
    return required.index(name) if name in required else len(required)


def _field(name: str, schema: Mapping[str, Any], required: bool) -> Field | None:
    kind, numeric = schema.get("type"), schema.get("type") in ("number", "integer")
    if kind not in ("string", "number", "integer", "boolean", "array") or not 0 < len(name) <= MAX_LABEL:
        return None
    items = schema.get("items") if kind == "array" else schema
    choices = _choices(items) if isinstance(items, Mapping) and kind in ("string", "array") else ()
    if choices is None or (kind == "array" and not choices):
        return None
    least, most = ("minItems", "maxItems") if kind == "array" else ("minimum", "maximum")
    found = Field(
        name=name,
        type=kind,
        label=bounds.text(schema.get("title"), MAX_LABEL) or name,
        help=bounds.text(schema.get("description"), MAX_MESSAGE),
        required=required,
        choices=choices,
        least=_number(schema.get(least)) if numeric or kind == "array" else None,
        most=_number(schema.get(most)) if numeric or kind == "array" else None,
        min_length=_length(schema.get("minLength"), 0),
        max_length=_length(schema.get("maxLength"), MAX_STRING),
    )
    default = schema.get("default")
    return found if value_problem(found, default) or default is None else _with_default(found, default)


def _with_default(found: Field, default: Any) -> Field:
    return Field(**{**found.__dict__, "default": default})


def _choices(schema: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """The choices of an enumeration, none where anything goes, None where they cannot be shown."""
    titled = schema.get("oneOf", schema.get("anyOf"))
    if isinstance(titled, list):
        values: list[Any] = [one.get("const") if isinstance(one, Mapping) else None for one in titled]
        labels: list[Any] = [one.get("title") if isinstance(one, Mapping) else None for one in titled]
    elif isinstance(schema.get("enum"), list):
        values = schema["enum"]
        names = schema.get("enumNames")
        labels = names if isinstance(names, list) and len(names) == len(values) else values
    else:
        return ()
    if not 0 < len(values) <= MAX_CHOICES or not all(isinstance(one, str) and len(one) <= MAX_STRING for one in values):
        return None
    return tuple((value, bounds.text(label, MAX_LABEL) or value) for value, label in zip(values, labels, strict=True))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
        return None
    return float(value) if math.isfinite(value) else None


def _length(value: object, otherwise: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return otherwise
    return min(value, MAX_STRING)
