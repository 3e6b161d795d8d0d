"""The form under which a person answers a waiting task, made from what the server asks for.

It only turns what was typed into an answer; whether the answer will do is asked of the same rules as for the API.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from connectors.tracking.asking import MAX_ANSWER, MAX_STRING, Asked, Field, Mode
from portal.refusals import Problem

LATER = "later"
LONG_TEXT = 300


@dataclass(frozen=True)
class Group:
    """One request with the fields by which it is answered; each with whether it is needed."""

    asked: Asked
    action: BoundField | None
    fields: list[tuple[BoundField, bool]]


class AnswerForm(forms.Form):
    """Fields `r0-action`, `r0-0`, `r0-1`, … for the first request, and so on."""

    def __init__(self, asked: tuple[Asked, ...], data: Any = None) -> None:
        super().__init__(data, auto_id="id_%s")
        self.asked = asked
        self.names: dict[str, str] = {}
        for index, request in enumerate(asked):
            if request.mode is not Mode.WHOLE:
                self._put(f"{request.key}.action", f"r{index}-action", _action_field(several=len(asked) > 1))
            for number, (path, field) in enumerate(_parts(request)):
                self._put(path, f"r{index}-{number}", field)

    def _put(self, path: str, name: str, field: forms.Field) -> None:
        self.names[path] = name
        self.fields[name] = field

    def groups(self) -> list[Group]:
        """The requests in their order."""
        made = []
        for index, request in enumerate(self.asked):
            action = None if request.mode is Mode.WHOLE else self[f"r{index}-action"]
            needed = [one.required for one in request.fields] if request.mode is Mode.FORM else [True]
            fields = [self[f"r{index}-{number}"] for number, _part in enumerate(_parts(request))]
            made.append(Group(request, action, list(zip(fields, needed, strict=False))))
        return made

    def responses(self) -> dict[str, Any]:
        """The answer as `tasks/update` carries it, of a valid form; what is not JSON stays a text and is refused as such."""
        answer: dict[str, Any] = {}
        for index, request in enumerate(self.asked):
            typed = [self.cleaned_data[f"r{index}-{number}"] for number, _part in enumerate(_parts(request))]
            if request.mode is Mode.WHOLE:
                if typed[0].strip():
                    answer[request.key] = _json(typed[0])
                continue
            action = self.cleaned_data[f"r{index}-action"]
            if action == LATER:
                continue
            answer[request.key] = {"action": action}
            if action == "accept" and request.mode is Mode.JSON:
                answer[request.key]["content"] = _json(typed[0])
            elif action == "accept" and request.mode is Mode.FORM:
                values = {one.name: _value(one, text) for one, text in zip(request.fields, typed, strict=True)}
                answer[request.key]["content"] = {name: value for name, value in values.items() if value is not None}
        return answer

    def take(self, problems: Iterable[Problem]) -> None:
        """Show what the rules say at the fields they say it of."""
        for problem in problems:
            name = self.names.get(problem.path) or self.names.get(f"{problem.path}.content")
            self.add_error(name, problem.message if name or not problem.path else f"{problem.path}: {problem.message}")

    def summary(self) -> list[dict[str, str]]:
        """The lines of the error summary: the label of the field, and what is wrong."""
        lines = []
        for name, errors in self.errors.items():
            for error in errors:
                label = self.fields[name].label if name in self.fields else ""
                message = f"{label}: {error}" if label else str(error)
                lines.append({"message": message, "href": f"#{self[name].id_for_label}" if name in self.fields else ""})
        return lines


def _parts(request: Asked) -> list[tuple[str, forms.Field]]:
    """The fields of one request besides its action, each with the path that problems name it by."""
    if request.mode is Mode.FORM:
        return [(f"{request.key}.content.{one.name}", _form_field(one)) for one in request.fields]
    if request.mode is Mode.URL:
        return []
    whole = request.mode is Mode.WHOLE
    label = _("Response (a JSON object)") if whole else _("Content (a JSON object)")
    widget = forms.Textarea(attrs={"rows": 4, "dir": "ltr", "class": "mono-input", "spellcheck": "false"})
    field = forms.CharField(label=label, required=False, max_length=MAX_ANSWER, widget=widget)
    return [(request.key if whole else f"{request.key}.content", field)]


def _action_field(*, several: bool) -> forms.Field:
    choices = [
        ("accept", _("Answer")),
        ("decline", _("Decline: the answer is no")),
        ("cancel", _("Dismiss, without deciding")),
    ]
    if several:
        choices.append((LATER, _("Not now")))
    return forms.ChoiceField(label=_("Your decision"), choices=choices, initial="accept", widget=forms.RadioSelect)


def _form_field(wanted: Field) -> forms.Field:
    given: dict[str, Any] = {"label": wanted.label, "help_text": wanted.help, "required": False}
    initial = wanted.default
    if wanted.type == "array":
        boxes = forms.CheckboxSelectMultiple()
        return forms.MultipleChoiceField(choices=wanted.choices, initial=initial, widget=boxes, **given)
    if wanted.type == "boolean":
        choices = [("", "–"), ("true", _("Yes")), ("false", _("No"))]
        initial = {True: "true", False: "false"}.get(initial, "")
        return forms.ChoiceField(choices=choices, initial=initial, **given)
    if wanted.choices:
        return forms.ChoiceField(choices=[("", "–"), *wanted.choices], initial=initial, **given)
    if wanted.type in ("number", "integer"):
        attrs = {"inputmode": "numeric" if wanted.type == "integer" else "decimal", "dir": "ltr"}
        return forms.CharField(max_length=100, initial=initial, widget=forms.TextInput(attrs=attrs), **given)
    long = LONG_TEXT < wanted.max_length < MAX_STRING
    widget = forms.Textarea(attrs={"rows": 3, "dir": "auto"}) if long else forms.TextInput(attrs={"dir": "auto"})
    return forms.CharField(initial=initial, strip=False, widget=widget, **given)


def _value(wanted: Field, typed: Any) -> Any:
    """What was typed as the value it stands for, or as it is where it stands for none."""
    if typed in ("", []) and not (typed == [] and wanted.required):
        return None
    if wanted.type == "boolean":
        return typed == "true"
    if wanted.type in ("number", "integer"):
        try:
            return int(typed)
        except ValueError:
            pass
        try:
            value = float(typed)
        except ValueError:
            return typed
        return value if math.isfinite(value) else typed
    return typed


def _json(typed: str) -> Any:
    try:
        return orjson.loads(typed)
    except orjson.JSONDecodeError:
        return typed
