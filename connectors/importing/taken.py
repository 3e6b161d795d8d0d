"""What the forms share: a description as it was read, what is remarked about it, and reading parts of any type with care."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from portal.registry.documents import Document

MOST_REMARKS = 200
_REMARK_LETTERS = 300
_MOST_KEY = 60
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Notice:
    """A breaking change that the description announces: of which version, what, until which day, and what it touches."""

    version: str
    message: str
    deadline: str
    scopes: list[str]


@dataclass
class Taken:
    """What one description says, as far as it goes: the beginning of a document, and what a person must look at."""

    kind: str
    # What it calls itself, for the sources of the evidence.
    origin: str = ""
    document: Document = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _first: int = 0
    _untold: int = 0

    def remark(self, text: str, *, first: bool = False) -> None:
        """Say what was cut, guessed or ignored; a bounded number of times, each once. What holds of the whole goes first."""
        text = cut(text, _REMARK_LETTERS)
        if text in self.remarks:
            return
        if first:
            self.remarks.insert(self._first, text)
            self._first += 1
        elif len(self.remarks) < MOST_REMARKS:
            self.remarks.append(text)
        else:
            self._untold += 1

    def finish(self) -> None:
        """Say how many remarks there were beyond those kept."""
        if self._untold:
            self.remarks.append(_("%d more remarks are not shown.") % self._untold)
            self._untold = 0

    def mapping(self, value: Any, place: str) -> dict[str, Any]:
        """The value where it is a mapping; another one is remarked and counts as an empty one, as does none."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.remark(_("%s: a mapping is expected; it is left out.") % place)
        return {}

    def listed(self, value: Any, place: str) -> list[Any]:
        """The value where it is a list; another one is remarked and counts as an empty one, as does none."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.remark(_("%s: a list is expected; it is left out.") % place)
        return []

    def mappings(self, value: Any, place: str) -> Iterator[dict[str, Any]]:
        """The mappings of a list; what is none is remarked."""
        for at, one in enumerate(self.listed(value, place)):
            if isinstance(one, dict):
                yield one
            else:
                self.remark(_("%s: a mapping is expected; it is left out.") % f"{place}[{at}]")

    def bounded(self, value: Any, most: int, place: str) -> str:
        """A text without more than so many letters; a longer one is cut and remarked."""
        found = text(value)
        if len(found) > most:
            self.remark(_("%(place)s: cut to %(most)d letters.") % {"place": place, "most": most})
        return cut(found, most)

    def put(self, path: str, value: Any) -> None:
        """Put a value that is known into the document; an empty one says nothing and is left out."""
        if value in ("", None, [], {}):
            return
        *steps, last = path.split(".")
        here = self.document
        for step in steps:
            here = here.setdefault(step, {})
        here[last] = value


def text(value: Any) -> str:
    """A text, trimmed; a number as it is written; anything else is none."""
    if isinstance(value, str):
        return _CONTROLS.sub(" ", value).strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)[:60]
    return ""


def cut(value: str, most: int) -> str:
    """A text of at most so many letters; one that was longer ends with an ellipsis."""
    return value if len(value) <= most else value[: most - 1].rstrip() + "…"


def kept(root: Any) -> tuple[Any, int]:
    """The same value with every text one that the database can keep, and how many were not; no recursion, for it may be deep."""
    changed = 0

    def clean(one: str) -> str:
        nonlocal changed
        made = _UNKEPT.sub("\ufffd", one)
        changed += made != one
        return made

    holder: list[Any] = [root]
    waiting: list[Any] = [holder]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            for key in [key for key in here if _UNKEPT.search(key)]:
                here[clean(key)] = here.pop(key)
        for key in range(len(here)) if isinstance(here, list) else list(here):
            value = here[key]
            if isinstance(value, str):
                here[key] = clean(value)
            elif isinstance(value, dict | list):
                waiting.append(value)
    return holder[0], changed


def key_of(name: str) -> str:
    """A key that a name suggests; none where it has no letter of a key."""
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    key = re.sub(r"^[0-9-]+", "", key)
    return key[:_MOST_KEY].rstrip("-")


def reference_of(*names: str) -> str:
    """A reference to a secret by the names that say which one it is: env:CRM_AUTHORIZATION. Never its value."""
    joined = "_".join(part for name in names if (part := re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")))
    made = re.sub(r"^[0-9_]+", "", joined.upper())[:120]
    return f"env:{made}" if made else ""
