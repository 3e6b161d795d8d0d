"""The words that sentences about schemas are made of, in the language that is active."""

from typing import Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.language.lists import joined

ALL_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
# Keyword → (in words, whether a greater number accepts less).
BOUNDS: dict[str, tuple[str | Promise, bool]] = {
    "minimum": (gettext_lazy("the smallest number"), True),
    "exclusiveMinimum": (gettext_lazy("the number it must exceed"), True),
    "maximum": (gettext_lazy("the greatest number"), False),
    "exclusiveMaximum": (gettext_lazy("the number it must stay below"), False),
    "minLength": (gettext_lazy("the least length"), True),
    "maxLength": (gettext_lazy("the greatest length"), False),
    "minItems": (gettext_lazy("the least number of items"), True),
    "maxItems": (gettext_lazy("the greatest number of items"), False),
    "minProperties": (gettext_lazy("the least number of fields"), True),
    "maxProperties": (gettext_lazy("the greatest number of fields"), False),
    "minContains": (gettext_lazy("the least number of matching items"), True),
    "maxContains": (gettext_lazy("the greatest number of matching items"), False),
}


def short(value: Any) -> str:
    """A value as JSON, in at most 60 characters."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}…"


def in_words(types: frozenset[str]) -> str:
    """Types as `string or null`; their names are those of JSON Schema."""
    shown = types - {"integer"} if "number" in types else types
    if types == ALL_TYPES:
        return _("anything")
    *most, last = sorted(shown)
    return _("%(those)s or %(last)s") % {"those": joined(most), "last": last} if most else last


def field_of(pointer: str) -> str:
    """The name of the field that a pointer leads to, for a sentence."""
    steps = pointer.split("/")
    names = [steps[index + 1] for index, step in enumerate(steps[:-1]) if step == "properties"]
    shown = ".".join(name.replace("~1", "/").replace("~0", "~") for name in names)
    return _("“%s”") % shown if shown else _("the event")
