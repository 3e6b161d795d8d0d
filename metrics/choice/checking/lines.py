"""Everything that is read line by line: dependency files, configuration, container images, code of the JVM."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from metrics.choice.catalogs import Catalog

# What begins a comment to the end of the line, by the ending or the name of the file.
_HASH = re.compile(r"(?:^|\s)#.*")
_SLASHES = re.compile(r"(?:^|\s)//.*")
_BLOCK = re.compile(r"/\*.*?\*/|<!--.*?-->", re.DOTALL)
_IMPORT = re.compile(r"^\s*import\s+(?:static\s+)?([\w.]+)")
# A line that is longer is no line of people; its beginning is looked at.
MOST_LINE = 20_000


def uses(text: str, foreign: Iterable[Catalog], *, dependencies: bool) -> Iterator[tuple[int, str, str]]:
    """(line, catalog, what is used) in a file of dependencies or of configuration; each thing once a file."""
    catalogs = tuple(foreign)
    seen: set[str] = set()
    for number, line in _lines(text):
        for one in catalogs:
            for what in _found(line, one, dependencies):
                if what not in seen:
                    seen.add(what)
                    yield number, one.name, what


def jvm_uses(text: str, foreign: Iterable[Catalog]) -> Iterator[tuple[int, str, str]]:
    """(line, catalog, what is imported) in code of Java, Kotlin, Scala or Groovy."""
    for number, line in _lines(text):
        found = _IMPORT.match(line)
        for one in foreign if found else ():
            if found and any(found.group(1) == own or found.group(1).startswith(f"{own}.") for own in one.jvm):
                yield number, one.name, f"imports {found.group(1)}"


def package_of(name: str, catalog: Catalog) -> bool:
    """Whether a name of PyPI or npm is a package of the catalog."""
    plain = re.sub(r"[-_.]+", "-", name.lower())
    return any(plain.startswith(own[:-1]) if own.endswith("*") else plain == own for own in catalog.packages)


def is_setting(text: str, catalog: Catalog) -> bool:
    """Whether a text is the name of a variable or of a configuration key of the catalog."""
    settings = _patterns(catalog)[0]
    return settings is not None and len(text) < 200 and settings.fullmatch(text) is not None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines without comments, numbered from 1; a comment over several lines leaves its line ends."""
    text = _BLOCK.sub(lambda found: "\n" * found.group().count("\n"), text)
    for number, line in enumerate(text.split("\n"), 1):
        plain = _SLASHES.sub("", _HASH.sub("", line[:MOST_LINE]))
        if plain.strip():
            yield number, plain


def _found(line: str, catalog: Catalog, dependencies: bool) -> Iterator[str]:
    settings, images, packages = _patterns(catalog)
    if settings is not None:
        yield from (f"sets {found.group()}" for found in settings.finditer(line))
    if images is not None:
        yield from (f"runs the image {found.group()}" for found in images.finditer(line))
    if dependencies and packages is not None:
        yield from (f"needs {found.group().strip()}" for found in packages.finditer(line))


@lru_cache(maxsize=64)
def _patterns(catalog: Catalog) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None, re.Pattern[str] | None]:
    """What a setting, an image and a package of the catalog look like in a line."""
    settings = [re.escape(begin) + (r"[\w.-]+" if begin[-1] in "._" else r"(?![\w.-])") for begin in catalog.settings]
    images = [re.escape(begin) + r"[\w./:@-]*" for begin in catalog.images]
    packages = [_package(name) for name in catalog.packages] + [
        re.escape(name) + r"[\w.-]*(?=[:\"'<\s]|$)" for name in catalog.jvm
    ]
    return (
        re.compile(r"(?<![\w.-])(?:" + "|".join(settings) + ")") if settings else None,
        re.compile(r"(?<![\w.-])(?:" + "|".join(images) + ")") if images else None,
        re.compile(r"(?<![\w@/.-])(?:" + "|".join(packages) + r")(?![\w-])", re.IGNORECASE) if packages else None,
    )


def _package(name: str) -> str:
    """Any way to write the name: PyPI takes -, _ and . for one another."""
    ending = r"[\w.-]*" if name.endswith("*") else ""
    return re.escape(name.rstrip("*")).replace(r"\-", r"[-_.]") + ending
