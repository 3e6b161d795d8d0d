"""Words in a row, as the language of the reader writes them: Arabic has a comma of its own."""

from collections.abc import Iterable

from django.utils.translation import pgettext


def comma() -> str:
    """What stands between two words of a row, with the space after it."""
    return pgettext("between two words of a row", ",") + " "


def parted(sentences: Iterable[str]) -> str:
    """Parts of a sentence one after the other: with `;` in English, with «؛» in Arabic."""
    return (pgettext("between two parts of a sentence", ";") + " ").join(sentences)


def joined(words: Iterable[object]) -> str:
    """`OK, at risk` in English, with «،» in Arabic. Codes, which are English everywhere, keep their own comma."""
    return comma().join(map(str, words))
