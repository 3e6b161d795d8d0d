"""Sentences that the portal wrote itself and keeps: English in the database, the API and webhooks, read in any language.

Whoever writes one fills the holes of its text, `PAUSED % {"why": …}`, and does not translate it: what is kept does not depend on
who happened to act. Whoever shows it asks for its words; what people wrote into the holes stays as it is.
"""

import re
from collections.abc import Iterable
from functools import cached_property

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.language.direction import isolated

_HOLE = re.compile(r"%\((\w+)\)s")


class Sayings:
    """What can be said in one place: texts marked by `gettext_noop`, with named holes; no hole twice in a text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)

    @cached_property
    def _known(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Those that begin with the most words of their own first: a hole at the beginning would match anything.

        Others may follow a text; one that ends with a hole has no end of its own and can only be the last.
        """
        told = sorted(self._texts, key=lambda text: -len(_HOLE.split(text)[0]))
        return tuple((re.compile(_pattern(text), re.DOTALL), text) for text in told)

    def words(self, kept: str) -> str:
        """The words of what is kept, in the language of the page: one saying or several, and as it is whatever follows them."""
        if (get_language() or "en").startswith("en"):
            return kept
        said: list[str] = []
        while kept:
            one = next(((found, text) for pattern, text in self._known if (found := pattern.match(kept))), None)
            if one is None:
                # What people wrote after that.
                said.append(kept)
                break
            found, text = one
            said.append(_filled(text, found))
            kept = kept[found.end() :]
        return " ".join(said)


def _pattern(text: str) -> str:
    """Each hole goes on to the first place of the words after it and never further, so that no text is searched twice."""
    parts = _HOLE.split(text)
    end = r"\Z" if not parts[-1] else r"(?:\s+|\Z)"
    words = [re.escape(part) for part in parts[::2]]
    words[-1] += end
    return words[0] + "".join(f"(?>(?P<{hole}>.*?){after})" for hole, after in zip(parts[1::2], words[1:], strict=True))


def _filled(text: str, found: re.Match[str]) -> str:
    words = {name: isolated(value) for name, value in found.groupdict().items()}
    return _(text) % words if words else _(text)
