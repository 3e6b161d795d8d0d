"""What a text or a member in code means for the dictionary, whatever the language. Returns (rule, message) or None."""

import re

from metrics.checking.dictionary import Dictionary
from metrics.keys import KEY_PATTERN

_KEY = re.compile(KEY_PATTERN)
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_BEHIND = frozenset({"key", "keys", "name", "names", "id", "ids"})
Told = tuple[str, str]


def means_metric(name: str) -> bool:
    """Whether what stands under this name is meant as a metric: metric, metric_key, plotMetric, metrics."""
    parts = [one.lower() for one in _WORDS.findall(name)]
    while parts and parts[-1] in _BEHIND:
        parts.pop()
    return bool(parts) and parts[-1] in ("metric", "metrics")


def judged_text(
    text: str, dictionary: Dictionary, *, composed: bool, meant: bool, imports: bool = False
) -> Told | None:
    """A text in code. A key of one word is an everyday word too: it counts only where a metric is meant.

    Others have metrics, too (of models, of machines): a text that is no key counts as unknown only where a metric is meant, in a
    file that imports the generated module, or if it shares a word with a key.
    """
    one = dictionary.known.get(text)
    if one is None:
        if meant and _KEY.fullmatch(text) and "_" in text and (imports or dictionary.akin(text)):
            return "unknown", f"There is no metric “{text}” in the dictionary."
        return None
    if "_" not in text and not meant:
        return None
    if one.gone:
        return "gone", f"“{text}” is out of use.{_instead(one.instead)}"
    if composed:
        return "composed", f"“{text}” is put together here: import {one.member} instead."
    return "literal", f"“{text}” stands here as text: import {one.member} instead."


def judged_member(name: str, dictionary: Dictionary) -> Told | None:
    """A member of the generated enumeration."""
    one = dictionary.members.get(name)
    if one is None:
        return "unknown", f"There is no Metric.{name[:60]}."
    return ("gone", f"{one.member} is out of use.{_instead(one.instead)}") if one.gone else None


def _instead(key: str) -> str:
    return f" Use Metric.{key.upper()}." if key else ""
