"""What the database compares when it looks for words, and the indexes that let it.

`search_text` folds a text: lower case, one form of each Arabic letter, no marks. `search_grams` are its runs of three letters
without blanks; a text that holds a word has all of the word's grams, so an index over them finds it. PostgreSQL's own
extension for that is not everywhere that the portal runs.
"""

from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.fields.array import ArrayContains  # type: ignore[attr-defined] # not in the stubs
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Contains, StartsWith

SHORTEST = 3


class SearchText(Func):
    """A text as it is compared."""

    function = "search_text"
    output_field: ClassVar[Any] = models.TextField()


class SearchGrams(Func):
    """The grams of a text."""

    function = "search_grams"
    output_field: ClassVar[Any] = ArrayField(models.TextField())


class SearchKeys(Func):
    """Of each word the grams that it is looked for by: the first and the last. All of them would find no fewer rows."""

    function = "search_keys"
    output_field: ClassVar[Any] = ArrayField(models.TextField())


class Joined(Func):
    """Columns as one text, a blank between each two; none of them may be NULL."""

    template = "(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field: ClassVar[Any] = models.TextField()


def word_indexes(*columns: str, first: str, name: str) -> list[models.Index]:
    """The indexes of a table whose rows are found by words in these columns, and by how each of them begins."""
    others = [column for column in columns if column != first]
    return [
        GinIndex(SearchGrams(_joined(columns)), name=f"{name}_grams"),
        models.Index(OpClass(SearchText(first), name="text_pattern_ops"), name=f"{name}_words"),
        *(models.Index(OpClass(SearchText(one), name="text_pattern_ops"), name=f"{name}_{one}") for one in others),
    ]


def holds(words: str, *columns: str) -> Q:
    """Whether every word stands somewhere in these columns; where none has three letters, whether one of them begins so.

    An index has no less than three letters of the middle of a word; to compare every row would not be worth what it finds.
    """
    text, wanted = _joined(columns), words.split()
    if wanted and all(len(word) < SHORTEST for word in wanted):
        begins = SearchText(Value(" ".join(wanted)))
        return reduce(or_, (Q(StartsWith(SearchText(F(column)), begins)) for column in columns))
    found = Q(ArrayContains(SearchGrams(text), SearchKeys(Value(words)))) if wanted else Q()
    for word in wanted:
        found &= Q(Contains(SearchText(text), SearchText(Value(word))))
    return found


def _joined(columns: tuple[str, ...]) -> Any:
    return Joined(*(F(column) for column in columns)) if len(columns) > 1 else F(columns[0])
