"""Forms made from a document's serializer: the nodes that the templates draw. What is posted is read in `posted.py`.

Field names are paths (`facets.contract.operations.0.name`). One serializer therefore serves the API, the form, the checks and
the labels of a diff.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from portal.people.models import Team
from portal.refusals import Problem
from portal.registry.documents import Document
from portal.registry.kinds import Completeness, Kind, Section
from portal.registry.times import DayField, MomentField, day_of, pickable
from portal.web.labels import label_of
from portal.web.posted import field_at

Node = dict[str, Any]


def sections(
    kind: Kind,
    document: Document,
    problems: list[Problem],
    *,
    show_errors: bool,
    fixed_key: bool = False,
) -> list[dict[str, Any]]:
    """The sections of the form with their nodes and state, as parts/form_section.html wants them."""
    serializer = kind.serializer()
    errors: dict[str, list[str]] = {}
    for problem in problems:
        errors.setdefault(problem.path, []).append(problem.message)
    shown = errors if show_errors else {}
    made = []
    seen: set[str] = set()
    for section in kind.sections:
        # A problem of the whole (no facets at all) leaves every section under it open.
        bad = any(_within(path, own) or _within(own, path) for path in errors for own in section.paths)
        nodes: list[Node] = []
        own_errors: list[str] = []
        for path in section.paths:
            field = field_at(serializer, path)
            value = _value_at(document, path)
            if section.facet and isinstance(field, serializers.Serializer):
                own_errors += shown.get(path, [])
                nodes += children(field, value, path, shown)
            else:
                nodes.append(_node(field, value, path, shown, fixed=fixed_key and path == "key"))
        made.append(
            {
                "id": section.anchor,
                "title": section.title,
                "help": section.intro,
                "state": _state(bad=bad, empty=not _has_content(document, section.paths), show_errors=show_errors),
                "errors": own_errors,
                "nodes": nodes,
                "facet": section.facet,
                "anchors": _anchors(section, seen),
            }
        )
    return made


def _anchors(section: Section, seen: set[str]) -> list[str]:
    """The ids that the error summary may link to and that no field has: of a facet, and of what holds the section's fields."""
    wholes = [*(section.paths if section.facet else ()), *(path.rpartition(".")[0] for path in section.paths)]
    new = [whole for whole in dict.fromkeys(wholes) if whole and whole not in seen]
    seen.update(new)
    return [_identity(whole) for whole in new]


def _identity(path: str) -> str:
    return "f-" + path.replace(".", "-").replace("_", "-")


def _within(path: str, own: str) -> bool:
    return path == own or path.startswith(f"{own}.")


