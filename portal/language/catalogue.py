"""The catalogue of translated texts: found in the code and the templates, kept in a `.po`, served from a `.mo`.

Needs the development requirements (Babel). No other tool of the machine is asked: `makemessages` of Django wants GNU gettext.
`.po` is what people write; `.mo` is made of it and committed with it, so that a portal runs from its checkout alone.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("portal", "connectors", "events", "metrics", "severity", "templates")
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
# What stands in a text for a value: `%(name)s`, `{name}`, `%s`.
HOLES = re.compile(r"%(?:\([a-z_]+\))?[sd]|\{[a-z_]*(?:![rsa])?(?::[^{}]*)?\}")


def path_of(language: str, suffix: str = "po") -> Path:
    """Where the catalogue of a language lies."""
    return ROOT / "portal" / "locale" / language / "LC_MESSAGES" / f"django.{suffix}"


def extracted() -> Catalog:
    """Every text that the code and the templates have translated, each with the files that it stands in."""
    found = Catalog()
    for file in files_of(".py", ".html", ".svg", ".txt"):
        name = file.relative_to(ROOT).as_posix()
        for _line, function, texts, _comments in extract_python(_source(file), KEYWORDS, [], {}):
            context, said = _parts(str(function or ""), texts)
            if said:
                found.add(said, context=context, locations=[(name, 0)])
    return found


def merged(language: str) -> Catalog:
    """The catalogue of a language as it should be: what is translated kept, what is new empty, what is gone dropped."""
    template, file = extracted(), path_of(language)
    known = read(language) if file.exists() else Catalog(locale=language)
    whole = Catalog(locale=language, fuzzy=False)
    for message in template:
        if message.id:
            old = known.get(message.id, message.context)
            # What became a plural, or is none any more, is translated anew.
            same = old is not None and isinstance(old.id, tuple) == isinstance(message.id, tuple)
            whole.add(message.id, old.string if old and same else None, message.locations, context=message.context)
    return whole


def read(language: str) -> Catalog:
    """The catalogue as it is kept."""
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def text_of(catalogue: Catalog) -> bytes:
    """A catalogue as its `.po`: files without lines and no dates, so that a change shows what it changes."""
    out = io.BytesIO()
    write_po(out, catalogue, width=120, include_lineno=False, omit_header=True)
    head = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    return head.encode() + out.getvalue()


def compiled(language: str) -> bytes:
    """The `.mo` of a language."""
    out, catalogue = io.BytesIO(), read(language)
    # Of no day, or it would be another one each day.
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    write_mo(out, catalogue)
    return out.getvalue()


def wrong_with(message: Message) -> Iterator[str]:
    """What is wrong with a translation: it is missing, or a hole is lost or invented.

    A form of a plural may leave the number out: one and two have words of their own.
    """
    told = message.string if isinstance(message.string, tuple) else (message.string,)
    asked = message.id if isinstance(message.id, tuple) else (message.id,)
    holes = {hole for text in asked for hole in HOLES.findall(str(text))}
    for form in told:
        text = str(form or "")
        if not text.strip():
            yield "is not translated"
            continue
        kept = set(HOLES.findall(text))
        if kept - holes:
            yield f"has {', '.join(sorted(kept - holes))}, which the text does not have"
        if holes - kept and not message.pluralizable:
            yield f"lacks {', '.join(sorted(holes - kept))}"


def files_of(*suffixes: str) -> Iterator[Path]:
    """The files that texts may stand in, of these suffixes."""
    for place in PLACES:
        for file in sorted((ROOT / place).rglob("*")):
            if file.suffix in suffixes and "migrations" not in file.parts and "static" not in file.parts:
                yield file


def _source(file: Path) -> io.BytesIO:
    text = file.read_text("utf-8")
    if file.suffix != ".py":
        # Of a template, what Django would show to gettext; blanks before a line would be indentation.
        text = "\n".join(line.strip() for line in templatize(text).splitlines())
    return io.BytesIO(text.encode())


def _parts(function: str, texts: object) -> tuple[str | None, str | tuple[str, str] | None]:
    """Context and text of a call; no text where it is made of no constant."""
    given = list(texts) if isinstance(texts, list | tuple) else [texts]
    context: str | None = None
    said: list[str] = []
    for place in KEYWORDS.get(function) or (1,):
        number = place[0] if isinstance(place, tuple) else int(place or 1)
        text = given[number - 1] if number <= len(given) else None
        if not isinstance(text, str) or not text:
            return None, None
        if isinstance(place, tuple):
            context = text
        else:
            said.append(text)
    return context, (said[0], said[1]) if len(said) == 2 else said[0]
