"""What a metric is, as pure judgement: types, what is fixed, which definitions are nearly the same."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from metrics.keys import KEY_PATTERN

__all__ = ["FIXED", "KEY_PATTERN", "NEAR", "MetricType", "Named", "Near", "near", "words"]

# A plain decimal number as text, exact: no exponent, no digits of other scripts.
AMOUNT_PATTERN = r"^-?[0-9]{1,20}(\.[0-9]{1,12})?$"
# A metric in another unit or of another type is another metric.
FIXED = ("unit", "type")
# From this share of common words on, two texts are told to be nearly the same.
NEAR = 0.6
_WORD = re.compile(r"[^\W\d_]+|\d+")
# Words that say nothing about what is counted, and the Arabic article.
_EMPTY = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "for",
        "to",
        "and",
        "or",
        "by",
        "per",
        "with",
        "على",
        "في",
        "من",
        "إلى",
        "عن",
        "و",
        "أو",
    ]
)


class MetricType(TextChoices):
    """What kind of number it is."""

    AMOUNT = "amount", _("Amount of money")
    COUNT = "count", _("Count")
    RATIO = "ratio", _("Ratio")
    PERCENT = "percent", _("Percentage")
    DURATION = "duration", _("Duration")
    NUMBER = "number", _("Another number")


@dataclass(frozen=True)
class Named:
    """A metric as it is told: key, labels and definitions in both languages; some may be empty."""

    key: str
    labels: tuple[str, ...]
    definitions: tuple[str, ...]


@dataclass(frozen=True)
class Near:
    """Another metric that is told in nearly the same words, and which part is: `key`, `label` or `definition`."""

    key: str
    part: str
    share: float


def words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, without case, marks, the Arabic article and plural `s`."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    found = set()
    for word in _WORD.findall(plain.replace("ـ", "").replace("ى", "ي").replace("ة", "ه")):
        word = word.removeprefix("ال") if len(word) > 4 else word
        word = word.removesuffix("s") if word.isascii() and len(word) > 3 else word
        if word not in _EMPTY:
            found.add(word)
    return frozenset(found)


def near(one: Named, others: Iterable[Named]) -> list[Near]:
    """Those of the others that are nearly the same, the nearest first; each once, for the part that is nearest."""
    found = []
    parts = _parts(one)
    for other in others:
        if other.key == one.key:
            continue
        best = max(
            (
                Near(other.key, name, _share(mine, theirs))
                for (name, mine), (theirs_name, theirs) in _pairs(parts, _parts(other))
                if name == theirs_name
            ),
            key=lambda found: found.share,
            default=None,
        )
        if best is not None and best.share >= NEAR:
            found.append(best)
    return sorted(found, key=lambda one: (-one.share, one.key))


Part = tuple[str, frozenset[str]]


def _pairs(left: list[Part], right: list[Part]) -> Iterable[tuple[Part, Part]]:
    return ((mine, theirs) for mine in left for theirs in right)


def _parts(one: Named) -> list[Part]:
    texts = [("key", one.key.replace("_", " "))]
    texts += [("label", text) for text in one.labels] + [("definition", text) for text in one.definitions]
    return [(name, told) for name, text in texts if (told := words(text))]


def _share(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / len(left | right)