def _value_at(document: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(document, Mapping) or name not in document:
            return None
        document = document[name]
    return document


def _state(*, bad: bool, empty: bool, show_errors: bool) -> str:
    """How a section stands: what is empty and need not be filled is optional, not filled."""
    if not bad:
        return "optional" if empty else "filled"
    return "error" if show_errors and not empty else "missing"


def _has_content(document: Document, paths: tuple[str, ...]) -> bool:
    return any(_value_at(document, path) not in (None, "", [], {}, False) for path in paths)


def children(field: Any, value: Any, path: str, errors: dict[str, list[str]]) -> list[Node]:
    """The nodes of the fields under a serializer; `errors` are messages by path."""
    known = value if isinstance(value, Mapping) else {}
    return [_node(child, known.get(name), f"{path}.{name}", errors) for name, child in field.fields.items()]


def _node(field: Any, value: Any, path: str, errors: dict[str, list[str]], *, fixed: bool = False) -> Node:
    about = {
        "id": _identity(path),
        "path": path,
        "label": field.label or path.rpartition(".")[2],
        "help": field.help_text or "",
        "errors": errors.get(path, []),
    }
    if isinstance(field, serializers.ListSerializer):
        rows = value if isinstance(value, list) else []
        items = []
        for number, row in enumerate(rows):
            here = f"{path}.{number}"
            known = row if isinstance(row, Mapping) else {}
            title = next((str(known[name]) for name in ("name", "agent", "operation", "code") if known.get(name)), "")
            items.append(
                {
                    "path": here,
                    "label": f"{number + 1} · {title}" if title else f"{number + 1}",
                    "nodes": children(field.child, row, here, errors),
                }
            )
        return about | {"type": "rows", "items": items, "add_label": _("Add: %s") % about["label"]}
    if isinstance(field, serializers.Serializer):
        return about | {"type": "group", "nodes": children(field, value, path, errors)}
    return about | {"type": "field", "name": path} | _control(field, value, fixed=fixed)


def _control(field: Any, value: Any, *, fixed: bool) -> Node:
    style = field.style or {}
    control: Node = {
        "control": "static" if fixed else "text",
        "value": "" if value is None else value,
        "example": style.get("example", ""),
        "optional_word": not field.required and not isinstance(field, serializers.BooleanField),
        "maxlength": getattr(field, "max_length", None),
    }
    if isinstance(field, DayField | MomentField):
        control |= _picked(field, str(control["value"]), fixed=fixed)
    elif isinstance(field, serializers.BooleanField):
        control |= {"control": "checkbox", "value": value is True, "maxlength": None}
    elif style.get("choices") == "teams":
        options = [(team.key, team.name) for team in Team.objects.all()]
        control |= _select(options, value)
    elif isinstance(field, serializers.ChoiceField):
        control |= _select([(key, str(label)) for key, label in field.choices.items()], value)
    elif isinstance(field, serializers.JSONField):
        text = (
            value
            if isinstance(value, str)
            else ""
            if value is None
            else json.dumps(value, indent=2, ensure_ascii=False)
        )
        # What is long enough to ask for rows of its own has the whole width.
        span = None if style.get("rows") else 6
        control |= {"control": "code", "value": text, "rows": style.get("rows", 6), "span": span}
    elif isinstance(field, serializers.ListField):
        lines = "\n".join(str(line) for line in value) if isinstance(value, list) else value or ""
        control |= {"control": "textarea", "value": lines, "rows": 3, "mono": True, "maxlength": None, "span": 6}
    elif isinstance(field, serializers.IntegerField | serializers.FloatField):
        whole = isinstance(field, serializers.IntegerField)
        control |= {
            "control": "number" if isinstance(value, int | float) or value is None else "text",
            "value": "" if value is None else str(value),
            "min": str(field.min_value) if field.min_value is not None and whole else None,
            "step": "1" if whole else "any",
            "span": 4,
        }
    elif style.get("rows"):
        control |= {"control": "textarea", "rows": style["rows"]}
    elif isinstance(field, serializers.RegexField):
        control |= {"mono": True, "span": 6}
    return control


def _picked(field: DayField | MomentField, text: str, *, fixed: bool) -> Node:
    """A day or an instant is picked where that gives back what stands there; else it is typed, and nothing is lost."""
    typed = {"mono": True, "span": 6}
    if fixed:
        return typed
    if isinstance(field, DayField):
        picks = not text or day_of(text) is not None
        return {"control": "date", "value": text, "maxlength": None, "example": "", "span": 6} if picks else typed
    shown = pickable(text)
    if shown is None:
        return typed
    zone = _("In the time zone %s.") % timezone.get_current_timezone_name()
    help_text = f"{field.help_text} {zone}".strip()
    return {"control": "datetime-local", "value": shown, "maxlength": None, "example": "", "help": help_text, "span": 6}


def _select(options: list[tuple[str, str]], value: Any) -> Node:
    return {
        "control": "select",
        "empty_label": "—",
        "options": [{"value": key, "label": label, "selected": key == value} for key, label in options],
        "maxlength": None,
        "span": 6,
    }


def meter_segments(kind: Kind, completeness: Completeness, base: str = "") -> list[dict[str, str]]:
    """The nine segments of the meter, each a link to its section."""
    return [
        {
            "label": str(section.title),
            "state": "filled" if section.paths[0].removeprefix("facets.") in completeness.filled else "missing",
            "href": f"{base}#{section.anchor}",
        }
        for section in kind.sections
        if section.facet
    ]


def summary_of(kind: Kind, problems: list[Problem]) -> list[dict[str, str]]:
    """The error summary: each problem under the labels of its field, with a link to it."""
    return [
        {
            "message": f"{label_of(kind, problem.path)}: {problem.message}" if problem.path else problem.message,
            "href": f"#{_identity(problem.path)}" if problem.path else "",
        }
        for problem in problems
    ]
