"""Names, codes and numbers within a sentence of the other direction."""

from django.utils.translation import get_language_bidi


def isolated(text: object) -> str:
    """A name, a reason, a date within an Arabic sentence: kept together, in its own direction. Elsewhere as it is."""
    return f"\u2068{text}\u2069" if get_language_bidi() else str(text)
