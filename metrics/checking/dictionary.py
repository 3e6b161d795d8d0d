"""What the checker knows of the dictionary: from the database, or from a JSON export beside the code."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from metrics.keys import DEPRECATED, RETIRED
from metrics.modules import FORMATS, Keyed, module


@dataclass(frozen=True)
class Known:
    """One key: whether code may still name it, and what to use instead."""

    key: str
    gone: bool = False
    instead: str = ""

    @property
    def member(self) -> str:
        """How code names it."""
        return f"Metric.{self.key.upper()}"


class Dictionary:
    """All keys, and the modules that an export would write now (none where only an export is known)."""

    def __init__(self, known: Iterable[Known], modules: frozenset[bytes] = frozenset()) -> None:
        self.known = {one.key: one for one in known}
        self.members = {one.key.upper(): one for one in self.known.values()}
        self.modules = modules
        self._words = {word for key in self.known for word in key.split("_") if len(word) > 3}

    def akin(self, text: str) -> bool:
        """Whether a text shares a word with a key, so that it looks like one of the dictionary."""
        return any(word in self._words for word in text.split("_"))

    @classmethod
    def of(cls, metrics: Iterable[Keyed], today: date) -> "Dictionary":
        """From what is registered; a deprecated key is gone from the day on at which it must be removed."""
        every = list(metrics)
        known = [
            Known(
                str(one.document["key"]),
                one.state == RETIRED or _over(str(one.document.get("remove_after") or ""), one.state, today),
                str(one.document.get("replaced_by") or ""),
            )
            for one in every
        ]
        return cls(known, frozenset(module(every, form) for form in FORMATS))

    @classmethod
    def read(cls, text: bytes, today: date) -> "Dictionary":
        """From a JSON export. Raises ValueError for anything else."""
        try:
            told = json.loads(text)["metrics"]
            known = [
                Known(key, _over(one.get("remove_after", ""), one["state"], today), one.get("replaced_by", ""))
                for key, one in told.items()
            ]
        except (KeyError, TypeError, AttributeError):
            raise ValueError("It is no export of the dictionary: registry metrics export --format json.") from None
        return cls(known)


def _over(day: str, state: str, today: date) -> bool:
    return state == DEPRECATED and bool(day) and date.fromisoformat(day) <= today
