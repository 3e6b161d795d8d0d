"""What can be found beside the entries of every kind: apps tell what they have, as `kinds` tells the kinds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True)
class Source:
    """Things of one table, found by the words of a column, or by their id alone.

    `word` is the column that holds the words, indexed as `portal.search.words.word_indexes(key, word)` does; empty = by id alone.
    `key` is a further column of words, if there is one. `prefix` is that of the ids: `CHG` of CHG-12.
    """

    name: str
    label: Text
    model: type[models.Model]
    prefix: str
    word: str = ""
    key: str = ""
    state: str = "state"
    title: Callable[[Any], str] = str


_sources: list[Source] = []


def register(source: Source) -> None:
    """Let something be found. Called from an app's `ready()`."""
    if source.name in {known.name for known in _sources}:
        raise ValueError(f"The source {source.name!r} is registered twice.")
    _sources.append(source)


def all_sources() -> list[Source]:
    """Every source, in the order of registration."""
    return list(_sources)
